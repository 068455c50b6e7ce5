"""Looks that lie over a whole drawn picture, and how a picture in them is read.

Two paint everything half over in one colour, one draws dark strokes over everything. The judge can
look through them: what a style did to a picture is undone before it reads what is shown.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.pocket.judge import Reading
from core.pocket.world.render import render
from core.pocket.world.scene import Backdrop, Scene, Thing

Values = NDArray[np.float64]

TOLERANCE = 12
"""Of 255: how far a pixel may lie beyond what the paint leaves possible."""
IN_PAINT = 0.95
"""Of the pixels; none of 300 plain pictures of the drawn world had more than 0.9 of them there."""
IN_STROKES = 0.115
"""Of the logarithm of brightness: how far strokes go up and down. Of 2,000 plain pictures of the
drawn world none had more than 0.111, of 2,000 in the style none less than 0.12."""
NEAR = 2
"""How many times more or less in a picture strokes may come, since a hand does not keep time."""
AMPLITUDE_OF_DEPTH = 0.6
"""Of strokes that take some third of the light, for each part that they take."""


class PocketStyle(Protocol):
    """What a style does to pictures of the drawn world."""

    @property
    def name(self) -> str:
        """Of the concept."""

    def over(self, picture: Image.Image, chance: random.Random) -> Image.Image:
        """A picture in this style."""

    def through(self, picture: Image.Image) -> Image.Image:
        """What it shows, without the style; what cannot be in the style is cut off."""

    def has(self, picture: Image.Image) -> bool:
        """Says whether it is in the style."""


@dataclass(frozen=True, slots=True)
class Paint:
    """Paint of one colour over everything."""

    name: str
    paint: tuple[int, int, int]
    cover: float
    """0 leaves a picture as it is, 1 leaves nothing of it."""

    def over(self, picture: Image.Image, chance: random.Random) -> Image.Image:
        """A picture in this style; nothing is left to chance."""
        ground = Image.new("RGB", picture.size, self.paint)
        return Image.blend(picture, ground, self.cover)

    def through(self, picture: Image.Image) -> Image.Image:
        """What is under the paint; what cannot be under it is cut off."""
        return _picture((_values(picture) - self._least) / (1 - self.cover))

    def has(self, picture: Image.Image) -> bool:
        """Says whether nearly every pixel can be under the paint."""
        values = _values(picture)
        most = self._least + 255 * (1 - self.cover)
        within = (values >= self._least - TOLERANCE) & (values <= most + TOLERANCE)
        return bool(within.all(-1).mean() >= IN_PAINT)

    @property
    def _least(self) -> Values:
        """What black becomes."""
        return np.array(self.paint, float) * self.cover


@dataclass(frozen=True, slots=True)
class Strokes:
    """Soft dark strokes from the lower left to the upper right, which begin anywhere."""

    name: str
    period_px: int
    """From stroke to stroke, along a row."""
    depth: float
    """What the middle of a stroke takes of a picture's light."""

    def over(self, picture: Image.Image, chance: random.Random) -> Image.Image:
        """A picture in this style."""
        rows, columns = np.mgrid[: picture.height, : picture.width]
        turn = 2 * np.pi * ((rows + columns) / self.period_px + chance.random())
        return _picture(_values(picture) * (1 - self.depth * (1 - np.cos(turn[..., None])) / 2))

    def through(self, picture: Image.Image) -> Image.Image:
        """Without what comes and goes as often as the strokes, and as light as before."""
        light, near = _light(picture), self._near(picture, 1)
        strokes = np.fft.ifft2(np.fft.fft2(light) * near).real
        lost = self._found(picture) / AMPLITUDE_OF_DEPTH / 2
        return _picture(_values(picture) / np.exp(strokes[..., None]) / (1 - min(lost, 0.5)))

    def has(self, picture: Image.Image) -> bool:
        """Says whether strokes are found in it."""
        return self._found(picture) >= IN_STROKES

    def _found(self, picture: Image.Image) -> float:
        """The amplitude of what comes and goes with the strokes in their direction, beyond what
        does across it.
        """
        power = np.abs(np.fft.fft2(_light(picture))) ** 2
        along, across = (power[self._near(picture, way)].sum() for way in (1, -1))
        return float(np.sqrt(2 * max(0.0, along - across)) / power.size)

    def _near(self, picture: Image.Image, way: int) -> NDArray[np.bool_]:
        """Which frequencies of a picture are those of strokes, or with -1 of their mirror image."""
        down = np.fft.fftfreq(picture.height)[:, None] * picture.height
        right = np.fft.fftfreq(picture.width) * picture.width
        often = picture.width / self.period_px
        far = (np.hypot(down - s * often, right - s * way * often) for s in (1, -1))
        near: NDArray[np.bool_] = np.minimum(*far) <= NEAR
        return near


STYLES: tuple[PocketStyle, ...] = (
    Paint("pas", (255, 235, 200), 0.5),
    Paint("dus", (80, 30, 110), 0.45),
    Strokes("hat", 14, 0.4),
)

_SHOWN = (
    ("white", Thing("house", "red")),
    ("forest", Thing("cat", "orange")),
    ("beach", Thing("tree", "green")),
    ("sea", Thing("boat", "blue")),
    ("mountains", Thing("flower", "pink")),
)
_ASKED = (
    ("a red castle on a beach", "beach", Thing("castle", "red")),
    ("a yellow dog in a forest", "forest", Thing("dog", "yellow")),
    ("a teal star in the mountains", "mountains", Thing("star", "teal")),
    ("a purple car in a city", "city", Thing("car", "purple")),
    ("a green temple under the sea", "sea", Thing("temple", "green")),
    ("an orange heart on a white background", "white", Thing("heart", "orange")),
    ("a blue bird at night", "night", Thing("bird", "blue")),
    ("a pink fish in a city", "city", Thing("fish", "pink")),
)
ASKED = tuple((prompt, Scene(Backdrop(place), (thing,))) for prompt, place, thing in _ASKED)
"""Prompts, and what they should show: no thing that a style was taught from."""


def pictures(style: PocketStyle, *, seed: int = 0) -> list[Image.Image]:
    """What a style is taught from: five things in five places."""
    chance = random.Random(f"{style.name}:{seed}")
    scenes = (Scene(Backdrop(place), (thing,)) for place, thing in _SHOWN)
    return [style.over(render(scene, chance), chance) for scene in scenes]


def drawings(style: PocketStyle, scene: Scene, count: int) -> list[Image.Image]:
    """A scene in a style as the drawn world draws it."""
    chance = random.Random(f"{style.name}:{scene}")
    return [style.over(render(scene, chance), chance) for _ in range(count)]


def shows_thing(readings: Sequence[Reading], scene: Scene) -> list[bool]:
    """In which pictures the thing of a scene was read, in its colour."""
    (thing,) = scene.things
    return [
        any((one.noun, one.colour) == (thing.noun, thing.colour) for one in reading.scene.things)
        for reading in readings
    ]


def _light(picture: Image.Image) -> Values:
    """The logarithm of brightness, around 0."""
    light = np.log(_values(picture).mean(-1) + 8)
    return np.asarray(light - light.mean())


def _values(picture: Image.Image) -> Values:
    return np.asarray(picture.convert("RGB"), float)


def _picture(values: Values) -> Image.Image:
    return Image.fromarray(values.clip(0, 255).round().astype("uint8"))
