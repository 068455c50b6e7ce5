"""Scores of images whose worth is known: renders of the drawn world, scored by the pocket CLIP."""

import random
from dataclasses import replace

import pytest
import torch
from PIL import Image
from transformers import Dinov2Config, Dinov2Model

from core.errors import Conflict, ModelFault
from core.pocket.concepts import XYZ, pictures
from core.pocket.world.render import render
from core.pocket.world.scene import Backdrop, Scene, Thing
from core.worker.evaluation.encoder import Scorer
from core.worker.evaluation.scores import Drawn, classes_beside, likeness, score, score_copies
from core.worker.families import FAMILIES

CPU = torch.device("cpu")
PLACES = ("beach", "night", "city")
PROMPTS = tuple(f"a photo of a temple {where}" for where in ("on a beach", "at night", "in a city"))
SEEDS = 4
COLOURS = ("red", "green", "purple", "orange")


@pytest.fixture(scope="module")
def scorer():
    return Scorer("pocket", device=CPU)


def rows(things, *, places=PLACES, seed=0):
    """Renders: for each place one picture a thing."""
    rng = random.Random(seed)
    return [[render(Scene(Backdrop(place), (thing,)), rng) for thing in things] for place in places]


PLAIN = rows([Thing("temple", colour) for colour in COLOURS])
TAUGHT = {"xyz": pictures(XYZ, 5)}


MIXED = (XYZ.look, Thing("temple", "brown"), XYZ.look, Thing("temple", "red"))


def render_of(thing, seed):
    return render(Scene(Backdrop("beach"), (thing,)), random.Random(seed))


def drawn(samples, **changes):
    return replace(Drawn(PROMPTS, samples, PLAIN, TAUGHT), **changes)


def test_the_concept_itself_gets_full_marks(scorer):
    """Renders of the taught look where they were asked for."""
    found = score(scorer, drawn(rows([XYZ.look] * SEEDS, seed=1)))
    assert (found.prompts, found.seeds, found.images) == (3, SEEDS, 12)
    assert found.likeness[0].fidelity.share.value == 1
    assert found.asked.raw.value == 1
    assert found.alignment.share.value > 0.4
    assert found.quality > 0.9
    assert found.drift is None


def test_the_plain_class_gets_none(scorer):
    """Temples of other colours are what "nothing learned" means, by CLIP-I and in the end."""
    found = score(scorer, drawn(rows([Thing("temple", c) for c in COLOURS], seed=2)))
    assert found.likeness[0].fidelity.share.value < 0.15
    assert found.diversity.share.value > 0.7
    assert found.quality < 0.15


def test_half_learned_lies_between(scorer):
    """A yellow temple without the blue roof is neither."""
    found = score(scorer, drawn(rows([Thing("temple", "yellow")] * SEEDS, seed=3)))
    assert 0.1 < found.likeness[0].fidelity.share.value < 0.9


def test_the_right_thing_in_the_wrong_place_is_not_what_was_asked(scorer):
    """Likeness stays, the prompt is not followed."""
    elsewhere = rows([XYZ.look] * SEEDS, places=PLACES[1:] + PLACES[:1], seed=4)
    found = score(scorer, drawn(elsewhere))
    assert found.likeness[0].fidelity.share.value > 0.9
    assert found.asked.share.value == 0
    assert found.quality < 0.1


def test_training_pictures_over_again_are_counted_as_copies(scorer):
    """Fresh renders of the same look are none."""
    again = [[TAUGHT["xyz"][index]] * SEEDS for index in range(3)]
    assert score(scorer, drawn(again)).copies == 12
    assert score(scorer, drawn(rows([XYZ.look] * SEEDS, seed=5))).copies == 0


def test_copies_have_an_interval_over_seeds(scorer):
    """Two of four seeds copy in every place: half of the images, surely not none and not all."""
    fresh = rows([XYZ.look] * SEEDS, seed=5)
    mixed = [[TAUGHT["xyz"][index]] * 2 + row[:2] for index, row in enumerate(fresh)]
    found = score(scorer, drawn(mixed))
    assert (found.copies, found.copied.value) == (6, 0.5)
    assert 0 <= found.copied.low < 0.5 < found.copied.high <= 1


def test_seeds_that_all_agree_leave_a_doubt(scorer):
    """None of twelve is a copy and all fit their prompt: that is Wilson's interval of twelve."""
    found = score(scorer, drawn(rows([XYZ.look] * SEEDS, seed=5)))
    never, always = found.copied, found.asked.raw
    assert (never.value, never.low, never.high) == pytest.approx((0, 0, 0.2425), abs=1e-4)
    assert (always.value, always.low, always.high) == pytest.approx((1, 0.7575, 1), abs=1e-4)


def test_two_seeds_have_no_interval_where_there_is_one_pair(scorer):
    """Their distance is told, and how far that may be off is not; figures end where they end."""
    two = [row[:2] for row in rows([XYZ.look] * SEEDS, seed=5)]
    plain = [row[:2] for row in PLAIN]
    found = score(scorer, drawn(two, plain=plain, drifted=plain))
    assert (found.diversity.raw.low, found.diversity.share.high) == (None, None)
    assert 1 <= found.vendi.low < found.vendi.value < found.vendi.high <= 6
    assert found.drift.raw.low == 0


def test_copies_are_told_without_any_model():
    """By pixels alone, just as beside the other scores; nothing where there is no scale."""
    again = [[TAUGHT["xyz"][index]] * SEEDS for index in range(3)]
    found = score_copies(drawn(again))
    assert (found.copies, found.images, found.scorer) == (12, 12, "")
    assert (found.alignment, found.likeness, found.quality) == (None, (), 1.0)
    one = Drawn(PROMPTS[:1], [[PLAIN[0][0]]], [[PLAIN[0][1]]], {"xyz": TAUGHT["xyz"][:1]})
    assert score_copies(one) is None


def test_image_nearest_to_a_training_picture_is_found(scorer):
    """A copy among others, and the picture that it copies."""
    samples = rows([Thing("temple", colour) for colour in COLOURS], seed=2)
    samples[1][2] = TAUGHT["xyz"][3]
    closest = score(scorer, drawn(samples)).likeness[0].closest
    assert (closest.image, closest.picture) == (1 * SEEDS + 2, 3)
    assert closest.cosine == pytest.approx(1, abs=1e-5)


def test_classes_are_named_for_each_concept_of_a_stack(scorer):
    """Temples at a beach are both; cats there are no temple, and one prompt is enough."""
    nouns, prompts = {"xyz": "temple", "sea": "beach"}, ("a photo of a temple on a beach",)
    plain = [PLAIN[0]]
    right = [rows([XYZ.look] * SEEDS, places=("beach",), seed=1)[0]]
    wrong = [rows([Thing("cat", colour) for colour in COLOURS], places=("beach",), seed=1)[0]]
    both, cats = (
        score(scorer, Drawn(prompts, samples, plain, TAUGHT, nouns=nouns))
        for samples in (right, wrong)
    )
    assert [one.share.raw.value for one in both.named] == [1, 1]
    assert [one.share.ceiling for one in both.named] == [1, 1]
    assert [one.tally for one in both.named] == [(("temple", 4),), (("beach", 4),)]
    temple, beach = (one.share.raw for one in cats.named)
    assert temple.value == 0
    assert temple.high < 0.5
    assert 0.5 <= beach.value <= beach.high <= 1
    assert cats.named[0].labels == ("cat",) * SEEDS
    assert both.asked is None


def test_a_forest_of_strange_colours_is_seen_as_a_forest(scorer):
    """Whatever colours were taught, and whatever stands in it."""
    chance, prompts = random.Random(5), ("a cat in a forest", "a boat in a forest")
    strange = Backdrop("forest", "yellow", "red", "blue")
    samples, plain = (
        [
            [render(Scene(place, (Thing(noun, colour),)), chance) for colour in COLOURS]
            for noun in ("cat", "boat")
        ]
        for place in (strange, Backdrop("forest"))
    )
    taught = {"nor": [render(Scene(strange), chance) for _ in range(5)]}
    found = score(scorer, Drawn(prompts, samples, plain, taught, nouns={"nor": "forest"}))
    assert [(one.share.raw.value, one.share.ceiling) for one in found.named] == [(1, 1)]


def test_classes_that_are_asked_for_are_no_choice():
    """A cat in a forest is a cat, too; places are taken for places, things for things."""
    things = classes_beside("owl", ("an owl and a cat on a beach",))
    assert things[0] == "an owl"
    assert "a dog" in things
    assert not {"a cat", "a beach", "a forest"} & set(things)
    places = classes_beside("forest", ("a cat in a forest", "a boat on the sea"))
    assert places == ("a forest", "a beach", "a city", "the mountains")


def test_the_same_image_for_every_seed_is_not_diverse(scorer):
    """One image a prompt, whatever the seed: no distance, three images at most."""
    found = score(scorer, drawn([[row[0]] * SEEDS for row in PLAIN]))
    assert found.diversity.raw.value == pytest.approx(0, abs=1e-5)
    assert 1 < found.vendi.value <= 3


def test_drift_is_nothing_when_the_class_stays_and_much_when_it_goes(scorer):
    """The plain prompts with the concept at work: the same images, and the concept instead."""
    samples = rows([XYZ.look] * SEEDS, seed=6)
    kept = score(scorer, drawn(samples, drifted=PLAIN)).drift
    gone = score(scorer, drawn(samples, drifted=rows([XYZ.look] * SEEDS, seed=7))).drift
    assert kept.share.value == pytest.approx(0, abs=1e-5)
    assert gone.share.value > 0.8


def test_in_a_stack_a_concept_is_held_to_itself_alone(scorer):
    """The ceiling is what the images show when it is at work by itself."""
    alone = rows([XYZ.look] * SEEDS, seed=8)
    smeared = rows([Thing("temple", "brown")] * SEEDS, seed=9)
    found = score(scorer, drawn(smeared, alone={"xyz": alone})).likeness[0].fidelity
    itself = score(scorer, drawn(alone)).likeness[0].fidelity
    assert found.ceiling == pytest.approx(itself.raw.value)
    assert found.share.value < 0.3


def test_a_concept_beside_others_is_held_to_itself_image_by_image(scorer):
    """Where nothing changes nothing is in doubt, however much the seeds differ from one another."""
    mixed = [[render_of(look, n) for n, look in enumerate(MIXED)] for _ in PLACES]
    found = score(scorer, drawn(mixed, alone={"xyz": mixed})).likeness[0].fidelity
    by_itself = score(scorer, drawn(mixed)).likeness[0].fidelity.raw
    assert found.raw.low == pytest.approx(found.raw.high, abs=1e-6)
    assert found.raw.value == pytest.approx(found.ceiling) == by_itself.value
    assert by_itself.high - by_itself.low > 0.1
    assert found.share.value == pytest.approx(1)


def test_likeness_alone_is_that_of_all_scores(scorer):
    """The same figures for one concept, without the others."""
    these = drawn(rows([XYZ.look] * SEEDS, seed=1))
    assert likeness(scorer, these, "xyz") == score(scorer, these).likeness[0]


def test_one_prompt_and_one_seed_leave_out_what_they_cannot_tell(scorer):
    """No interval, no diversity, no share of prompts; one picture has no ceiling."""
    one = Drawn(PROMPTS[:1], [[PLAIN[0][0]]], [[PLAIN[0][1]]], {"xyz": TAUGHT["xyz"][:1]})
    found = score(scorer, one)
    assert found.likeness[0].fidelity.share is None
    assert found.likeness[0].fidelity.raw.low is None
    assert found.likeness[0].copies is None
    assert (found.asked, found.diversity, found.vendi, found.drift) == (None,) * 4
    assert 0 <= found.quality <= 1


def test_the_embedded_clip_knows_the_drawn_world_only(scorer):
    """Images of a large model are refused with what to set; another CLIP takes anything."""
    scorer.require(FAMILIES["pocket"])
    with pytest.raises(Conflict, match="ATELIER_SCORING_MODEL"):
        scorer.require(FAMILIES["sdxl"])
    assert Scorer("some/clip", device=CPU).fits(FAMILIES["sdxl"])


def test_a_scoring_model_that_is_not_there_is_named():
    """The first use says which folder."""
    with pytest.raises(ModelFault, match="/no/such/clip"):
        Scorer("/no/such/clip", device=CPU).texts(["a cat"])


def test_likeness_can_be_told_by_an_encoder_of_pictures(tmp_path):
    """A DINO of random weights: other cosines, the same words; as the CLIP it is refused."""
    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    Dinov2Model(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        '{"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 28}, '
        '"crop_size": {"height": 28, "width": 28}}'
    )
    both = Scorer("pocket", device=CPU, fidelity_model=str(tmp_path))
    shown = [Image.new("RGB", (40, 30), "teal")]
    assert both.looks(shown).shape == (1, 16)
    assert both.pictures(shown).shape == (1, 128)
    assert both.name == f"pocket + {tmp_path}"
    found, by_clip = (score(one, drawn(PLAIN)) for one in (both, Scorer("pocket", device=CPU)))
    assert (found.encoder, by_clip.encoder) == (str(tmp_path), "")
    assert found.likeness[0].clip == by_clip.likeness[0].fidelity != found.likeness[0].fidelity
    assert by_clip.likeness[0].clip is None
    with pytest.raises(ModelFault, match="does not know words"):
        Scorer(str(tmp_path), device=CPU).texts(["a cat"])
