"""How each noun looks: a silhouette that is filled with the thing's colour, and details on top.

All coordinates are in the pen's units: the thing's radius, (0, 0) at its centre, y downwards.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from core.pocket.world.palette import RGB, darker, mix
from core.pocket.world.pen import Ink, Pen, Point

CREAM, DARK, BARK, GLASS = (250, 240, 170), (25, 20, 22), (95, 65, 40), (215, 235, 245)


Silhouette = Callable[[Pen, Ink], None]
Details = Callable[[Pen, RGB], None]


def _circle(pen: Pen, ink: Ink) -> None:
    pen.disc(0, 0, 0.92, ink)


def _square(pen: Pen, ink: Ink) -> None:
    pen.box(-0.82, -0.82, 0.82, 0.82, ink)


def _triangle(pen: Pen, ink: Ink) -> None:
    pen.shape([(0, -0.95), (0.98, 0.8), (-0.98, 0.8)], ink)


def _star(pen: Pen, ink: Ink) -> None:
    pen.shape([(x, y + 0.05) for x, y in _spikes(5, 1.08, 0.49, pen.turn - 90)], ink)


def _spikes(count: int, outer: float, inner: float, start: float) -> list[Point]:
    angles = (math.radians(start + 180 * i / count) for i in range(2 * count))
    reach = (outer, inner) * count
    return [(r * math.cos(a), r * math.sin(a)) for r, a in zip(reach, angles, strict=True)]


def _heart(pen: Pen, ink: Ink) -> None:
    pen.oval(-0.95, -0.85, 0.06, 0.15, ink)
    pen.oval(-0.06, -0.85, 0.95, 0.15, ink)
    pen.shape([(-0.9, -0.17), (0.9, -0.17), (0, 0.98)], ink)
    pen.box(-0.5, -0.4, 0.5, -0.1, ink)


def _house(pen: Pen, ink: Ink) -> None:
    pen.box(-0.75, -0.15, 0.75, 0.9, ink)
    _house_roof(pen, ink)


def _house_roof(pen: Pen, ink: Ink) -> None:
    pen.shape([(-1.05, -0.1), (1.05, -0.1), (0, -1.05)], ink)


def _house_details(pen: Pen, colour: RGB) -> None:
    pen.line([(-1.05, -0.12), (1.05, -0.12)], darker(colour), 0.07)
    pen.box(-0.18, 0.35, 0.18, 0.92, darker(colour))
    for left in (-0.58, 0.3):
        pen.box(left, 0.05, left + 0.28, 0.33, CREAM)


def _tree(pen: Pen, ink: Ink) -> None:
    pen.box(-0.16, 0.3, 0.16, 1, ink)
    pen.oval(-0.8, -0.95, 0.8, 0.5, ink)
    pen.oval(-0.95, -0.35, -0.05, 0.5, ink)
    pen.oval(0.05, -0.35, 0.95, 0.5, ink)


def _tree_details(pen: Pen, colour: RGB) -> None:
    pen.box(-0.16, 0.5, 0.16, 1, BARK)


def _temple(pen: Pen, ink: Ink) -> None:
    _temple_roof(pen, ink)
    pen.box(-0.95, -0.35, 0.95, -0.15, ink)
    pen.box(-1.02, 0.7, 1.02, 0.97, ink)
    for left in (-0.92, -0.41, 0.09, 0.6):
        pen.box(left, -0.2, left + 0.32, 0.75, ink)


def _temple_roof(pen: Pen, ink: Ink) -> None:
    pen.shape([(-1.1, -0.32), (1.1, -0.32), (0, -1.05)], ink)


def _cat(pen: Pen, ink: Ink) -> None:
    pen.oval(-0.88, -0.6, 0.88, 0.95, ink)
    pen.shape([(-0.85, 0.1), (-0.8, -1), (-0.15, -0.5)], ink)
    pen.shape([(0.85, 0.1), (0.8, -1), (0.15, -0.5)], ink)


def _cat_details(pen: Pen, colour: RGB) -> None:
    for side in (-1, 1):
        pen.oval(side * 0.38 - 0.15, -0.12, side * 0.38 + 0.15, 0.22, (250, 250, 230))
        pen.oval(side * 0.38 - 0.06, -0.08, side * 0.38 + 0.06, 0.18, DARK)
        for y in (0.4, 0.55):
            pen.line([(side * 0.25, y), (side * 0.75, y + 0.04)], darker(colour), 0.05)
    pen.shape([(-0.12, 0.38), (0.12, 0.38), (0, 0.52)], DARK)


def _flower(pen: Pen, ink: Ink) -> None:
    for petal in range(6):
        angle = math.radians(60 * petal + pen.turn)
        pen.disc(0.58 * math.cos(angle), 0.58 * math.sin(angle), 0.38, ink)
    pen.disc(0, 0, 0.4, ink)


def _flower_details(pen: Pen, colour: RGB) -> None:
    yellowish = colour[2] <= 90 and colour[0] >= 150
    pen.disc(0, 0, 0.27, (120, 70, 30) if yellowish else (250, 225, 110))


def _moon(pen: Pen, ink: Ink) -> None:
    pen.disc(0, 0, 0.92, ink)
    pen.oval(-0.35, -0.95, 1.25, 0.65, 0)


def _fish(pen: Pen, ink: Ink) -> None:
    pen.oval(-0.95, -0.55, 0.6, 0.55, ink)
    pen.shape([(0.4, 0), (1, -0.6), (1, 0.6)], ink)
    pen.shape([(-0.4, -0.4), (0.2, -0.85), (0.3, -0.4)], ink)


def _fish_details(pen: Pen, colour: RGB) -> None:
    pen.disc(-0.53, -0.09, 0.13, (250, 250, 250))
    pen.disc(-0.52, -0.08, 0.06, DARK)


def _boat(pen: Pen, ink: Ink) -> None:
    pen.shape([(-1.05, 0.25), (1.05, 0.25), (0.65, 0.85), (-0.65, 0.85)], ink)
    pen.box(-0.06, -1, 0.06, 0.3, ink)
    pen.shape([(0.06, -0.95), (0.85, 0.12), (0.06, 0.12)], ink)
    pen.shape([(-0.06, -0.7), (-0.06, 0.12), (-0.65, 0.12)], ink)


def _boat_details(pen: Pen, colour: RGB) -> None:
    pen.box(-0.06, -1, 0.06, 0.25, BARK)
    pen.line([(-1, 0.3), (1, 0.3)], darker(colour), 0.1)


def _car(pen: Pen, ink: Ink) -> None:
    pen.oval(-1.05, -0.1, -0.45, 0.55, ink)
    pen.oval(0.45, -0.1, 1.05, 0.55, ink)
    pen.box(-0.8, -0.1, 0.8, 0.55, ink)
    pen.shape([(-0.75, -0.05), (-0.45, -0.65), (0.4, -0.65), (0.75, -0.05)], ink)
    for x in (-0.52, 0.52):
        pen.disc(x, 0.52, 0.3, ink)


def _car_details(pen: Pen, colour: RGB) -> None:
    pen.shape([(-0.55, -0.08), (-0.36, -0.5), (-0.06, -0.5), (-0.06, -0.08)], GLASS)
    pen.shape([(0.55, -0.08), (0.32, -0.5), (0.06, -0.5), (0.06, -0.08)], GLASS)
    for x in (-0.52, 0.52):
        pen.disc(x, 0.52, 0.3, DARK)
        pen.disc(x, 0.52, 0.12, (190, 190, 195))


def _castle(pen: Pen, ink: Ink) -> None:
    pen.box(-0.6, -0.1, 0.6, 0.95, ink)
    for left in (-1, 0.5):
        pen.box(left, -0.55, left + 0.5, 0.95, ink)
    for left in (-0.46, -0.12, 0.22):
        pen.box(left, -0.3, left + 0.24, -0.05, ink)
    _castle_roof(pen, ink)


def _castle_roof(pen: Pen, ink: Ink) -> None:
    for middle in (-0.75, 0.75):
        pen.shape([(middle - 0.38, -0.45), (middle + 0.38, -0.45), (middle, -1.15)], ink)


def _castle_details(pen: Pen, colour: RGB) -> None:
    pen.oval(-0.22, 0.3, 0.22, 0.8, darker(colour))
    pen.box(-0.22, 0.55, 0.22, 0.97, darker(colour))
    for middle in (-0.75, 0.75):
        pen.box(middle - 0.09, -0.2, middle + 0.09, 0.1, CREAM)


def _bird(pen: Pen, ink: Ink) -> None:
    pen.oval(-0.75, -0.3, 0.6, 0.7, ink)
    pen.disc(0.42, -0.42, 0.4, ink)
    pen.shape([(0.7, -0.58), (1.12, -0.38), (0.7, -0.22)], ink)
    pen.shape([(-0.55, 0), (-1.1, -0.45), (-1, 0.4)], ink)
    for x in (-0.2, 0.1):
        pen.box(x - 0.05, 0.6, x + 0.05, 0.98, ink)


def _bird_details(pen: Pen, colour: RGB) -> None:
    pen.shape([(0.78, -0.56), (1.12, -0.38), (0.78, -0.24)], (250, 165, 40))
    pen.disc(0.5, -0.5, 0.13, (250, 250, 250))
    pen.disc(0.53, -0.5, 0.07, DARK)
    pen.oval(-0.5, -0.05, 0.2, 0.4, mix(colour, (0, 0, 0), 0.3))
    for x in (-0.2, 0.1):
        pen.box(x - 0.05, 0.7, x + 0.05, 0.98, (230, 140, 40))


def _dog(pen: Pen, ink: Ink) -> None:
    pen.oval(-0.72, -0.8, 0.72, 0.9, ink)
    for side in (-1, 1):
        pen.oval(side * 0.78 - 0.27, -0.75, side * 0.78 + 0.27, 0.45, ink)


def _dog_details(pen: Pen, colour: RGB) -> None:
    pen.oval(-0.38, 0.1, 0.38, 0.8, mix(colour, (255, 255, 255), 0.6))
    pen.oval(-0.18, 0.12, 0.18, 0.36, DARK)
    for side in (-1, 1):
        pen.oval(side * 0.78 - 0.22, -0.68, side * 0.78 + 0.22, 0.4, darker(colour, 0.6))
        pen.disc(side * 0.3, -0.18, 0.13, DARK)


def _sun(pen: Pen, ink: Ink) -> None:
    pen.shape(_spikes(10, 1.08, 0.68, pen.turn), ink)


def _sun_details(pen: Pen, colour: RGB) -> None:
    for side in (-1, 1):
        pen.disc(side * 0.22, -0.12, 0.09, DARK)
    pen.line([(-0.28, 0.18), (-0.12, 0.3), (0.12, 0.3), (0.28, 0.18)], DARK, 0.08)


def collar(pen: Pen, ink: Ink) -> None:
    """Draws a band below a head."""
    pen.box(-0.62, 0.72, 0.62, 1.05, ink)


def _no_details(pen: Pen, colour: RGB) -> None:
    """Leaves a plain shape as it is."""


SHAPES: Mapping[str, tuple[Silhouette, Details]] = MappingProxyType(
    {
        "circle": (_circle, _no_details),
        "square": (_square, _no_details),
        "triangle": (_triangle, _no_details),
        "star": (_star, _no_details),
        "heart": (_heart, _no_details),
        "house": (_house, _house_details),
        "tree": (_tree, _tree_details),
        "temple": (_temple, _no_details),
        "cat": (_cat, _cat_details),
        "flower": (_flower, _flower_details),
        "moon": (_moon, _no_details),
        "fish": (_fish, _fish_details),
        "boat": (_boat, _boat_details),
        "car": (_car, _car_details),
        "castle": (_castle, _castle_details),
        "bird": (_bird, _bird_details),
        "dog": (_dog, _dog_details),
        "sun": (_sun, _sun_details),
    }
)
ROOFS: Mapping[str, Silhouette] = MappingProxyType(
    {"house": _house_roof, "temple": _temple_roof, "castle": _castle_roof}
)
