"""A plot over the checkpoints of a training, in the style of the score card."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot.ui.card import Blob
from bot.ui.grid import CHIP, FAINT, INK, PAPER, encoded, font
from bot.ui.scorecard import COLOURS, EDGE_PX, TRACK, WHISKER, WIDTH_PX
from core.domain.evaluation import Waypoint

HEAD_PX, HEIGHT_PX = 112, 330
LEFT_PX, RIGHT_PX, TOP_PX, FLOOR_PX = 96, WIDTH_PX - 40, 56, 276
LOW, HIGH = 0.06, 0.94
"""Where the least and the largest error lie, whose own size means nothing to people."""
ERROR = (150, 138, 245)
Colour = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: its points are steps with heights from 0 to 1."""

    label: str
    colour: Colour
    points: tuple[tuple[int, float], ...]
    said: str
    """The figure at the step that was kept."""


def can_be_plotted(course: Sequence[Waypoint]) -> bool:
    """Something was measured at more than one step."""
    return bool(curves(course))


def curves(course: Sequence[Waypoint]) -> list[Curve]:
    """What was measured at more than one step."""
    found = [
        _shares("looks like the pictures", COLOURS[2], course, "likeness"),
        _shares("does what is asked", COLOURS[1], course, "alignment"),
        _errors(course),
    ]
    return [curve for curve in found if len(curve.points) > 1]


def course_card(title: str, about: str, course: Sequence[Waypoint], name: str) -> Blob:
    """The plot alone, below a heading."""
    card = Image.new("RGB", (WIDTH_PX, HEAD_PX + HEIGHT_PX), PAPER)
    draw = ImageDraw.Draw(card)
    draw.text((EDGE_PX, 26), title, font=font(34), fill=INK)
    draw.text((EDGE_PX, 72), about, font=font(18), fill=FAINT)
    card.paste(course_plot(course), (0, HEAD_PX))
    draw.rectangle((0, 0, 8, card.height), fill=CHIP)
    return encoded(card, name)


def course_plot(course: Sequence[Waypoint]) -> Image.Image:
    """The plot itself, as wide as a card; `course` has to be one that can be plotted."""
    plot = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), PAPER)
    draw, lines = ImageDraw.Draw(plot), curves(course)
    last = max(step for curve in lines for step, _ in curve.points)
    first = min(step for curve in lines for step, _ in curve.points)
    axes = _Axes(first, last)
    _frame(draw, axes, sorted({step for curve in lines for step, _ in curve.points}))
    _kept(draw, axes, course)
    for curve in lines:
        _curve(draw, axes, curve)
    _legend(draw, lines)
    return plot


@dataclass(frozen=True, slots=True)
class _Axes:
    first: int
    last: int

    def x(self, step: int) -> int:
        share = (step - self.first) / (self.last - self.first)
        return round(LEFT_PX + share * (RIGHT_PX - LEFT_PX))

    def y(self, height: float) -> int:
        return round(FLOOR_PX - height * (FLOOR_PX - TOP_PX))


def _frame(draw: ImageDraw.ImageDraw, axes: _Axes, steps: Sequence[int]) -> None:
    for share in (0.0, 0.5, 1.0):
        y = axes.y(share)
        draw.line((LEFT_PX, y, RIGHT_PX, y), fill=TRACK, width=2)
        draw.text((LEFT_PX - 12, y), f"{share:.0%}", font=font(16), fill=FAINT, anchor="rm")
    for step in _spaced(steps, axes):
        draw.text((axes.x(step), axes.y(0) + 12), str(step), font=font(16), fill=FAINT, anchor="mt")


def _spaced(steps: Sequence[int], axes: _Axes) -> list[int]:
    """Steps whose labels do not touch."""
    shown: list[int] = []
    for step in steps:
        if not shown or axes.x(step) - axes.x(shown[-1]) >= 64:
            shown.append(step)
    return shown


def _kept(draw: ImageDraw.ImageDraw, axes: _Axes, course: Sequence[Waypoint]) -> None:
    """A dashed line at the step that is the version."""
    for one in course:
        if not one.kept:
            continue
        x = axes.x(one.step)
        for y in range(axes.y(1), axes.y(0), 12):
            draw.line((x, y, x, y + 6), fill=WHISKER, width=2)
        draw.text((x, axes.y(0) + 32), "kept", font=font(16), fill=INK, anchor="mt")


def _curve(draw: ImageDraw.ImageDraw, axes: _Axes, curve: Curve) -> None:
    places = [(axes.x(step), axes.y(height)) for step, height in curve.points]
    draw.line(places, fill=curve.colour, width=4, joint="curve")
    for x, y in places:
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill=curve.colour, outline=PAPER, width=2)


def _legend(draw: ImageDraw.ImageDraw, lines: Sequence[Curve]) -> None:
    x = float(LEFT_PX)
    for curve in lines:
        draw.rounded_rectangle((x, 15, x + 22, 21), 3, fill=curve.colour)
        text = f"{curve.label} {curve.said}".rstrip()
        draw.text((x + 30, 18), text, font=font(18), fill=INK, anchor="lm")
        x += 30 + draw.textlength(text, font=font(18)) + 28


def _shares(label: str, colour: Colour, course: Sequence[Waypoint], field: str) -> Curve:
    found = [(one, getattr(one, field)) for one in course if getattr(one, field) is not None]
    kept = [f"{share:.0%}" for one, share in found if one.kept]
    return Curve(label, colour, tuple((one.step, share) for one, share in found), "".join(kept))


def _errors(course: Sequence[Waypoint]) -> Curve:
    found = [(one, one.error) for one in course if one.error is not None]
    kept = [f"{error:.3f}" for one, error in found if one.kept]
    low = min((error for _, error in found), default=0.0)
    span = max((error for _, error in found), default=0.0) - low or 1.0
    points = tuple((one.step, LOW + (error - low) / span * (HIGH - LOW)) for one, error in found)
    return Curve("error of foretelling pictures (own scale)", ERROR, points, "".join(kept))
