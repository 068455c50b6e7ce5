"""Where a prompt says that a concept belongs: "<xyz> temple in the lower left"."""

import re
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from core.domain.concepts import token_of
from core.domain.setup import Box, Places

WHOLE, MIDDLE = (0.0, 1.0), (0.25, 0.75)
ACROSS: Mapping[str | None, tuple[float, float]] = {"left": (0, 0.5), "right": (0.5, 1)}
DOWN: Mapping[str | None, tuple[float, float]] = {
    **dict.fromkeys(("top", "upper"), (0, 0.5)),
    **dict.fromkeys(("bottom", "lower"), (0.5, 1)),
}
_SIDES = "left|right|top|upper|bottom|lower|middle|centre|center"
_OTHER = f"and|or|but|while|beside|behind|near|next|above|below|under|over|{_SIDES}"
"""What comes after one of these is said of something else, or of two things."""
_PICTURE = r"of\ the\ (?:picture|image|photo|frame)"
_FOLLOWS = (
    "a|an|and|are|as|at|beside|but|by|for|from|in|is|near|next|on|or|that|the|to|under|where|"
    rf"which|while|who|with|\w+ing|{_PICTURE}"
)
"""A word that may come after a place; before any other it is no place: "on the left bank"."""
_TOLD = re.compile(
    rf"""
    (?: (?!\b(?:{_OTHER})\b) [^<>,.;] ){{0,40}}?       # more about the concept
    (?P<comma>,)? \s*
    \b (?: on | at | in | (?<!ing\ )(?<!ed\ )to )      # "looking to the left" is no place
    \ the\ (?:
        (?P<down>top|upper|bottom|lower) (?: [ -](?P<corner>left|right) )?
      | (?P<across>left|right)
      | middle | centre | center
    )
    (?: (?:[ -]hand)? \ (?:half|side|part|corner|edge) )?
    (?= \s* (?: $ | [<>,.;:!?()"] | (?:{_FOLLOWS})\b ) )
    (?! \ (?:and|or)\ (?:(?:on|at|in|to)\ )?(?:the\ )?(?:{_SIDES})\b )  # "on the left and right"
    (?(comma) (?! \s* (?: < | (?:a|an|are|is|the)\b ) ) )  # that is where the next one is
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Right after a concept; "on the left of" is about two things and is left to attention."""

_TOLD_BEFORE: Mapping[str, Box] = {
    r"(?:on|at) the left": (0, 0, 0.5, 1),
    r"(?:on|at) the right": (0.5, 0, 1, 1),
    r"(?:at|on|in) the (?:top|upper half)": (0, 0, 1, 0.5),
    r"(?:at|on|in) the (?:bottom|lower half)": (0, 0.5, 1, 1),
    r"in the (?:middle|centre|center)": (0.25, 0.25, 0.75, 0.75),
}


def told_places(prompt: str, names: Sequence[str]) -> Places:
    """The concepts that a prompt tells a place, and their boxes.

    Who is named more than once has all boxes together, and none if one of the mentions has none.
    """
    told = {name: list(_boxes(prompt, name)) for name in names}
    return {
        name: tuple(box for box in boxes if box is not None)
        for name, boxes in told.items()
        if boxes and None not in boxes
    }


def told_before(prompt: str, names: Sequence[str]) -> Places:
    """As prompts were read when manifests did not say it, so that old pictures come out again."""
    told: Places = {}
    for name in names:
        for phrase, box in _TOLD_BEFORE.items():
            said = rf"{re.escape(token_of(name))}[^<>,.;]{{0,40}}?\b{phrase}\b(?! of\b)"
            if name not in told and re.search(said, prompt, re.IGNORECASE):
                told[name] = (box,)
    return told


def filled(boxes: Sequence[Box], size: tuple[int, int]) -> Tensor:
    """Boxes as a part of the picture (height, width), 1 inside; `size` is that of the latents."""
    height, width = size
    place = torch.zeros(size)
    for left, top, right, bottom in boxes:
        place[
            round(top * height) : round(bottom * height), round(left * width) : round(right * width)
        ] = 1
    return place


def _boxes(prompt: str, name: str) -> Iterator[Box | None]:
    """The box of every mention, None where it has none."""
    for mention in re.finditer(re.escape(token_of(name)), prompt, re.IGNORECASE):
        told = _TOLD.match(prompt, mention.end())
        yield None if told is None else _box(told)


def _box(told: re.Match[str]) -> Box:
    down, across = (
        part and part.lower() for part in (told["down"], told["corner"] or told["across"])
    )
    otherwise = WHOLE if down or across else MIDDLE
    (left, right), (top, bottom) = ACROSS.get(across, otherwise), DOWN.get(down, otherwise)
    return (left, top, right, bottom)
