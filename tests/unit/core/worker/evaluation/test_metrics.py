"""The figures, on features whose right answers are known."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.worker.evaluation import metrics
from core.worker.evaluation.metrics import interval, mean_of, unit

X, Y = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])


def ring(*degrees: float) -> torch.Tensor:
    """Unit rows at these angles."""
    turns = torch.tensor(degrees).deg2rad()
    return torch.stack([turns.cos(), turns.sin()], dim=1)


def rows_of(*shape: int) -> torch.Tensor:
    return torch.arange(math.prod(shape)).view(shape)


def pictures(count: int, seed: int) -> torch.Tensor:
    """Coarse coloured noise, (count, 3, 64, 64) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand((count, 3, 8, 8), generator=generator)
    return torch.nn.functional.interpolate(coarse, size=64)


def test_unit_rows_have_length_one_in_full_precision():
    """Whatever precision and length the model gave."""
    rows = unit(torch.tensor([[3.0, 4.0], [0.1, 0.0]], dtype=torch.bfloat16))
    assert rows.dtype == torch.float32
    assert rows.norm(dim=1).tolist() == pytest.approx([1, 1], abs=1e-6)


def test_fidelity_is_the_mean_cosine_and_nearest_the_largest():
    """One image between two pictures, one on top of the first."""
    samples, taught = ring(30, 0), ring(0, 60)
    assert metrics.fidelity(samples, taught).tolist() == pytest.approx([math.sqrt(3) / 2, 0.75])
    assert metrics.nearest(samples, taught).tolist() == pytest.approx([math.sqrt(3) / 2, 1])


def test_pictures_are_compared_with_one_another_and_not_with_themselves():
    """Cosines of 60, 60 and 120 degrees; one picture alone has nothing to be compared with."""
    assert metrics.among(ring(0, 60, 120)) == pytest.approx((0.5 + 0.5 - 0.5) / 3, abs=1e-6)
    assert metrics.among(ring(0)) is None


def test_alignment_is_each_image_with_its_own_text():
    """Row by row, not all with all."""
    assert metrics.alignment(ring(0, 90), ring(60, 90)).tolist() == pytest.approx([0.5, 1])


def test_own_text_first_tells_who_is_nearest_to_their_own_text():
    """The second image is nearer to the first text; equal texts share."""
    own = torch.tensor([0, 1])
    assert metrics.own_text_first(ring(0, 10), ring(0, 90), own).tolist() == [1, 0]
    assert metrics.own_text_first(ring(0, 90), ring(0, 0), own).tolist() == [0.5, 0.5]


def test_distance_counts_pairs_of_one_prompt_only():
    """Two prompts with two images each: 60 and 90 degrees apart."""
    features, group = ring(0, 60, 0, 90), torch.tensor([0, 0, 1, 1])
    found = metrics.pairwise_distance(features, group)(rows_of(4))
    assert float(found) == pytest.approx((0.5 + 1.0) / 2, abs=1e-6)


def test_an_image_is_no_pair_with_itself():
    """The distance of two images is theirs; of one in each prompt there is none to tell."""
    statistic = metrics.pairwise_distance(ring(0, 60, 90), torch.tensor([0, 0, 1]))
    assert float(statistic(torch.tensor([0, 1, 2]))) == pytest.approx(0.5, abs=1e-6)
    assert math.isnan(float(statistic(torch.tensor([0, 2]))))


@given(st.integers(1, 8))
def test_vendi_counts_wholly_different_images(count: int):
    """As many as there are, and one when all are the same."""
    assert float(metrics.vendi(torch.eye(count))(rows_of(count))) == pytest.approx(count, rel=1e-4)
    same = X.expand(count, 2)
    assert float(metrics.vendi(same)(rows_of(count))) == pytest.approx(1, rel=1e-4)


def test_vendi_of_images_in_between_is_the_papers_formula():
    """Two images at 60 degrees: eigenvalues 3/4 and 1/4."""
    expected = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert float(metrics.vendi(ring(0, 60))(rows_of(2))) == pytest.approx(expected, rel=1e-5)


def test_statistics_take_many_draws_at_once():
    """Each row of a table of draws gets the figure that it gets alone."""
    features, group = (
        unit(torch.randn(6, 4, generator=torch.Generator().manual_seed(1))),
        rows_of(6),
    )
    draws = torch.tensor([[0, 1, 2], [3, 3, 5], [1, 4, 2]])
    for statistic in (
        metrics.vendi(features),
        metrics.pairwise_distance(features, group // 3),
        mean_of(features[:, 0]),
    ):
        alone = [float(statistic(draw)) for draw in draws]
        assert statistic(draws).tolist() == pytest.approx(alone, abs=1e-6)


def test_the_nearest_text_is_named():
    """By its place among the texts."""
    assert metrics.nearest_text(ring(10, 80, 50), ring(0, 90, 45)) == [0, 1, 2]


def test_a_copy_is_told_from_another_picture_of_the_same():
    """The picture itself, with noise, brighter, or mirrored is one; another picture is none."""
    taught = pictures(5, seed=1)
    noise = torch.randn(taught.shape, generator=torch.Generator().manual_seed(2)) * 0.1
    for copy in (taught, taught + noise, taught * 0.97 + 0.02, taught.flip(-1)):
        assert metrics.copied(copy, taught).tolist() == [True] * 5
    assert metrics.copied(pictures(5, seed=3), taught).tolist() == [False] * 5


def test_pictures_that_lie_near_one_another_bear_images_nearer_to_them():
    """The same image is a copy among unlike pictures, and one more of a kind among like ones."""
    base = pictures(1, seed=1)
    kin = base + 0.2 * (pictures(4, seed=4) - 0.5)
    image = base + 0.2 * (pictures(1, seed=5) - 0.5)
    assert metrics.copied(image, torch.cat([base, pictures(4, seed=6)])).tolist() == [True]
    assert metrics.copied(image, torch.cat([base, kin])).tolist() == [False]


def test_one_picture_is_held_to_others_or_to_nothing():
    """Images of the plain class say how far apart pictures usually lie."""
    taught, plain = pictures(1, seed=1), pictures(4, seed=7)
    assert metrics.copied(taught, taught) is None
    assert metrics.copied(taught, taught, plain).tolist() == [True]
    assert metrics.copied(plain, taught, plain).tolist() == [False] * 4


def test_one_seed_has_no_interval_and_pairs_take_three():
    """Nothing is said of other seeds from one, nor of distances from the one pair of two."""
    values, pairs = torch.tensor([0.1, 0.9, 0.4, 0.5]), metrics.pairwise_distance
    assert interval(mean_of(values), rows_of(1, 4)) is None
    assert interval(pairs(ring(0, 60), rows_of(2) // 2), rows_of(2, 1)) is None
    low, high = interval(pairs(ring(0, 60, 90), rows_of(3) // 3), rows_of(3, 1))
    assert low < float(pairs(ring(0, 60, 90), rows_of(3) // 3)(rows_of(3))) < high


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.706), (3, 3.182), (8, 2.306), (31, 2.040)]
)
def test_quantiles_of_student_are_the_tables(freedom: int, expected: float):
    """Those that are noted, and those that are worked out."""
    assert metrics.student_95(freedom) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("seeds", [2, 4, 9, 200])
def test_the_interval_of_a_mean_is_the_textbooks(seeds: int):
    """The mean ± t standard errors."""
    values = torch.randn(seeds, generator=torch.Generator().manual_seed(3))
    low, high = interval(mean_of(values), rows_of(seeds, 1))
    half = metrics.student_95(seeds - 1) * float(values.std()) / math.sqrt(seeds)
    assert (low + high) / 2 == pytest.approx(float(values.mean()), abs=1e-5)
    assert (high - low) / 2 == pytest.approx(half, rel=1e-4)


def test_images_of_one_seed_count_together():
    """Four prompts whose images are the same for a seed tell no more than one prompt."""
    values = torch.randn(20, generator=torch.Generator().manual_seed(4))
    alone = interval(mean_of(values), rows_of(20, 1))
    repeated = interval(mean_of(values.repeat(4)), rows_of(4, 20).T)
    assert repeated == pytest.approx(alone, abs=1e-6)


PROMPTS, DRAWS = 4, 500
COVERED = 0.92
"""Of 500 draws: the 0.95 that is promised, less three standard errors."""
FIGURES = [("mean", 2), ("mean", 4), ("distance", 4), ("vendi", 4), ("vendi", 8)]


@pytest.mark.parametrize(("figure", "seeds"), FIGURES)
def test_few_seeds_hold_the_truth_as_often_as_they_say(figure: str, seeds: int):
    """Over 500 fresh draws of four prompts; images of one seed resemble one another."""
    generator = torch.Generator().manual_seed(7)
    prompt, by_seed = rows_of(PROMPTS * seeds) // seeds, rows_of(PROMPTS, seeds).T
    held, values = [], []
    for _ in range(DRAWS):
        common = torch.randn((1, seeds, 3), generator=generator)
        own = torch.randn((PROMPTS, seeds, 3), generator=generator)
        features = unit((0.5 * common + own + torch.tensor([2.0, 0, 0])).flatten(0, 1))
        statistic = {
            "mean": mean_of(features[:, 1]),
            "distance": metrics.pairwise_distance(features, prompt),
            "vendi": metrics.vendi(features),
        }[figure]
        values.append(float(statistic(by_seed.flatten())))
        held.append(interval(statistic, by_seed))
    truth = sum(values) / DRAWS
    assert sum(low <= truth <= high for low, high in held) / DRAWS >= COVERED
