"""How long a concept takes to be taught: Atelier beside a plain diffusers/peft loop, one recipe.

Every way is a process of its own with one thread, and they take turns, a slice each, so that
whatever else the machine does falls upon all alike; only one works at a time. What counts is
from the pictures to a version that can be drawn with. Atelier's checkpoints are in it; its previews
and samples, which a plain loop has none of, have a column of their own. Captions are handed to the
plain loop, while Atelier finds the surroundings itself.
"""

import multiprocessing
import re
import statistics
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from PIL import Image

from core.dispatch.messages import Progressed
from core.domain.recipes import Preset
from core.domain.requests import TrainRequest
from core.precision import half_on_cpu
from core.storage import Storage
from core.worker import artifact, latents
from core.worker.device import make_deterministic
from core.worker.engine.studio import Studio
from core.worker.imagine import Imaginer
from core.worker.models import Base, load_base
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from core.worker.training import captions
from core.worker.training.course import Teacher
from core.worker.training.dataset import open_pictures
from core.worker.training.presets import recipe_for
from core.worker.training.surroundings import likeliest
from tests.bench._concepts import Question, alone
from tests.bench._engine import quiet
from tests.bench._plain_training import PlainLoop
from tests.bench._sums import share
from tests.bench._table import show
from tests.bench._teaching import Course, Workshop
from tests.small_pocket import with_small_unet

NAMES, SEEDS = ("xyz", "kar"), 20
OURS = "Atelier"
HALF = {"plain loop, bfloat16": True} if half_on_cpu() == torch.bfloat16 else {}
WAYS = {"plain loop, float32": False, **HALF, OURS: None}
"""Each way, and of a plain loop whether its products are in half precision, where the processor has
it: emulated they take thirty times as long."""

ALL_DRAWN = re.compile(r"\b(\d+) of \1$")
"""A note of the last picture that is drawn beforehand."""
Slices = Generator[tuple[str, float], None, bytes]
"""`prior` or `step` after each piece of work, and the seconds of the processor in it in which
previews or samples were drawn; in the end the artifact's bytes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one way of teaching took, of the processor and of the clock, and what it made."""

    prior_s: float
    shown_s: float
    rest_s: float
    wall_s: float
    step_ms: float
    """Median over steps, without previews and checkpoints."""
    loaded_mb: float
    peak_mb: float
    made: bytes

    @property
    def all_s(self) -> float:
        """Of the processor."""
        return self.prior_s + self.shown_s + self.rest_s

    @property
    def taught_s(self) -> float:
        """Without previews and samples."""
        return self.prior_s + self.rest_s


async def run(
    *, tiny: bool = False, concepts: int = len(NAMES), seeds: int = SEEDS, steps: int = 0
) -> None:
    """A table for each concept, then how many times as fast Atelier was."""
    if tiny:
        concepts, seeds, steps = 1, 2, 2
    for name in NAMES[:concepts]:
        with TemporaryDirectory() as folder:
            shop = Workshop(Path(folder), tiny=tiny)
            request = shop.request(
                # As the plain loop: an adapter and a word, and nothing beside the subject.
                Course(name, Preset.DREAMBOOTH_LORA, steps or None, settings=(("company", 0),))
            )
            pictures = [shop.storage.get(key) for key in request.pictures]
            taken = _in_turn(request, pictures, Path(folder), tiny=tiny)
            scores = _scores(shop, name, taken, seeds)
        _show(name, taken, scores, seeds)


def _in_turn(
    request: TrainRequest, pictures: Sequence[bytes], folder: Path, *, tiny: bool
) -> dict[str, Taken]:
    """Every way in a process of its own, one slice after the other."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    waiting: dict[str, Connection] = {}
    for index, way in enumerate(WAYS):
        here, there = server.Pipe()
        order = (way, request, pictures, folder / str(index), tiny, there)
        server.Process(target=_teach, args=order, daemon=True).start()
        there.close()
        waiting[way] = here
    taken: dict[str, Taken] = {}
    while waiting:
        for way, turns in list(waiting.items()):
            turns.send(None)
            answer = turns.recv()
            if isinstance(answer, Taken):
                taken[way] = answer
                del waiting[way]
    return taken


def _teach(
    way: str, request: TrainRequest, pictures: Sequence[bytes], folder: Path, tiny: bool,
    turns: Connection,
) -> None:  # fmt: skip
    """What a process does: a slice a turn; the last answer is what it took."""
    quiet()
    turns.recv()
    storage = Storage(f"file://{folder}")
    for picture in pictures:
        storage.put(picture)
    slices, loaded_mb = _slices(way, request, storage, tiny=tiny), _memory_mb("VmRSS")
    took: dict[str, list[float]] = {"prior": [], "step": [], "shown": []}
    wall_s, made = 0.0, None
    while made is None:
        turns.send(None)
        turns.recv()
        began_s, began_wall_s = time.process_time(), time.perf_counter()
        try:
            kind, shown_s = next(slices)
        except StopIteration as ended:
            kind, shown_s, made = "step", 0.0, ended.value
        took[kind].append(time.process_time() - began_s - shown_s)
        took["shown"].append(shown_s)
        wall_s += time.perf_counter() - began_wall_s
    sums = (sum(took[kind]) for kind in ("prior", "shown", "step"))
    step_ms, peak_mb = statistics.median(took["step"]) * 1000, _memory_mb("VmHWM")
    turns.send(Taken(*sums, wall_s, step_ms, loaded_mb, peak_mb, made))


def _slices(way: str, request: TrainRequest, storage: Storage, *, tiny: bool) -> Slices:
    """The work of one way; the model is loaded at once, nothing else is done yet."""
    make_deterministic(1)
    base = load_base("pocket", device=torch.device("cpu"), dtype=torch.float32)
    if tiny:
        base = with_small_unet(replace(base, family=replace(base.family, steps=2)))
    if way == OURS:
        return _ours(base, request, storage)
    return _plain(base, request, open_pictures(storage, request.pictures), half=bool(WAYS[way]))


def _ours(base: Base, request: TrainRequest, storage: Storage) -> Slices:
    """A train job as the worker runs it, with nobody else beside."""
    notes = ["drawing"]

    def hear(message: object) -> None:
        if isinstance(message, Progressed):
            notes.append(message.progress.note)

    stacks = Stacks(base, storage)
    studio = Studio(base, stacks, images=16, adapter_bytes=2**28)
    imaginer = _Watched(base, stacks, storage, studio)
    teacher = Teacher(base, stacks, imaginer, storage)
    course = teacher.run(request, Ticket(1, 1, hear, lambda: False, lambda: False))
    while True:
        before, imaginer.drew_s = notes[-1], 0.0
        try:
            next(course)
        except StopIteration as ended:
            return storage.get(ended.value.artifact)
        if before.startswith("drawing") and not ALL_DRAWN.search(before):
            yield "prior", 0.0
        else:
            yield "step", imaginer.drew_s


class _Watched(Imaginer):
    """Counts the processor's time in which it draws."""

    drew_s = 0.0

    def draw(self, *args: Any, **options: Any) -> list[Image.Image]:
        began_s = time.process_time()
        pictures = super().draw(*args, **options)
        self.drew_s += time.process_time() - began_s
        return pictures

    def advance(self) -> None:
        began_s = time.process_time()
        super().advance()
        self.drew_s += time.process_time() - began_s


def _plain(
    base: Base, request: TrainRequest, pictures: Sequence[Image.Image], *, half: bool
) -> Slices:
    """The plain loop; finding the surroundings for its captions is done here and does not count."""
    recipe = recipe_for(request, base.family, device="cpu")
    kind, noun = request.concept_kind, request.class_noun
    plain = captions.class_captions(kind, noun)
    where = likeliest(base, latents.encode(base, pictures), plain)
    around = captions.surroundings(kind, noun)
    said = [captions.captions(kind, request.phrase, around[index]) for index in where]
    return _packed(PlainLoop(base, request, recipe, half=half).slices(pictures, said, plain))


def _packed(slices: Generator[str, None, artifact.Artifact]) -> Slices:
    while True:
        try:
            kind = next(slices)
        except StopIteration as ended:
            return artifact.pack(ended.value)
        yield kind, 0.0


def _memory_mb(field: str) -> float:
    """`VmRSS` is what this process holds now, `VmHWM` the most it ever held; 0 outside Linux."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [int(line.split()[1]) for line in lines if line.startswith(field)]
    return found[0] / 1024 if found else 0.0


def _scores(shop: Workshop, name: str, taken: dict[str, Taken], seeds: int) -> dict[str, float]:
    """For each way, in which share of images the judge reads the whole look."""
    question = next(one for one in alone() if one.names == (name,))
    return {way: _score(shop, question, one.made, seeds) for way, one in taken.items()}


def _score(shop: Workshop, question: Question, made: bytes, seeds: int) -> float:
    entry = shop.entry(question.names[0], shop.storage.put(made))
    images = shop.draw(question.prompt, seeds, [entry])
    return share(shop.read(images, question.concepts)[0])


def _show(name: str, taken: dict[str, Taken], scores: dict[str, float], seeds: int) -> None:
    columns = (
        f"`<{name}>`, seconds of the processor", "in all", "plain pictures", "previews, samples",
        "the rest", "ms a step", "wall, in all", "MB loaded, peak", f"whole looks, {seeds} seeds",
    )  # fmt: skip
    show(columns, [_row(way, one, scores[way]) for way, one in taken.items()])
    ours = taken[OURS]
    rows = [
        (way, _times(one.all_s, ours.all_s), _times(one.taught_s, ours.taught_s),
         _times(one.step_ms, ours.step_ms))
        for way, one in taken.items() if way != OURS
    ]  # fmt: skip
    show(("Atelier is faster by", "in all", "without previews and samples", "a step"), rows)


def _row(way: str, one: Taken, score: float) -> tuple[Any, ...]:
    seconds = (f"{part:.1f}" for part in (one.all_s, one.prior_s, one.shown_s, one.rest_s))
    memory = f"{one.loaded_mb:.0f}, {one.peak_mb:.0f}"
    return (way, *seconds, f"{one.step_ms:.0f}", f"{one.wall_s:.0f}", memory, f"{score:.0%}")


def _times(theirs: float, ours: float) -> str:
    return f"{theirs / ours:.2f}"
