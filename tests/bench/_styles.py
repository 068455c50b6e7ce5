"""Two looks that lie over a whole drawn picture, and how a picture in them is read.

Each paints everything half over in one colour, which the judge can look through: what is left of a
picture's own colours is stretched again before it reads what is shown.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.pocket.judge import Reading
from core.pocket.world.render import render
from core.pocket.world.scene import Backdrop, Scene, Thing

TOLERANCE = 12
"""Of 255: how far a pixel may lie beyond what the paint leaves possible."""
IN_STYLE = 0.95
"""Of the pixels; none of 300 plain pictures of the drawn world had more than 0.9 of them there."""


@dataclass(frozen=True, slots=True)
class PocketStyle:
    """Paint of one colour over everything."""

    name: str
    paint: tuple[int, int, int]
    cover: float
    """0 leaves a picture as it is, 1 leaves nothing of it."""

    def over(self, picture: Image.Image) -> Image.Image:
        """A picture in this style."""
        ground = Image.new("RGB", picture.size, self.paint)
        return Image.blend(picture, ground, self.cover)

    def through(self, picture: Image.Image) -> Image.Image:
        """What is under the paint; what cannot be under it is cut off."""
        under = (_values(picture) - self._least) / (1 - self.cover)
        return Image.fromarray(under.clip(0, 255).round().astype("uint8"))

    def has(self, picture: Image.Image) -> bool:
        """Says whether nearly every pixel can be under the paint."""
        values = _values(picture)
        most = self._least + 255 * (1 - self.cover)
        within = (values >= self._least - TOLERANCE) & (values <= most + TOLERANCE)
        return bool(within.all(-1).mean() >= IN_STYLE)

    @property
    def _least(self) -> NDArray[np.float64]:
        """What black becomes."""
        return np.array(self.paint, float) * self.cover


STYLES = (
    PocketStyle("pas", (255, 235, 200), 0.5),
    PocketStyle("dus", (80, 30, 110), 0.45),
)

_SHOWN = (
    ("white", Thing("house", "red")),
    ("forest", Thing("cat", "orange")),
    ("beach", Thing("tree", "green")),
    ("sea", Thing("boat", "blue")),
    ("mountains", Thing("flower", "pink")),
)
ASKED = (
    ("a red castle on a beach", Thing("castle", "red")),
    ("a yellow dog in a forest", Thing("dog", "yellow")),
    ("a teal star in the mountains", Thing("star", "teal")),
    ("a purple car in a city", Thing("car", "purple")),
)
"""Prompts, and what they should show: no thing that a style was taught from."""


def pictures(style: PocketStyle, *, seed: int = 0) -> list[Image.Image]:
    """What a style is taught from: five things in five places."""
    chance = random.Random(f"{style.name}:{seed}")
    scenes = (Scene(Backdrop(place), (thing,)) for place, thing in _SHOWN)
    return [style.over(render(scene, chance)) for scene in scenes]


def shows_thing(readings: Sequence[Reading], thing: Thing) -> list[bool]:
    """In which pictures the thing was read, in its colour."""
    return [
        any((one.noun, one.colour) == (thing.noun, thing.colour) for one in reading.scene.things)
        for reading in readings
    ]


def _values(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture.convert("RGB"), float)
