"""What the embedded CLIP says of drawn pictures, as they are and in a style."""

import random

import pytest
import torch
from PIL import Image

from core.pocket.world.captions import PLACE_NAMES, PLACE_PHRASES
from core.pocket.world.render import render
from core.pocket.world.scene import NOUNS, THING_COLOURS, Backdrop, Scene, Thing
from core.worker.evaluation.encoder import Scorer
from core.worker.families import FAMILIES, Sights
from core.worker.interrogator import Interrogator, said_of

SHOWN = {
    "a red house on a white background": Scene(Backdrop("white"), (Thing("house", "red"),)),
    "an orange cat in a forest": Scene(Backdrop("forest"), (Thing("cat", "orange"),)),
    "a pink flower in the mountains": Scene(Backdrop("mountains"), (Thing("flower", "pink"),)),
    "a beach": Scene(Backdrop("beach")),
}


@pytest.fixture(scope="module")
def interrogator():
    return Interrogator(Scorer("pocket", device=torch.device("cpu")), FAMILIES["pocket"].sights)


def pictures():
    chance = random.Random(3)
    return [render(scene, chance) for scene in SHOWN.values()]


def test_says_what_is_where_in_which_colour(interrogator):
    """A thing with its colour and its place, or a place alone; in order."""
    assert list(interrogator.describe(pictures())) == list(SHOWN)


def test_a_style_is_looked_through(interrogator):
    """Pictures whose colours are all half washed out show what they showed."""
    paper = Image.new("RGB", (64, 64), (255, 235, 200))
    washed = [Image.blend(picture, paper, 0.5) for picture in pictures()]
    assert list(interrogator.describe(washed)) == list(SHOWN)


def test_one_picture_after_the_other(interrogator):
    """What the first shows is told before the second is looked at."""
    shown = (picture for picture in [*pictures()[:1], None])
    assert next(interrogator.describe(shown)) == "a red house on a white background"


def test_everything_that_can_be_said():
    """Places alone, then every thing in every colour everywhere, in English."""
    sights = Sights(("owl", "car"), ("red", "orange"), ("{} at night", "{} by day"), ("a street",))
    assert said_of(sights) == (
        "a street",
        "a red owl at night", "a red car at night", "an orange owl at night",
        "an orange car at night",
        "a red owl by day", "a red car by day", "an orange owl by day", "an orange car by day",
    )  # fmt: skip


def test_the_embedded_model_knows_words_for_its_world():
    """Every thing and place that it was trained on, and no other family pretends to."""
    sights = FAMILIES["pocket"].sights
    assert (set(sights.things), set(sights.colours)) == (set(NOUNS), set(THING_COLOURS))
    assert set(sights.where) == {f"{{}} {said}" for said, *_ in PLACE_PHRASES.values()}
    assert set(sights.places) == set(PLACE_NAMES.values()) - {PLACE_NAMES["white"]}
    assert [name for name, family in FAMILIES.items() if family.sights] == ["pocket"]
