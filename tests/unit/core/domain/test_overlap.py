"""Sketches are compared without torch."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.overlap import SIDE, overlap

SIZE = SIDE * SIDE
BYTES = st.binary(min_size=SIZE, max_size=SIZE)


def sketch(steps: list[int]) -> str:
    return base64.b64encode(bytes(step & 255 for step in steps)).decode()


def test_the_same_and_the_opposite_change() -> None:
    """1 and -1, whatever their strength; nothing in common is 0."""
    one = [1, 2, -3] + [0] * (SIZE - 3)
    assert overlap(sketch(one), sketch([2 * step for step in one])) == 1
    assert overlap(sketch(one), sketch([-step for step in one])) == -1
    assert overlap(sketch(one), sketch([3, 0, 1] + [0] * (SIZE - 3))) == 0


def test_what_has_no_sketch_overlaps_with_nothing() -> None:
    """Neither an empty one, nor one of nothing, nor one of another size."""
    one = sketch([1] * SIZE)
    assert overlap("", one) == overlap(one, "") == overlap("", "") == 0
    assert overlap(sketch([0] * SIZE), one) == 0
    assert overlap(sketch([1] * 7), one) == 0


@settings(max_examples=20)
@given(BYTES, BYTES)
def test_it_is_a_cosine(one: bytes, other: bytes) -> None:
    """Within its bounds, and the same from both sides."""
    a, b = (base64.b64encode(each).decode() for each in (one, other))
    assert -1.000001 <= overlap(a, b) <= 1.000001
    assert overlap(a, b) == overlap(b, a)
