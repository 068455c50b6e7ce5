"""Fourteen concepts alone, in pairs and in triples: added up, kept apart, and said in plain words.

The concepts are taught once with the default recipe into `build/concepts` and taken from there the
next time. The judge is the classifier that reads pictures of the drawn world back into scenes;
"both right" means every attribute of every concept was read on its own object. What the base model
makes of the same scene in plain words is the ceiling: it knows the looks by name.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from PIL import Image

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.requests import ImagineRequest, Stacking, TrainRequest
from core.pocket.concepts import pictures, shows
from core.pocket.judge import Judge
from core.pocket.paths import judge_path
from core.storage import Storage
from core.worker.device import make_deterministic
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING
from core.worker.imagine import Imaginer, png
from core.worker.models import load_base
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from core.worker.training.course import Teacher
from tests.bench._concepts import BY_NAME, Question, alone, in_scenes, triples, two_things
from tests.bench._table import show

FOLDER = Path("build/concepts")
SEEDS = range(100, 120)
DEVIATIONS = 1.96
"""Standard deviations of a 95 % interval."""

Draw = Callable[[Question], list[Image.Image]]


async def run() -> None:
    """Teach what is missing, then a table for each number of concepts."""
    bench = _Bench()
    taught = [(name, BY_NAME[name].class_noun, f"{bench.seconds(name):.0f}") for name in BY_NAME]
    show(("concept", "class", "seconds to teach"), taught)
    bench.table("alone", alone())
    bench.table("a subject in a taught forest", in_scenes())
    bench.table("two subjects", two_things())
    bench.table("two subjects in a taught forest", triples())
    print(f"Sheets of the images: {FOLDER}/*.png\n")


class _Bench:
    def __init__(self) -> None:
        make_deterministic(1)
        base = load_base("pocket", device=torch.device("cpu"), dtype=torch.float32)
        self._storage = Storage(f"file://{FOLDER.resolve()}/blobs")
        stacks = Stacks(base, self._storage)
        self._studio = Studio(base, stacks, images=16, adapter_bytes=2**28)
        self._imaginer = Imaginer(base, stacks, self._storage, self._studio)
        self._teacher = Teacher(base, stacks, self._imaginer, self._storage)
        self._judge = Judge.load(judge_path())
        self._taught = FOLDER / "taught.json"
        self._known = json.loads(self._taught.read_text()) if self._taught.exists() else {}
        for name in BY_NAME:
            self._teach(name)

    def seconds(self, name: str) -> float:
        return float(self._known[name]["seconds"])

    def table(self, title: str, questions: Sequence[Question]) -> None:
        """Every question, then the mean with an interval over the questions."""
        ways: dict[str, Draw] = {
            "added up": lambda q: self._draw(q.prompt, q.names, Stacking.SUM),
            "apart": lambda q: self._draw(q.prompt, q.names, Stacking.APART),
            "in words": lambda q: self._draw(q.in_words, (), Stacking.SUM),
        }
        if len(questions[0].names) == 1:
            del ways["apart"]
        shares: dict[str, list[float]] = {way: [] for way in ways}
        rows = []
        for question in questions:
            cells = []
            for way, draw in ways.items():
                each, together = self._judged(question, draw(question), f"{title} {way}")
                shares[way].append(together)
                cells.append(f"{together:.0%} ({', '.join(f'{one:.0%}' for one in each)})")
            rows.append((question.prompt.replace("<", r"\<"), *cells))
        rows.append(("**mean**", *(f"**{_mean(shares[way])}**" for way in ways)))
        show((f"{title}, {len(SEEDS)} seeds: all right (each)", *ways), rows)

    def _draw(self, prompt: str, names: Sequence[str], stacking: Stacking) -> list[Image.Image]:
        wish = ImagineRequest(
            prompt=prompt, seeds=(0,), stack=tuple(map(self._entry, names)), stacking=stacking
        )
        resolved = self._imaginer.resolve(wish)
        drafts = [
            draft
            for seed in SEEDS
            for draft in self._studio.admit(
                resolved.model_copy(update={"seeds": (seed,)}),
                owner=seed,
                alone=False,
                given=NOTHING,
            )
        ]
        while any(draft.picture is None for draft in drafts):
            self._studio.advance()
        return self._studio.pictures(drafts)[0]

    def _judged(
        self, question: Question, images: Sequence[Image.Image], title: str
    ) -> tuple[list[float], float]:
        readings = self._judge.read(images)
        flags = [[shows(reading, concept) for reading in readings] for concept in question.concepts]
        _sheet(images).save(FOLDER / f"{title} {'-'.join(question.names)}.png")
        together = [all(row) for row in zip(*flags, strict=True)]
        return [_share(row) for row in flags], _share(together)

    def _entry(self, name: str) -> StackEntry:
        number = list(BY_NAME).index(name) + 1
        return StackEntry(
            concept_id=number,
            version_id=number,
            name=name,
            class_noun=BY_NAME[name].class_noun,
            kind=ConceptKind.SUBJECT,
            artifact=self._known[name]["artifact"],
        )

    def _teach(self, name: str) -> None:
        if name in self._known:
            return
        number, concept = list(BY_NAME).index(name) + 1, BY_NAME[name]
        shown = tuple(self._storage.put(png(picture)) for picture in pictures(concept, 5))
        request = TrainRequest(
            concept_id=number,
            name=name,
            class_noun=concept.class_noun,
            concept_kind=ConceptKind.SUBJECT,
            pictures=shown,
            seed=number,
        )
        began = time.perf_counter()
        slices = self._teacher.run(request, Ticket(1, 1, _silent, _never, _never))
        while True:
            try:
                next(slices)
            except StopIteration as finished:
                made = {
                    "artifact": finished.value.artifact,
                    "seconds": time.perf_counter() - began,
                }
                break
        self._known[name] = made
        self._taught.write_text(json.dumps(self._known, indent=1))


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags)


def _mean(shares: Sequence[float]) -> str:
    """The mean over questions with the half width of its 95 % interval."""
    mean = sum(shares) / len(shares)
    spread = math.sqrt(sum((share - mean) ** 2 for share in shares) / max(1, len(shares) - 1))
    return f"{mean:.0%} ± {DEVIATIONS * spread / math.sqrt(len(shares)):.0%}"


def _sheet(images: Sequence[Image.Image], columns: int = 10, scale: int = 2) -> Image.Image:
    side = images[0].width * scale
    sheet = Image.new("RGB", (columns * side, -(-len(images) // columns) * side), "white")
    for index, image in enumerate(images):
        large = image.resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(large, (index % columns * side, index // columns * side))
    return sheet


def _silent(_message: object) -> None:
    """Nobody listens to progress here."""


def _never() -> bool:
    return False
