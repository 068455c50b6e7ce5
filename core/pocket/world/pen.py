"""A pen that draws in units of a thing's radius, (0, 0) at its centre, y downwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from core.pocket.world.palette import RGB

Ink = int | RGB
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws in radius units on an image; `turn` (degrees) tilts what has no upright."""

    draw: ImageDraw.ImageDraw
    centre: float
    radius: float
    turn: float = 0.0

    def at(self, x: float, y: float) -> Point:
        """Returns the pixel of a point."""
        return self.centre + x * self.radius, self.centre + y * self.radius

    def shape(self, points: Sequence[Point], ink: Ink) -> None:
        """Fills a polygon."""
        self.draw.polygon([self.at(x, y) for x, y in points], fill=ink)

    def box(self, left: float, top: float, right: float, bottom: float, ink: Ink) -> None:
        """Fills an upright rectangle."""
        self.draw.rectangle((*self.at(left, top), *self.at(right, bottom)), fill=ink)

    def oval(self, left: float, top: float, right: float, bottom: float, ink: Ink) -> None:
        """Fills the ellipse that a rectangle holds."""
        self.draw.ellipse((*self.at(left, top), *self.at(right, bottom)), fill=ink)

    def disc(self, x: float, y: float, radius: float, ink: Ink) -> None:
        """Fills a circle."""
        self.oval(x - radius, y - radius, x + radius, y + radius, ink)

    def line(self, points: Sequence[Point], ink: Ink, width: float) -> None:
        """Draws a line through points."""
        pixels = max(1, round(width * self.radius))
        self.draw.line([self.at(x, y) for x, y in points], fill=ink, width=pixels)
