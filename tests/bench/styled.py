"""Every taught subject in every taught style: how often images are in the style and the look whole.

Subjects are taught as usual, from pictures without a style, and kept apart as `/imagine` draws.
Beside them drawings of the same in the style through the model's VAE: under paint it loses what is
small or striped, and no model behind it could do better. `--part 1/2` does half of the work in this
process and prints no table.
"""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from core.domain.drawing import Stacking
from tests.bench._concepts import Question, alone
from tests.bench._styles import STYLES, PocketStyle, drawings
from tests.bench._sums import percent, share
from tests.bench._table import show
from tests.bench._teaching import FOLDER, TINY, Course, Workshop, mine
from tests.bench.styles import entry, taught

SEEDS = 20
DRAWN, MADE = WAYS = "drawings, through the VAE", "made"
Found = tuple[float, float, float]
"""Shares of images in the style, with the whole look, and with both."""


async def run(
    *,
    concepts: int | None = None,
    seeds: int = SEEDS,
    part: str | None = None,
    folder: Path = FOLDER,
    tiny: bool = False,
) -> None:
    """A table for each style, with a row for each subject."""
    if tiny:
        concepts, seeds, _ = TINY
    bench = _Bench(Workshop(folder, tiny=tiny), seeds)
    asked = alone()[:concepts]
    for style, question in mine([(style, one) for style in STYLES for one in asked], part):
        bench.found(style, question, MADE)
    for style in STYLES if part is None else ():
        bench.show(style, asked)


class _Bench:
    def __init__(self, workshop: Workshop, seeds: int) -> None:
        self._workshop, self._seeds = workshop, seeds

    def show(self, style: PocketStyle, asked: Sequence[Question]) -> None:
        """Every subject, then the means with intervals over them."""
        rows = [
            (
                said(one, style).replace("<", r"\<"),
                *(_cell(self.found(style, one, way)) for way in WAYS),
            )
            for one in asked
        ]
        both = ([self.found(style, one, way)[2] for one in asked] for way in WAYS)
        mean = ("**mean**", *(f"**{percent(each)}**" for each in both))
        show((f"{self._seeds} seeds: both (in the style, whole look)", *WAYS), [*rows, mean])

    def found(self, style: PocketStyle, question: Question, way: str) -> Found:
        """Of one subject in one style."""
        worn = self._worn(style, question) if way == MADE else ()
        in_style, whole, both = self._workshop.remembered(
            f"styled {way} {style.name} {question.names[0]}",
            repr((style, question, worn, self._seeds)),
            make=lambda: self._judged(style, question, way),
        )
        return in_style, whole, both

    def _worn(self, style: PocketStyle, question: Question) -> tuple[str, str]:
        """Storage keys of subject and style."""
        (name,) = question.names
        subject = self._workshop.taught(Course(name))
        return subject.artifact, taught(self._workshop, style).artifact

    def _judged(self, style: PocketStyle, question: Question, way: str) -> Found:
        images = self._images(style, question, way)
        have = [style.has(one) for one in images]
        (whole,) = self._workshop.read([style.through(one) for one in images], question.concepts)
        both = [one and other for one, other in zip(have, whole, strict=True)]
        return share(have), share(whole), share(both)

    def _images(self, style: PocketStyle, question: Question, way: str) -> list[Image.Image]:
        if way == DRAWN:
            return self._workshop.through_vae(drawings(style, question.scene, self._seeds))
        subject, look = self._worn(style, question)
        stack = [self._workshop.entry(question.names[0], subject), entry(style, look)]
        return self._workshop.draw(
            said(question, style), self._seeds, stack, stacking=Stacking.APART
        )


def said(question: Question, style: PocketStyle) -> str:
    """A subject in a place, in a style."""
    return f"{question.prompt} in <{style.name}> style"


def _cell(found: Found) -> str:
    in_style, whole, both = found
    return f"{both:.0%} ({in_style:.0%}, {whole:.0%})"
