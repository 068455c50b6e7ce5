"""Where a prompt says that a concept belongs: "<xyz> temple on the left"."""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from core.domain.concepts import token_of

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in shares of the picture."""

BOXES: Mapping[str, Box] = {
    r"(?:on|at) the left": (0, 0, 0.5, 1),
    r"(?:on|at) the right": (0.5, 0, 1, 1),
    r"(?:at|on|in) the (?:top|upper half)": (0, 0, 1, 0.5),
    r"(?:at|on|in) the (?:bottom|lower half)": (0, 0.5, 1, 1),
    r"in the (?:middle|centre|center)": (0.25, 0.25, 0.75, 0.75),
}
"""Said right after a concept; "on the left of" is about two things and is left to attention."""
_BETWEEN = r"[^<>,.;]{0,40}?"


def find_places(prompt: str, names: Sequence[str], *, size: tuple[int, int]) -> list[Tensor | None]:
    """For each concept its part of the picture (height, width), 1 inside; None where none is told.

    `size` is that of the latents.
    """
    return [_place(prompt, name, size) for name in names]


def _place(prompt: str, name: str, size: tuple[int, int]) -> Tensor | None:
    for phrase, box in BOXES.items():
        told = rf"{re.escape(token_of(name))}{_BETWEEN}\b{phrase}\b(?! of\b)"
        if re.search(told, prompt, re.IGNORECASE):
            return _filled(box, size)
    return None


def _filled(box: Box, size: tuple[int, int]) -> Tensor:
    height, width = size
    left, top, right, bottom = box
    place = torch.zeros(size)
    place[
        round(top * height) : round(bottom * height), round(left * width) : round(right * width)
    ] = 1
    return place
