"""Random scenes: the training sampler never draws a held-out combination, the judge's may."""

import random
from collections.abc import Callable
from typing import TypeVar

from core.pocket.world.palette import ACCENT_COLOURS, THING_COLOURS
from core.pocket.world.scene import (
    COLLARED,
    NOUNS,
    PLACES,
    RELATIONS,
    RINGED,
    ROOFED,
    Backdrop,
    Scene,
    Thing,
    backdrop_held_out,
    thing_held_out,
)

Value = TypeVar("Value")

_MANY_PARTS = ("house", "temple", "cat", "boat", "car", "castle", "bird", "dog")
# These take longest to learn: a mast, a tower or a face is a few pixels.
_OFTEN = tuple(2 if noun in _MANY_PARTS else 1 for noun in NOUNS)


def sample_scene(rng: random.Random, *, held_out: bool = False) -> Scene:
    """Draws a scene; with `held_out` the combinations kept from training may occur too."""
    backdrop = sample_backdrop(rng, held_out=held_out)
    count = rng.choices((0, 1, 2), (0.06, 0.38, 0.56))[0]
    if count == 0 and backdrop.place != "white":
        return Scene(backdrop)
    first = sample_thing(rng, held_out=held_out, alone=count < 2)
    if count < 2:
        return Scene(backdrop, (first,))
    second = _until(
        lambda: sample_thing(rng, held_out=held_out, alone=False),
        lambda thing: thing.noun != first.noun,
    )
    return Scene(backdrop, (first, second), rng.choice(RELATIONS))


def sample_thing(rng: random.Random, *, held_out: bool = False, alone: bool = True) -> Thing:
    """Draws a thing, one of many parts twice as often; only one that stands `alone` has sizes."""
    return _until(
        lambda: _any_thing(rng, alone=alone), lambda thing: held_out or not thing_held_out(thing)
    )


def sample_backdrop(rng: random.Random, *, held_out: bool = False) -> Backdrop:
    """Draws a place; a forest, the commonest, is coloured two times in three."""
    return _until(
        lambda: _any_backdrop(rng),
        lambda backdrop: held_out or not backdrop_held_out(backdrop),
    )


def _any_thing(rng: random.Random, *, alone: bool) -> Thing:
    noun, colour = rng.choices(NOUNS, _OFTEN)[0], rng.choice(THING_COLOURS)
    size = rng.choices(("medium", "small", "big"), (0.74, 0.13, 0.13))[0] if alone else "medium"
    pattern, pattern_colour = "plain", None
    if rng.random() < 0.45:
        pattern = rng.choice(("striped", "dotted"))
        white = colour != "white" and rng.random() < 0.35
        pattern_colour = "white" if white else _other_colour(rng, colour)
    accent, accent_colour = "none", None
    if rng.random() < _accent_chance(noun):
        accent, accent_colour = accent_of(noun), _other_colour(rng, colour)
    return Thing(noun, colour, size, pattern, pattern_colour, accent, accent_colour)


def accent_of(noun: str) -> str:
    """Returns the kind of accent that a noun can wear, or "none"."""
    for accent, nouns in (("roof", ROOFED), ("collar", COLLARED), ("ring", RINGED)):
        if noun in nouns:
            return accent
    return "none"


def _accent_chance(noun: str) -> float:
    return {"roof": 0.55, "collar": 0.5, "ring": 0.33, "none": 0.0}[accent_of(noun)]


def _any_backdrop(rng: random.Random) -> Backdrop:
    place = rng.choices(PLACES, (2, 5, 2, 2, 2, 2, 2))[0]
    if place != "forest" or rng.random() < 0.33:
        return Backdrop(place)
    natural = [colour for colour in THING_COLOURS if colour != "green"]
    trees = rng.choice(natural)
    ground = rng.choice(natural) if rng.random() < 0.6 else None
    sky = rng.choice(THING_COLOURS) if rng.random() < 0.45 else None
    return Backdrop(place, trees, ground, sky)


def _other_colour(rng: random.Random, colour: str) -> str:
    return rng.choice([other for other in ACCENT_COLOURS if other != colour])


def _until(draw: Callable[[], Value], accept: Callable[[Value], bool]) -> Value:
    while not accept(value := draw()):
        pass
    return value
