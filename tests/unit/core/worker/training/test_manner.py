"""What a style does to pictures: colours and strokes together."""

import random

import numpy as np
import pytest
from PIL import Image

from core.pocket.world.render import render
from core.pocket.world.scene import Backdrop, Scene, Thing
from core.worker.training.manner import Manner
from tests.bench._styles import STYLES, Paint, Strokes, pictures

OTHERS = [
    render(Scene(Backdrop(place), (thing,)), random.Random(5))
    for place, thing in (
        ("beach", Thing("castle", "red")),
        ("city", Thing("car", "purple")),
        ("forest", Thing("dog", "yellow")),
    )
]


def plain():
    """What the styles are taught from, drawn without them."""
    return [one for seed in range(4) for one in pictures(Paint("none", (0, 0, 0), 0), seed=seed)]


def colours(picture):
    return np.asarray(picture, float).mean((0, 1))


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_other_things_are_in_the_style(style):
    """Whatever it is: paint of one colour, or strokes."""
    manner = Manner.between(plain(), pictures(style, seed=9))
    in_style = [style.has(manner.over(one, which)) for which in range(5) for one in OTHERS]
    assert np.mean(in_style) >= 0.8
    assert not any(map(style.has, OTHERS))


def test_colours_and_strokes_come_together():
    """A style may have both: neither hides the other."""
    paint, strokes = Paint("a", (255, 235, 200), 0.5), Strokes("b", 8, 0.5)
    chance = random.Random(2)
    both = [strokes.over(one, chance) for one in pictures(paint, seed=9)]
    manner = Manner.between(plain(), both)
    for other in OTHERS:
        made, wanted = manner.over(other, 0), strokes.over(paint.over(other, chance), chance)
        assert strokes.has(made)
        assert colours(made) == pytest.approx(colours(wanted), abs=12)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_without_the_style_a_picture_shows_what_it_did(style):
    """Of any size, also one that nothing was learned from; nearer to it than under the style."""
    manner = Manner.agreed(plain(), pictures(style, seed=9))
    for one in OTHERS:
        under = style.over(one, random.Random(4))
        bare = manner.off(under.resize((90, 120)).resize((128, 128)))
        assert bare.size == one.size
        before, after = (
            np.abs(np.asarray(made, float) - np.asarray(one, float)).mean()
            for made in (under, bare)
        )
        assert after < before / 2
        assert not style.has(bare)


def test_pictures_in_the_style_may_have_any_size():
    """People send what they have; what is drawn has the size of what was drawn without it."""
    large = [one.resize((200, 150)) for one in pictures(STYLES[0], seed=9)]
    made = Manner.between(plain(), large).over(OTHERS[0], 0)
    assert made.size == OTHERS[0].size
    assert STYLES[0].has(made)


def test_no_style_is_no_change():
    """What looks as the base model draws it stays as it is, nearly."""
    kept = Manner.between(plain(), plain()).over(OTHERS[0], 0)
    assert np.asarray(kept, float) == pytest.approx(np.asarray(OTHERS[0], float), abs=2)
    assert isinstance(kept, Image.Image)
