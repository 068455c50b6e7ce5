"""What may lie over a whole picture: paint, strokes and grain.

Only the VAE and the judge learn of them. A team's own styles do to a picture what they like, and
what no VAE ever saw none keeps. Some hues and directions it never sees, so that a style can be new
to it. The judge sees strokes in every direction, since it is to read through them, and no paint,
under which no colour can be told.
"""

import colorsys
import random
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Values = NDArray[np.float64]
"""(height, width, 3), 0 to 255."""
Layer = Callable[[Values, random.Random], Values]

HELD_OUT_HUES = ((20, 50), (260, 300))
"""Degrees: cream and violet, which no paint here has."""
DIAGONAL = 12
"""Degrees: so near to a diagonal no strokes go here."""


def finish(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Returns a picture with one layer or two over it."""
    values = np.asarray(picture.convert("RGB"), np.float64)
    (layers,) = rng.choices(tuple(_LAYERS), tuple(_LAYERS.values()))
    for layer in layers:
        values = layer(values, rng)
    return _picture(values)


def hatch(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Returns a picture with strokes in any direction over it."""
    values = np.asarray(picture.convert("RGB"), np.float64)
    return _picture(_strokes(values, rng, rng.uniform(0, 180)))


def paint(values: Values, rng: random.Random) -> Values:
    """Paint of one colour, which covers a sixth to two thirds."""
    cover = rng.uniform(0.15, 0.65)
    colour = np.array(_colour(rng), np.float64) * 255
    return np.asarray(values * (1 - cover) + colour * cover)


def strokes(values: Values, rng: random.Random) -> Values:
    """Strokes in one direction, 5 to 20 pixels from one to the next, darker or lighter."""
    return _strokes(values, rng, _direction(rng))


def _strokes(values: Values, rng: random.Random, degrees: float) -> Values:
    way, wide = np.deg2rad(degrees), rng.uniform(5, 20)
    rows, columns = np.mgrid[: values.shape[0], : values.shape[1]]
    along = (columns * np.cos(way) + rows * np.sin(way)) / wide + rng.random()
    form = (0.5 - 0.5 * np.cos(2 * np.pi * along)) ** rng.choice((1, 1, 2))
    depth = rng.uniform(0.15, 0.6) * form[..., None]
    towards = 0.0 if rng.random() < 0.65 else 255.0
    return np.asarray(values + (towards - values) * depth)


def grain(values: Values, rng: random.Random) -> Values:
    """Grain of paper or film, fine or coarse."""
    height, width, _ = values.shape
    noise = Image.frombytes("L", (width, height), rng.randbytes(width * height))
    coarse = np.asarray(noise.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.3))), np.float64)
    grains = (coarse - coarse.mean()) / coarse.std()
    return np.asarray(values * (1 + rng.uniform(0.03, 0.15) * grains[..., None]))


_LAYERS: dict[tuple[Layer, ...], int] = {
    (paint,): 4,
    (strokes,): 4,
    (grain,): 1,
    (paint, strokes): 2,
    (strokes, paint): 1,
    (paint, grain): 1,
}
"""And how often each of them lies over a picture."""


def _picture(values: Values) -> Image.Image:
    return Image.fromarray(values.clip(0, 255).round().astype(np.uint8))


def _colour(rng: random.Random) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1."""
    hue = _not_within(HELD_OUT_HUES, lambda: rng.uniform(0, 360))
    return colorsys.hsv_to_rgb(hue / 360, rng.random(), rng.random() ** 0.5)


def _direction(rng: random.Random) -> float:
    """Degrees from the right, downwards."""
    diagonals = [(way - DIAGONAL, way + DIAGONAL) for way in (45, 135)]
    return _not_within(diagonals, lambda: rng.uniform(0, 180))


def _not_within(ranges: Iterable[tuple[float, float]], draw: Callable[[], float]) -> float:
    while True:
        value = draw()
        if not any(least <= value <= most for least, most in ranges):
            return value
