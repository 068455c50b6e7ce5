"""Six concepts one on top of another: how each holds after every addition, in four ways.

Adapters in three of them. Frozen: each is taught on top of all before it, which stay as they are
and are replayed (`base on`). Onward: one adapter is taught on and on, and only words stay. Added
up: each is taught by itself. The fourth is the usual way of the embedded model, words alone, each
on top of all before it. After every addition all that is there works at full weight, whatever the
prompt names, and the judge counts whole looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from core.domain.concepts import StackEntry
from core.domain.drawing import Stacking
from core.domain.recipes import Preset
from core.worker import artifact
from tests.bench._concepts import BY_NAME, Question, alone
from tests.bench._sums import percent, share
from tests.bench._table import show
from tests.bench._teaching import FOLDER, TINY, Course, Workshop, mine

ORDER = ("xyz", "kar", "sol", "hou", "lum", "cas")
SEEDS, STEPS = 20, 100
GOAL = 0.05
ADAPTER, WORD = Preset.DREAMBOOTH_LORA, Preset.TEXTUAL_INVERSION
ONWARD, FROZEN, SUMMED = "onward", "frozen and replayed", "added up"
USUAL = "words alone, frozen"

Flags = list[bool]
Matrix = list[list[Flags]]
"""For each addition and each concept until then, in which images it was whole."""


async def run(
    *,
    concepts: int = len(ORDER),
    seeds: int = SEEDS,
    steps: int = STEPS,
    part: str | None = None,
    folder: Path = FOLDER,
    tiny: bool = False,
    device: str = "cpu",
    dtype: str = "auto",
) -> None:
    """A matrix for each way, then what was lost."""
    if tiny:
        concepts, seeds, steps = TINY
    bench = _Bench(
        Workshop(folder, tiny=tiny, device=device, dtype=dtype),
        ORDER[:concepts],
        seeds,
        steps or None,
    )
    found = {way: bench.matrix(way) for way in mine((ONWARD, FROZEN, SUMMED, USUAL), part)}
    if part is not None:
        return
    for way, matrix in found.items():
        show((f"{way}, {seeds} seeds: after", *map(_told, ORDER[:concepts])), _rows(matrix))
    alone_ = [f"{share(flags):.0%}" for flags in bench.by_itself()]
    show(
        ("", *map(_told, ORDER[:concepts])), [("taught on top, drawn without the others", *alone_)]
    )
    show(
        ("final minus best", *map(_told, ORDER[:concepts]), "mean", "worst", "goal"),
        [_summary(way, matrix) for way, matrix in found.items()],
    )


class _Bench:
    def __init__(
        self, workshop: Workshop, names: Sequence[str], seeds: int, steps: int | None
    ) -> None:
        self._workshop, self._names, self._seeds, self._steps = workshop, names, seeds, steps
        self._asked: Mapping[str, Question] = {one.names[0]: one for one in alone()}

    def matrix(self, way: str) -> Matrix:
        """How each concept holds after each addition."""
        stacks_of = {
            ONWARD: self._onward,
            FROZEN: lambda: _all_at_work(self._chain(ADAPTER)),
            SUMMED: self._summed,
            USUAL: lambda: _all_at_work(self._chain(WORD)),
        }
        after = stacks_of[way]()
        return [
            [self._whole(name, stacks[name]) for name in self._names[: count + 1]]
            for count, stacks in enumerate(after)
        ]

    def by_itself(self) -> list[Flags]:
        """Concepts that were taught on top of others, drawn without those."""
        entries = self._chain(ADAPTER)
        return [self._whole(entry.name, (entry,)) for entry in entries]

    def _whole(self, name: str, stack: Sequence[StackEntry]) -> Flags:
        asked = self._asked[name]
        found: Flags = self._workshop.remembered(
            f"whole {name}",
            repr((asked, [entry.artifact for entry in stack], self._seeds)),
            make=lambda: self._drawn(asked, stack),
        )
        return found

    def _drawn(self, asked: Question, stack: Sequence[StackEntry]) -> Flags:
        images = self._workshop.draw(asked.prompt, self._seeds, stack, stacking=Stacking.APART)
        return self._workshop.read(images, asked.concepts)[0]

    def _chain(self, preset: Preset) -> list[StackEntry]:
        """Each taught on top of all before it."""
        entries: list[StackEntry] = []
        for name in self._names:
            course = Course(name, preset, self._steps, parents=tuple(entries))
            entries.append(self._workshop.entry(name, self._workshop.taught(course).artifact))
        return entries

    def _summed(self) -> list[dict[str, tuple[StackEntry, ...]]]:
        courses = [Course(name, ADAPTER, self._steps) for name in self._names]
        taught = [self._workshop.taught(course).artifact for course in courses]
        return _all_at_work(list(map(self._workshop.entry, self._names, taught)))

    def _onward(self) -> list[dict[str, tuple[StackEntry, ...]]]:
        """One adapter after each addition, with the words of the concepts so far."""
        words: dict[str, artifact.Artifact] = {}
        after: list[dict[str, tuple[StackEntry, ...]]] = []
        before = None
        for name in self._names:
            course = Course(name, ADAPTER, self._steps, goes_on=before)
            before = self._workshop.taught(course).artifact
            words[name] = artifact.unpack(self._workshop.storage.get(before))
            lora = words[name].lora
            after.append({known: (self._with(known, lora, words),) for known in words})
        return after

    def _with(
        self, name: str, lora: Mapping[str, Tensor], words: Mapping[str, artifact.Artifact]
    ) -> StackEntry:
        """A concept's own word, and the adapter as it is by now."""
        made = artifact.pack(replace(words[name], lora=lora))
        return self._workshop.entry(name, self._workshop.storage.put(made))


def drops(matrix: Matrix) -> list[float]:
    """For each concept its final share of whole looks minus its best one, 0 or less."""
    return [
        share(matrix[-1][index]) - max(share(row[index]) for row in matrix[index:])
        for index in range(len(matrix))
    ]


def _all_at_work(entries: Sequence[StackEntry]) -> list[dict[str, tuple[StackEntry, ...]]]:
    """After each addition, for each concept so far: every concept so far."""
    after = [tuple(entries[: count + 1]) for count in range(len(entries))]
    return [{entry.name: stack for entry in stack} for stack in after]


def _rows(matrix: Matrix) -> list[tuple[str, ...]]:
    empty = [""] * len(matrix)
    return [
        (_told(name), *[*(f"{share(flags):.0%}" for flags in row), *empty][: len(matrix)])
        for name, row in zip(ORDER, matrix, strict=False)
    ]


def _summary(way: str, matrix: Matrix) -> tuple[str, ...]:
    lost = drops(matrix)
    met = "met" if min(lost) >= -GOAL - 1e-9 else "missed"
    return (way, *(f"{one:+.0%}" for one in lost), percent(lost), f"{min(lost):+.0%}", met)


def _told(name: str) -> str:
    return BY_NAME[name].token.replace("<", r"\<")
