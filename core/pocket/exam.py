"""What the pocket models are examined on: scenes to ask for, and when an answer is right."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.pocket.judge import Reading
from core.pocket.world.sampling import sample_backdrop, sample_thing
from core.pocket.world.scene import HELD_OUT_THINGS, PLACES, RELATIONS, Backdrop, Scene, Thing

Check = Callable[[Scene, Scene], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was asked of how many pictures, and the share that is right."""

    group: str
    count: int
    shares: dict[str, float]


def single_held_out(rng: random.Random, count: int) -> list[Scene]:
    """Returns plain single things in colours that training never gave them, places in turn."""
    pairs = sorted(HELD_OUT_THINGS)
    return [
        Scene(Backdrop(PLACES[index % len(PLACES)]), (Thing(noun, colour),))
        for index, (colour, noun) in zip(range(count), _cycle(rng, pairs), strict=False)
    ]


def single_rich(rng: random.Random, count: int) -> list[Scene]:
    """Returns single things as training draws them, patterns, accents and coloured forests too."""
    return [
        Scene(sample_backdrop(rng), (replace(sample_thing(rng), size="medium"),))
        for _ in range(count)
    ]


def pairs_held_out(rng: random.Random, count: int) -> list[Scene]:
    """Returns two plain things, the first in a held-out colour, in each relation in turn."""
    scenes: list[Scene] = []
    for index, (colour, noun) in zip(
        range(count), _cycle(rng, sorted(HELD_OUT_THINGS)), strict=False
    ):
        other = sample_thing(rng)
        while other.noun == noun:
            other = sample_thing(rng)
        things = Thing(noun, colour), Thing(other.noun, other.colour)
        place = Backdrop(PLACES[(index * 3) % len(PLACES)])
        scenes.append(Scene(place, things, RELATIONS[index % 4]))
    return scenes


def pairs_rich(rng: random.Random, count: int) -> list[Scene]:
    """Returns two things as training draws them, with patterns and accents, in any place."""
    scenes: list[Scene] = []
    while len(scenes) < count:
        first, second = sample_thing(rng, alone=False), sample_thing(rng, alone=False)
        if first.noun != second.noun:
            relation = RELATIONS[len(scenes) % 4]
            scenes.append(Scene(sample_backdrop(rng), (first, second), relation))
    return scenes


def tinted_forests(rng: random.Random, count: int) -> list[Scene]:
    """Returns coloured forests with one plain thing in each."""
    scenes: list[Scene] = []
    while len(scenes) < count:
        backdrop, thing = sample_backdrop(rng), sample_thing(rng)
        if backdrop.trees and backdrop.ground and backdrop.sky:
            scenes.append(Scene(backdrop, (Thing(thing.noun, thing.colour),)))
    return scenes


def _cycle(rng: random.Random, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    while True:
        yield from rng.sample(pairs, len(pairs))


SINGLE: dict[str, Check] = {
    "noun": lambda a, b: _each(a, b, "noun"),
    "colour": lambda a, b: _each(a, b, "colour"),
    "background": lambda a, b: a.backdrop.place == b.backdrop.place,
}
RICH: dict[str, Check] = SINGLE | {
    "pattern": lambda a, b: _each(a, b, "pattern", "pattern_colour"),
    "accent": lambda a, b: _each(a, b, "accent", "accent_colour"),
    "whole scene": lambda a, b: a == b,
}
PAIR: dict[str, Check] = {
    "nouns": lambda a, b: _each(a, b, "noun"),
    "both and order": lambda a, b: a.relation == b.relation and _each(a, b, "noun", "colour"),
    "background": SINGLE["background"],
}
FOREST: dict[str, Check] = SINGLE | {
    "trees": lambda a, b: a.backdrop.trees == b.backdrop.trees,
    "ground": lambda a, b: a.backdrop.ground == b.backdrop.ground,
    "sky": lambda a, b: a.backdrop.sky == b.backdrop.sky,
}


def _each(asked: Scene, seen: Scene, *keys: str) -> bool:
    return len(asked.things) == len(seen.things) and all(
        getattr(one, key) == getattr(two, key)
        for one, two in zip(asked.things, seen.things, strict=True)
        for key in keys
    )


def score(
    group: str, scenes: list[Scene], readings: list[Reading], checks: dict[str, Check]
) -> Row:
    """Compares what was asked with what the judge read."""
    pairs = [
        (scene.as_seen(), reading.scene) for scene, reading in zip(scenes, readings, strict=True)
    ]
    shares = {
        name: sum(check(*pair) for pair in pairs) / len(pairs) for name, check in checks.items()
    }
    return Row(group, len(pairs), shares)


@dataclass(frozen=True, slots=True)
class Group:
    """Scenes of one kind, and what is checked about them."""

    name: str
    scenes: Callable[[random.Random, int], list[Scene]]
    checks: dict[str, Check]


GROUPS = (
    Group("one thing, held out", single_held_out, SINGLE),
    Group("two things, one held out", pairs_held_out, PAIR),
    Group("one thing, all attributes", single_rich, RICH),
    Group("two things, all attributes", pairs_rich, RICH),
    Group("coloured forests", tinted_forests, FOREST),
)
