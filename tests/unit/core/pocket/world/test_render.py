"""Pictures are drawn the same way from the same seed, and show what they should."""

import random

import numpy as np
import pytest
from PIL import Image

from core.pocket.world.palette import PALETTE, darker, jitter, mix
from core.pocket.world.render import place_things, render
from core.pocket.world.sampling import sample_scene
from core.pocket.world.scene import NOUNS, PLACES, Backdrop, Scene, Thing

WHITE = Backdrop("white")


def share_near(picture: Image.Image, colour: str, *, distance: int = 60) -> float:
    """Returns the share of pixels whose colour is close to one of the palette."""
    gap = np.asarray(picture, dtype=int) - np.asarray(PALETTE[colour])
    return float((np.abs(gap).sum(-1) < distance).mean())


def test_the_same_seed_draws_the_same_picture() -> None:
    """Rendering depends on the scene and the random state alone."""
    for seed in range(20):
        scene = sample_scene(random.Random(seed))
        first = render(scene, random.Random(seed)).tobytes()
        assert first == render(scene, random.Random(seed)).tobytes()
        assert first != render(scene, random.Random(seed + 1)).tobytes()


def test_every_picture_is_64_pixels_of_rgb() -> None:
    """Any scene, in any place, comes out in one size and mode."""
    for place in PLACES:
        picture = render(Scene(Backdrop(place)), random.Random(0))
        assert (picture.size, picture.mode) == ((64, 64), "RGB")


@pytest.mark.parametrize("noun", NOUNS)
def test_a_thing_has_its_colour(noun: str) -> None:
    """A thing covers a good part of a white picture with its own colour."""
    picture = render(Scene(WHITE, (Thing(noun, "purple", "big"),)), random.Random(3))
    assert share_near(picture, "purple") > 0.05


def test_no_two_nouns_look_alike() -> None:
    """The silhouettes of any two nouns differ in many pixels."""
    masks = {
        noun: np.asarray(
            render(Scene(WHITE, (Thing(noun, "black"),)), random.Random(5)).convert("L")
        )
        < 128
        for noun in NOUNS
    }
    for one in NOUNS:
        for other in NOUNS:
            if one < other:
                assert (masks[one] ^ masks[other]).sum() > 60, (one, other)


@pytest.mark.parametrize(
    "thing",
    [
        Thing("temple", "yellow", accent="roof", accent_colour="blue"),
        Thing("dog", "orange", accent="collar", accent_colour="blue"),
        Thing("star", "red", accent="ring", accent_colour="blue"),
        Thing("square", "red", pattern="striped", pattern_colour="blue"),
        Thing("square", "red", pattern="dotted", pattern_colour="blue"),
    ],
)
def test_a_second_colour_shows(thing: Thing) -> None:
    """Roofs, collars, rings, stripes and dots are really there, and gone without their word."""
    plain = Thing(thing.noun, thing.colour)
    assert share_near(render(Scene(WHITE, (thing,)), random.Random(4)), "blue") > 0.01
    assert share_near(render(Scene(WHITE, (plain,)), random.Random(4)), "blue") < 0.005


def test_a_forest_takes_its_colours() -> None:
    """Trees, ground and sky of a forest each follow their own word."""
    picture = render(Scene(Backdrop("forest", "pink", "purple", "teal")), random.Random(6))
    ground, sky = picture.crop((0, 54, 64, 64)), picture.crop((0, 0, 64, 12))
    assert share_near(ground, "purple", distance=90) > 0.6
    assert share_near(sky, "teal", distance=150) > 0.4
    assert share_near(picture, "pink", distance=110) > 0.05
    natural = render(Scene(Backdrop("forest")), random.Random(6))
    assert share_near(natural, "pink") < 0.01


@pytest.mark.parametrize(
    ("relation", "axis", "first_is_less"),
    [("left", "x", True), ("right", "x", False), ("above", "y", True), ("below", "y", False)],
)
def test_relations_hold_in_the_picture(relation: str, axis: str, first_is_less: bool) -> None:
    """The first thing of a scene stands where the relation says."""
    scene = Scene(WHITE, (Thing("cat", "red"), Thing("car", "blue")), relation)
    for seed in range(20):
        placed = {item.thing.noun: item for item in place_things(scene, random.Random(seed))}
        first, second = getattr(placed["cat"], axis), getattr(placed["car"], axis)
        assert (first < second) is first_is_less


def test_things_stay_inside_the_picture() -> None:
    """No centre lies so far out that its thing is cut in half."""
    rng = random.Random(8)
    for scene in (sample_scene(rng) for _ in range(300)):
        for item in place_things(scene, rng):
            assert 8 < item.x < 56
            assert 8 < item.y < 56


def test_colour_arithmetic_stays_in_range() -> None:
    """Jittered, mixed and darkened colours are valid ones."""
    rng = random.Random(9)
    for colour in PALETTE.values():
        for made in (jitter(colour, rng, 40), mix(colour, (255, 255, 255), 0.5), darker(colour)):
            assert all(0 <= value <= 255 for value in made)
    assert mix((0, 0, 0), (200, 100, 50), 0.5) == (100, 50, 25)
