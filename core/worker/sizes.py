"""How large pictures are: aspects at the base model's own area, sides that the UNet can halve."""

import math

from core.domain.drawing import Aspect
from core.errors import InvalidInput

LARGEST_TIMES_NATIVE = 4
SMALLEST_TIMES_AREA, LARGEST_TIMES_AREA = 0.5, 2.25
"""Areas between which an uploaded picture keeps its size, in native squares."""


def sides(aspect: Aspect, *, native_px: int, step_px: int) -> tuple[int, int]:
    """Width and height in pixels of an aspect, about as many pixels as the native square."""
    wide, high = (int(part) for part in aspect.value.split(":"))
    unit = native_px / math.sqrt(wide * high)
    return to_step(wide * unit, step_px), to_step(high * unit, step_px)


def to_step(side_px: float, step_px: int) -> int:
    """The nearest multiple of `step_px`, at least one."""
    return max(1, round(side_px / step_px)) * step_px


def check_sides(width_px: int, height_px: int, *, native_px: int) -> None:
    """Raises:
    InvalidInput: a side is longer than the base model can reasonably draw.
    """
    largest_px = LARGEST_TIMES_NATIVE * native_px
    if max(width_px, height_px) > largest_px:
        raise InvalidInput(
            f"{width_px} × {height_px} pixels are too many for this model; "
            f"it goes up to {largest_px} a side."
        )


def near_native(width_px: float, height_px: float, *, native_px: int) -> tuple[float, float]:
    """Sides of the same shape at which the base model draws well: far larger or smaller pictures
    than those it was trained on come out repeated or blurred.
    """
    area, native = width_px * height_px, native_px**2
    least, most = native * SMALLEST_TIMES_AREA, native * LARGEST_TIMES_AREA
    factor = math.sqrt(min(max(area, least), most) / area)
    return width_px * factor, height_px * factor
