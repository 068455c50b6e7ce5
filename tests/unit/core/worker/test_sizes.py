"""Sizes of pictures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.drawing import Aspect
from core.errors import InvalidInput
from core.worker.sizes import check_sides, sides, to_step


@pytest.mark.parametrize(
    ("aspect", "native_px", "step_px", "expected"),
    [
        (Aspect.SQUARE, 64, 16, (64, 64)),
        (Aspect.PORTRAIT, 64, 16, (48, 80)),
        (Aspect.SQUARE, 512, 64, (512, 512)),
        (Aspect.LANDSCAPE, 512, 64, (640, 448)),
        (Aspect.WIDE, 1024, 32, (1376, 768)),
    ],
)
def test_aspects_at_the_native_area(aspect, native_px, step_px, expected):
    """The usual sizes of the usual models."""
    assert sides(aspect, native_px=native_px, step_px=step_px) == expected


@given(st.sampled_from(Aspect), st.integers(4, 128), st.sampled_from([8, 16, 32, 64]))
def test_sides_are_multiples_of_the_step(aspect, steps, step_px):
    """Whatever the model's size, every level of its UNet halves evenly."""
    width_px, height_px = sides(aspect, native_px=steps * step_px, step_px=step_px)
    assert width_px % step_px == height_px % step_px == 0
    assert min(width_px, height_px) >= step_px


def test_smallest_side_is_one_step():
    """Nothing is rounded to zero."""
    assert to_step(3, 16) == 16


def test_too_large_is_refused_with_the_limit():
    """The sentence says how far the model goes."""
    check_sides(256, 256, native_px=64)
    with pytest.raises(InvalidInput, match="up to 256 a side"):
        check_sides(64, 257, native_px=64)
