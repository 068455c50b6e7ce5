"""How far two concept versions change the same weights in the same way."""

import base64
import math
from collections.abc import Sequence

SIDE = 32
"""A sketch is SIDE × SIDE numbers of a byte each."""


def overlap(one: str, other: str) -> float:
    """The cosine between what two versions change, -1 to 1, from their sketches.

    1 is the same change, 0 changes that have nothing in common, as where a version has no sketch.
    It is off by about 0.03.
    """
    a, b = _read(one), _read(other)
    lengths = math.hypot(*a) * math.hypot(*b)
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def _read(sketch: str) -> Sequence[int]:
    steps = memoryview(base64.b64decode(sketch)).cast("b")
    return steps if len(steps) == SIDE * SIDE else ()
