"""The colours of the drawn world and the arithmetic on them."""

import random
from collections.abc import Mapping
from types import MappingProxyType

RGB = tuple[int, int, int]

PALETTE: Mapping[str, RGB] = MappingProxyType(
    {
        "red": (215, 40, 40),
        "orange": (245, 140, 30),
        "yellow": (245, 215, 50),
        "green": (50, 165, 65),
        "blue": (45, 95, 220),
        "purple": (135, 60, 180),
        "pink": (245, 140, 190),
        "brown": (125, 80, 45),
        "teal": (20, 175, 175),
        "white": (250, 250, 250),
        "black": (30, 28, 32),
    }
)
THING_COLOURS = tuple(PALETTE)[:9]
"""What a whole thing, a forest, its ground or its sky may be coloured."""
ACCENT_COLOURS = tuple(PALETTE)
"""What stripes, dots, roofs, collars and rings may be coloured."""


def jitter(colour: RGB, rng: random.Random, amount: int = 14) -> RGB:
    """Returns `colour` a little lighter or darker, each channel nudged besides."""
    shift, nudge = rng.randint(-amount, amount), amount // 2
    return _clip(*(v + shift + rng.randint(-nudge, nudge) for v in colour))


def mix(colour: RGB, other: RGB, share: float) -> RGB:
    """Returns `colour` with `share` (0 to 1) of `other` in it."""
    return _clip(*(round(a + (b - a) * share) for a, b in zip(colour, other, strict=True)))


def darker(colour: RGB, factor: float = 0.4) -> RGB:
    """Returns `colour` scaled towards black; the outline of a thing uses the default factor."""
    return _clip(*(int(v * factor) for v in colour))


def _clip(red: int, green: int, blue: int) -> RGB:
    return max(0, min(255, red)), max(0, min(255, green)), max(0, min(255, blue))
