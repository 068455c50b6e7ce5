"""What a picture of the world shows, as frozen values, and which combinations are held out."""

from dataclasses import dataclass, replace

from core.pocket.world.palette import THING_COLOURS

NOUNS = (
    "circle", "square", "triangle", "star", "heart", "house", "tree", "temple", "cat",
    "flower", "moon", "fish", "boat", "car", "castle", "bird", "dog", "sun",
)  # fmt: skip
PATTERNS = ("plain", "striped", "dotted")
ACCENTS = ("none", "roof", "collar", "ring")
ROOFED = ("house", "temple", "castle")
COLLARED = ("cat", "dog")
RINGED = ("circle", "square", "triangle", "star", "heart", "flower", "moon", "fish", "sun")
PLACES = ("white", "forest", "beach", "night", "mountains", "city", "sea")
SIZES = ("medium", "small", "big")
RELATIONS = ("left", "right", "above", "below")
INVERSE = {"left": "right", "right": "left", "above": "below", "below": "above"}


@dataclass(frozen=True, slots=True)
class Thing:
    """One drawn object; its pattern and its accent have colours of their own."""

    noun: str
    colour: str
    size: str = "medium"
    pattern: str = "plain"
    pattern_colour: str | None = None
    accent: str = "none"
    accent_colour: str | None = None

    def as_seen(self) -> "Thing":
        """Returns the look without its size, and with its two stripe colours in a fixed order.

        Stripes are as wide as their gaps, so a picture does not say which of them lies on top.
        """
        thing = replace(self, size="medium")
        if self.pattern != "striped" or self.pattern_colour not in THING_COLOURS:
            return thing
        first, second = sorted((self.colour, self.pattern_colour))
        return replace(thing, colour=first, pattern_colour=second)


@dataclass(frozen=True, slots=True)
class Backdrop:
    """Where a scene is; only a forest has colours, and None leaves it its natural ones."""

    place: str
    trees: str | None = None
    ground: str | None = None
    sky: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A backdrop with no thing, one, or two; the first stands `relation` the second."""

    backdrop: Backdrop
    things: tuple[Thing, ...] = ()
    relation: str | None = None

    def in_reading_order(self) -> "Scene":
        """Returns the same picture told from its left (or upper) thing on."""
        if self.relation not in ("right", "below"):
            return self
        return replace(self, things=self.things[::-1], relation=INVERSE[self.relation])

    def as_seen(self) -> "Scene":
        """Returns the scene in reading order with only what a picture of it can tell."""
        scene = self.in_reading_order()
        return replace(scene, things=tuple(thing.as_seen() for thing in scene.things))


HELD_OUT_THINGS = frozenset(
    {
        ("red", "triangle"), ("yellow", "circle"), ("blue", "moon"), ("pink", "cat"),
        ("red", "tree"), ("yellow", "heart"), ("blue", "triangle"), ("pink", "circle"),
        ("red", "moon"), ("yellow", "cat"), ("blue", "tree"), ("pink", "heart"),
        ("red", "star"), ("purple", "house"), ("blue", "cat"), ("pink", "tree"),
        ("green", "boat"), ("purple", "car"), ("orange", "castle"), ("brown", "sun"),
        ("blue", "bird"), ("yellow", "dog"), ("teal", "star"), ("teal", "house"),
    }
)  # fmt: skip
"""Colours and nouns that no training picture or caption puts together."""

HELD_OUT_PAIRS = frozenset(
    {
        ("yellow", "blue"), ("yellow", "red"), ("pink", "purple"), ("pink", "teal"),
        ("teal", "orange"), ("teal", "pink"), ("orange", "blue"), ("green", "red"),
        ("purple", "teal"), ("purple", "yellow"),
    }
)  # fmt: skip
"""Second colours (pattern, accent, ground, sky) that never go with that first colour."""


def is_held_out(scene: Scene) -> bool:
    """Says whether a scene holds a combination that training must never show."""
    return backdrop_held_out(scene.backdrop) or any(map(thing_held_out, scene.things))


def thing_held_out(thing: Thing) -> bool:
    """Says whether a thing is a held-out colour and noun, or pair of colours."""
    pairs = {(thing.colour, thing.pattern_colour), (thing.colour, thing.accent_colour)}
    return (thing.colour, thing.noun) in HELD_OUT_THINGS or bool(pairs & HELD_OUT_PAIRS)


def backdrop_held_out(backdrop: Backdrop) -> bool:
    """Says whether a forest's trees and ground, or trees and sky, are a held-out pair."""
    pairs = {(backdrop.trees, backdrop.ground), (backdrop.trees, backdrop.sky)}
    return bool(pairs & HELD_OUT_PAIRS)
