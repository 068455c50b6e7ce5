"""Memory by stage, each measured in a process that holds nothing else.

`python -m tests.bench._memory pocket` for the embedded model, `sd1` and `sdxl` for random weights
in the exact shapes. On a GPU what its tensors take there; else what is resident of the process.
"""

import gc
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from core.dispatch.messages import Progressed
from core.domain.concepts import ConceptKind
from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.worker.engine.bank import Bank, pairs, share
from core.worker.imagine import Imaginer, png
from core.worker.loop import Slices
from core.worker.models import Base, load_base
from core.worker.ticket import Ticket
from core.worker.training.course import Teacher
from tests.bench import _shapes
from tests.bench._engine import Library, Ours, Wish, apart, quiet, watched
from tests.bench._table import show

MEGABYTE = 2**20
LESSON_STEPS = 3
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is asked for."""

    images: int = 16
    steps: int = 20
    sizes: tuple[int, ...] = (10, 100, 1000)
    adapter_bytes: int = 256 * MEGABYTE


TINY = Scale(images=2, steps=2, sizes=(2, 4), adapter_bytes=MEGABYTE)
LARGE = Scale(images=32, steps=4, adapter_bytes=4096 * MEGABYTE)


def tell(name: str) -> None:
    """Measures in a new process and prints its tables."""
    command = [sys.executable, "-m", "tests.bench._memory", name]
    print(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


class Meter:
    """Bytes held, and the most that were while some work was done."""

    def __init__(self) -> None:
        self._cuda = torch.cuda.is_available()

    def now(self) -> int:
        """Held now."""
        gc.collect()
        return torch.cuda.memory_allocated() if self._cuda else _resident("VmRSS")

    def most(self, work: Callable[[], object]) -> int:
        """At most, from the beginning of the work to its end."""
        self.now()
        if not self._cuda:
            RESET.write_text("5")  # proc(5): the peak begins anew at what is resident now
        with watched() as peak:
            work()
        return peak.bytes if self._cuda else _resident("VmHWM")


def _resident(field: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


class _Stages:
    """One worker's parts over a base model."""

    def __init__(self, base: Base, scale: Scale) -> None:
        self._base, self._scale, self._meter = base, scale, Meter()
        self._told: list[object] = []
        self._ours = Ours(base, images=scale.images, adapter_bytes=scale.adapter_bytes)
        self._library = Library(base, self._ours, 2 * min(scale.images, 8))
        native = {"width_px": base.native_px, "height_px": base.native_px}
        values = {"num_inference_steps": scale.steps, "guidance_scale": 3.0, **native}
        self._wishes: list[Wish] = apart(self._library.pairs(scale.images, **values))

    def tables(self) -> None:
        """Prints both."""
        rows = [("at rest", self._meter.now())]
        for name, work in (
            (f"full batch of {self._scale.images}", self._draw),
            ("training", self._learn),
            ("training and a full batch, step by step", self._both),
        ):
            rows.append((name, self._meter.most(work)))
        show((f"{self._base.family.name}, MiB", "at most"), [(n, _mb(b)) for n, b in rows])
        title = ("concepts in the library", "in host memory, MiB", "beside the model, MiB")
        show(title, self._growth())

    def _draw(self) -> None:
        self._ours.draw(self._wishes)

    def _learn(self) -> None:
        with closing(self._lesson()) as slices:
            self._take_steps(slices, LESSON_STEPS)

    def _both(self) -> None:
        with closing(self._lesson()) as slices:
            self._take_steps(slices, 1)
            self._ours.draw(self._wishes, between=lambda: next(slices))

    def _take_steps(self, slices: Slices, count: int) -> None:
        """Until so many steps are told; the first preview comes before them."""
        while sum(isinstance(message, Progressed) for message in self._told) < count:
            next(slices)

    def _growth(self) -> list[tuple[object, ...]]:
        """Adapters that were printed, and the bank's pages with two of them in."""
        bank = Bank(share(self._base.pipe.unet), budget_bytes=self._scale.adapter_bytes)
        adapters = [pairs(weights) for weights in self._library.adapters.values()]
        rows: list[tuple[object, ...]] = []
        done = 0
        for size in self._scale.sizes:
            for index in range(done, size):
                bank.print(f"{index}", adapters[index % len(adapters)])
            bank.pin([f"{size - 1}", f"{size - 2}"])
            rows.append((size, _mb(bank.host_bytes), _mb(bank.bytes)))
            done = size
        return rows

    def _lesson(self) -> Slices:
        ours, base = self._ours, self._base
        self._told.clear()
        imaginer = Imaginer(base, ours.stacks, ours.storage, ours.studio)
        teacher = Teacher(base, ours.stacks, imaginer, ours.storage)
        side = (base.native_px, base.native_px)
        pictures = (ours.storage.put(png(Image.new("RGB", side, tint))) for tint in ("red", "teal"))
        request = TrainRequest(
            concept_id=1, name="dot", class_noun="circle", concept_kind=ConceptKind.SUBJECT,
            pictures=tuple(pictures), seed=3,
            recipe=Recipe(steps=5000, prior_pictures=0, checkpoint_every=5000, preview_every=5000),
        )  # fmt: skip
        return teacher.run(request, Ticket(1, 1, self._told.append, lambda: False, lambda: False))


def _mb(count: int) -> str:
    return f"{count / MEGABYTE:.0f}"


def _base(name: str, *, tiny: bool) -> Base:
    if name == "pocket":
        return load_base("pocket", device=torch.device("cpu"), dtype=torch.float32)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    return (_shapes.sd15 if name == "sd1" else _shapes.sdxl)(device, dtype, tiny=tiny)


def main(name: str, *, tiny: bool) -> None:
    """Measure one model."""
    quiet()
    scale = TINY if tiny else Scale() if name == "pocket" else LARGE
    _Stages(_base(name, tiny=tiny), scale).tables()


if __name__ == "__main__":
    main(sys.argv[1], tiny="--tiny" in sys.argv)
