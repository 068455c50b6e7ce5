"""One change in place of several, in closed form."""

import pytest
import torch

from core.worker.fusion.least_squares import Change, added_up, error, fuse

WIDTH, OUT = 24, 10


def change(seed, *, rank=2, inputs=None, weight=1.0):
    """A random change, with inputs (rows, in) that are drawn from few directions."""
    random = torch.Generator().manual_seed(seed)
    if inputs is None:
        inputs = torch.randn(200, 6, generator=random) @ torch.randn(6, WIDTH, generator=random)
    down = torch.randn(rank, WIDTH, generator=random)
    up = torch.randn(OUT, rank, generator=random) * weight
    return Change(down, up, inputs.T @ inputs), inputs


def matrix(of):
    return of.up @ of.down


def share(fused, one):
    off, whole = error(fused, one)
    return off / whole


def test_concepts_that_read_other_directions_are_kept_whole():
    """Twelve of 24 directions are read: each has its own outputs, and the sum has not."""
    pairs = [change(1), change(2)]
    fused = fuse([one for one, _ in pairs], rank_max=8)
    assert fused.down.shape == (4, WIDTH)
    for one, inputs in pairs:
        wanted = inputs @ matrix(one).T
        assert (inputs @ matrix(fused).T - wanted).norm() < 0.06 * wanted.norm()
        assert share(fused, one) < 4e-3
        assert share(added_up([one for one, _ in pairs]), one) > 0.3


def test_it_is_the_least_squares_solution():
    """As solved over all rows at once, where there are more of them than directions."""
    random = torch.Generator().manual_seed(5)
    pairs = [change(seed, inputs=torch.randn(300, WIDTH, generator=random)) for seed in (1, 2, 3)]
    rows = torch.cat([inputs for _, inputs in pairs])
    wanted = torch.cat([inputs @ matrix(one).T for one, inputs in pairs])
    best = torch.linalg.lstsq(rows, wanted).solution.T
    fused = matrix(fuse([one for one, _ in pairs], rank_max=8))
    assert (fused - best).norm() < 5e-3 * best.norm()


def test_a_concept_alone_stays_as_it_is():
    """Where its layer reads every direction."""
    one, _ = change(3, inputs=torch.randn(300, WIDTH, generator=torch.Generator().manual_seed(1)))
    assert torch.allclose(matrix(fuse([one], rank_max=2)), matrix(one), atol=0.05)


def test_a_concept_that_leaves_the_layer_alone_counts():
    """On its inputs the layer is to do nothing."""
    one, _ = change(1)
    other, inputs = change(2)
    silent = Change(one.down[:0], one.up[:, :0], other.gram)
    fused = fuse([one, silent], rank_max=8)
    assert fused.down.shape[0] == 2
    assert (inputs @ matrix(fused).T).norm() < 0.1 * (inputs @ matrix(one).T).norm()


def test_rank_is_bounded_and_the_bound_costs_least():
    """A smaller rank is worse than a larger one, and better than cutting the factors."""
    ones = [change(seed, rank=4)[0] for seed in (1, 2)]
    whole, short = fuse(ones, rank_max=8), fuse(ones, rank_max=5)
    assert (short.down.shape, short.up.shape) == ((5, WIDTH), (OUT, 5))
    cut = type(short)(whole.down[:5], whole.up[:, :5])
    total = [sum(error(fused, one)[0] for one in ones) for fused in (whole, short, cut)]
    assert total[0] < total[1] < total[2]
    assert torch.allclose(matrix(fuse(ones, rank_max=8)), matrix(whole))


@pytest.mark.parametrize("gram", [torch.zeros(WIDTH, WIDTH), torch.full((WIDTH, WIDTH), 1e-9)])
def test_a_layer_that_read_nothing_breaks_nothing(gram):
    """All that comes out is finite."""
    one, _ = change(1)
    fused = fuse([Change(one.down, one.up, gram)], rank_max=1)
    assert torch.isfinite(matrix(fused)).all()
