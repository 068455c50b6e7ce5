"""A few pairs of concepts in four ways: added up, kept apart, fused into one, in orthogonal slots.

Two questions. Does a concept stay itself while another one is worn beside it? And do both hold in
one picture? The pairs share concepts, so that little has to be taught: four of them, twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.fusion import noun_of
from core.domain.recipes import Preset
from core.domain.requests import FuseRequest
from core.worker.fusion.fuser import Fuser
from core.worker.imagine import Imaginer
from core.worker.ticket import Ticket
from tests.bench._concepts import BY_NAME, Question, alone, in_scenes, two_things
from tests.bench._sums import percent, share
from tests.bench._table import show
from tests.bench._teaching import TINY, Course, Workshop

SEEDS = 20
FUSED, WHOLLY = "fused", "fused, worn in both halves"
WAYS = ("added up", "apart", FUSED, WHOLLY, "slots added up", "slots apart", "in words")


async def run(
    *,
    seeds: int = SEEDS,
    steps: int = 0,
    tiny: bool = False,
    device: str = "cpu",
    dtype: str = "auto",
) -> None:
    """Teach and fuse what is missing, then a table for each question."""
    questions = [in_scenes()[0], in_scenes()[4], two_things()[0]]
    if tiny:
        (_, seeds, steps), questions = TINY, questions[:1]
    bench = _Bench(Workshop(tiny=tiny, device=device, dtype=dtype), seeds, steps or None)
    bench.fusions(questions)
    bench.table("one, the other worn too", [one for q in questions for one in _each(q)])
    bench.table("both", [_Asked(q, q.names) for q in questions])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt, and what is worn while it is drawn."""

    question: Question
    worn: tuple[str, ...]


@dataclass(frozen=True)
class _Bench:
    workshop: Workshop
    seeds: int
    steps: int | None
    """Of a training; None: the recipe's own number."""

    @cached_property
    def _fuser(self) -> Fuser:
        shop = self.workshop
        imaginer = Imaginer(shop.base, shop.stacks, shop.storage)
        return Fuser(shop.base, shop.stacks, imaginer, shop.storage)

    def fusions(self, questions: Sequence[Question]) -> None:
        """How much of each concept's own outputs a fused adapter keeps, and the sum."""
        rows = []
        for question in questions:
            made = self._fused(question.names)
            pairs = zip(question.names, made["errors"], strict=True)
            rows += [(f"{name} in {'-'.join(question.names)}", *_kept(e)) for name, e in pairs]
            rows[-1] = (*rows[-1][:3], f"{made['seconds']:.0f}")
        show(("outputs off by, mean over layers", "fused", "added up", "seconds to fuse"), rows)

    def table(self, title: str, asked: Sequence[_Asked]) -> None:
        """Every prompt in every way, then the mean with an interval over the prompts."""
        shares: dict[str, list[float]] = {way: [] for way in WAYS}
        rows = []
        for one in asked:
            for way in WAYS:
                shares[way].append(self._right(one, way))
            last = [f"{shares[way][-1]:.0%}" for way in WAYS]
            rows.append((one.question.prompt.replace("<", r"\<"), "-".join(one.worn), *last))
        rows.append(("**mean**", "", *(f"**{percent(shares[way])}**" for way in WAYS)))
        show((f"{title}, {self.seeds} seeds: all right", "worn", *WAYS), rows)

    def _right(self, asked: _Asked, way: str) -> float:
        question = asked.question
        stacking = Stacking.APART if "apart" in way or way == FUSED else Stacking.SUM
        prompt = question.in_words if way == "in words" else question.prompt
        images = self.workshop.draw(prompt, self.seeds, self._stack(asked, way), stacking=stacking)
        flags = self.workshop.read(images, question.concepts)
        return share([all(row) for row in zip(*flags, strict=True)])

    def _stack(self, asked: _Asked, way: str) -> list[StackEntry]:
        if way == "in words":
            return []
        if way in {FUSED, WHOLLY}:
            return [self._fused_entry(asked.worn)]
        preset = Preset.ORTHOGONAL if way.startswith("slots") else Preset.DREAMBOOTH_LORA
        return self._taught(asked.worn, preset)

    def _taught(self, names: Sequence[str], preset: Preset) -> list[StackEntry]:
        shop = self.workshop
        courses = [Course(name, preset=preset, steps=self.steps) for name in names]
        return [shop.entry(one.name, shop.taught(one).artifact) for one in courses]

    def _fused_entry(self, names: tuple[str, ...]) -> StackEntry:
        return StackEntry(
            concept_id=99,
            version_id=99,
            name="all",
            class_noun=_noun(names),
            kind=ConceptKind.SUBJECT,
            artifact=self._fused(names)["artifact"],
        )

    def _fused(self, names: tuple[str, ...]) -> dict[str, Any]:
        parts = self._taught(names, Preset.DREAMBOOTH_LORA)
        request = FuseRequest(
            concept_id=None,
            name="all",
            class_noun=_noun(names),
            concept_kind=ConceptKind.SUBJECT,
            stack_name="all",
            parts=tuple(parts),
        )
        label = f"fused {' '.join(names)}"
        made = self.workshop.remembered(
            label, request.model_dump_json(), make=lambda: self._fuse(request), judged=False
        )
        return dict(made)

    def _fuse(self, request: FuseRequest) -> dict[str, Any]:
        print(f"fusing {', '.join(part.token for part in request.parts)}", flush=True)
        slices = self._fuser.run(request, Ticket(1, 1, _silent, _never, _never))
        while True:
            try:
                next(slices)
            except StopIteration as ended:
                made = ended.value
                break
        errors = [(word.error, word.error_sum) for word in made.fusion.words]
        return {"artifact": made.artifact, "seconds": made.seconds, "errors": errors}


def _each(question: Question) -> list[_Asked]:
    """Every concept of a pair by itself, with both worn."""
    by_name = {one.names[0]: one for one in alone()}
    return [_Asked(by_name[name], question.names) for name in question.names]


def _noun(names: Sequence[str]) -> str:
    return noun_of(tuple(BY_NAME[name].class_noun for name in names))


def _kept(errors: Sequence[float]) -> tuple[str, str, str]:
    fused, summed = errors
    return f"{fused:.2f}", f"{summed:.2f}", ""


def _silent(_message: object) -> None:
    """Nobody listens to progress here."""


def _never() -> bool:
    return False
