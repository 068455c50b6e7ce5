"""The engine in the exact shapes of SD 1.5 and SDXL, on a GPU, against diffusers in the same run.

Random weights: speed and memory depend on shapes alone. All requests come at once; sequential
means `set_adapters` and the pipeline's call, one request after the other, all adapters loaded.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from core.worker.engine.bank import Bank, pairs, share
from core.worker.engine.reach import Worn
from core.worker.engine.speed import Speed
from core.worker.models import Base
from tests.bench import _shapes, _speeds
from tests.bench._engine import (
    Library,
    Ours,
    Plain,
    Wish,
    apart,
    picture_of,
    psnr_db,
    quiet,
    seconds,
    settle,
    watched,
)
from tests.bench._table import show

GUILDS, REQUESTS, STEPS = 8, 32, 30
SIZES = (10, 100, 1000)
GIGABYTE = 2**30


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is asked for."""

    requests: int = REQUESTS
    steps: int = STEPS
    sizes: tuple[int, ...] = SIZES
    matrix: int = 8192
    rounds: int = 3
    adapter_bytes: int = 4 * GIGABYTE
    settings: Mapping[str, Speed] = field(default_factory=lambda: _speeds.SETTINGS)


TINY = Scale(
    requests=4, steps=2, sizes=(2, 4), matrix=64, rounds=1, adapter_bytes=2**20,
    settings=_speeds.TINY,
)  # fmt: skip


async def run(*, tiny: bool = False) -> None:
    """Every table for both shapes."""
    if not tiny and not torch.cuda.is_available():
        print("This needs a CUDA device; `--tiny` runs the same code on the CPU in seconds.\n")
        return
    quiet()
    device = torch.device("cpu" if tiny else "cuda")
    dtype = torch.float32 if tiny else torch.bfloat16
    scale = TINY if tiny else Scale()
    if not tiny:
        print(f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}\n")
    rate = matrix_rate(scale.matrix, device, dtype)
    print(f"Measured matrix rate: {rate / 1e12:.3g} TFLOP/s ({scale.matrix}², {dtype})\n")
    for build in (_shapes.sd15, _shapes.sdxl):
        _Shape(build(device, dtype, tiny=tiny), scale, rate).tables()
        if not tiny:
            torch.cuda.empty_cache()


def matrix_rate(side: int, device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of one large matrix product, the best of ten."""
    a = torch.randn(side, side, device=device, dtype=dtype)
    torch.mm(a, a)
    return 2 * side**3 / min(seconds(lambda: torch.mm(a, a)) for _ in range(10))


class _Shape:
    """One base model, its library, and both ways to draw with it."""

    def __init__(self, base: Base, scale: Scale, rate: float) -> None:
        self._base, self._scale, self._rate = base, scale, rate
        self._ours = self._engine()
        self._library = Library(base, self._ours, 2 * GUILDS)
        native = {"width_px": base.native_px, "height_px": base.native_px}
        self._values = {"num_inference_steps": scale.steps, "guidance_scale": 6.0, **native}
        self._wishes = [self._guild(index) for index in range(scale.requests)]

    def tables(self) -> None:
        """Prints them all; memory first, while nothing else lies beside the engine."""
        self._memory()
        self._compositions()
        plain = Plain(self._base, self._library.adapters)
        operations = self._operations(plain)
        self._throughput(plain, operations)
        self._single(plain)
        del plain
        self._growth()
        self._speeds(operations)

    def _engine(self, **options: Any) -> Ours:
        scale = self._scale
        return Ours(self._base, images=scale.requests, adapter_bytes=scale.adapter_bytes, **options)

    def _guild(self, index: int) -> Wish:
        """Requests of eight guilds in turn, each with two concepts of its own."""
        names = list(self._library.adapters)
        guild = index % GUILDS
        return self._library.wish(index, names[2 * guild : 2 * guild + 2], **self._values)

    def _memory(self) -> None:
        """The engine's own: model, bank and encoded prompts, and a full batch beside them."""
        for wishes in (self._wishes, apart(self._wishes)):  # measures memory, fills caches
            self._ours.draw(wishes)
        rest = _held()
        with watched() as peak:
            self._ours.draw(self._wishes)
        with watched() as kept_apart:
            self._ours.draw(apart(self._wishes))
        cells = (f"{count / GIGABYTE:.2f}" for count in (rest, peak.bytes, kept_apart.bytes))
        columns = "model and adapters at rest", "full batch, at most", "kept apart, at most"
        show(("memory, GiB", *columns), [(self._base.name, *cells)])

    def _compositions(self) -> None:
        """How far the company of a batch moves a picture that is the same otherwise."""
        (one,), rest = apart(self._wishes[:1]), self._wishes[1:]
        alone = picture_of(self._ours.draw([one])[0])
        changes = {"num_inference_steps": max(1, self._scale.steps // 2), "guidance_scale": 1.0}
        fewer = replace(rest[0], request=rest[0].request.model_copy(update=changes))
        companies = {
            "one more of the same": [one],
            "one with other concepts": rest[:1],
            "one of other steps, unguided": [fewer],
            "a full batch": rest,
            "a full batch, kept apart": apart(rest),
        }
        rows = [
            (name, psnr_db(picture_of(self._ours.draw([one, *others])[0]), alone))
            for name, others in companies.items()
        ]
        show((f"{self._base.name}, one picture alone and beside", "PSNR dB"), rows)

    def _throughput(self, plain: Plain, operations: float) -> None:
        ways = {
            "sequential `set_adapters`": self._sequential(plain, self._wishes),
            "engine, the same sums": self._finished(self._wishes),
            "engine, concepts kept apart": self._finished(apart(self._wishes)),
        }
        operations *= self._scale.requests
        first = ways["sequential `set_adapters`"][-1]
        rows = [
            (
                name,
                f"{len(times) / times[-1]:.3g}",
                f"{first / times[-1]:.2f}",
                f"{statistics.median(times):.3g}",
                f"{times[int(0.95 * (len(times) - 1))]:.3g}",
                f"{operations / times[-1] / self._rate:.1%}",
            )
            for name, times in ways.items()
        ]
        title = f"{self._base.name}, {len(self._wishes)} requests, {self._scale.steps} steps"
        show((title, "images/s", "ratio", "p50 s", "p95 s", "share of matrix rate"), rows)

    def _sequential(self, plain: Plain, wishes: Sequence[Wish]) -> list[float]:
        plain.draw(wishes[0])
        times, now_s = [], 0.0
        for wish in wishes:
            now_s += seconds(lambda wish=wish: plain.draw(wish))
            times.append(now_s)
        return times

    def _finished(self, wishes: Sequence[Wish]) -> list[float]:
        """Finishing times of the median round."""
        made = []
        for _ in range(self._scale.rounds):
            self._ours.draw(wishes)
            made.append(sorted(self._ours.finished_s))
        return sorted(made, key=lambda times: times[-1])[len(made) // 2]

    def _operations(self, plain: Plain) -> float:
        """Of one image: the UNet at all its steps, both halves."""
        with FlopCounterMode(display=False) as counter:
            plain.draw(
                Wish(
                    self._wishes[0].request.model_copy(update={"num_inference_steps": 1}),
                    self._wishes[0].stack,
                )
            )
        counts = counter.get_flop_counts()
        unet = counts.get("UNet2DConditionModel") or counts["Global"]
        return float(sum(unet.values())) * self._scale.steps

    def _single(self, plain: Plain) -> None:
        one = self._wishes[:1]
        rounds = range(self._scale.rounds)
        ours = statistics.median(seconds(lambda: self._ours.draw(one)) for _ in rounds)
        theirs = statistics.median(seconds(lambda: plain.draw(one[0])) for _ in rounds)
        show(
            (f"{self._base.name}, one request", "plain diffusers s", "engine s", "ratio"),
            [("", f"{theirs:.3g}", f"{ours:.3g}", f"{theirs / ours:.2f}")],
        )

    def _growth(self) -> None:
        """A bank of its own, whose library grows; every swap brings in two that were never in."""
        rows = []
        unet = share(self._base.pipe.unet)
        bank = Bank(unet, budget_bytes=self._scale.adapter_bytes)
        adapters = [pairs(weights) for weights in self._library.adapters.values()]
        call = self._call(unet)
        for size in self._scale.sizes:
            for index in range(size):
                bank.print(f"{index}", adapters[index % len(adapters)])
            couples = [(f"{at}", f"{at - 1}") for at in range(size - 1, max(0, size - 10), -2)]
            swaps = [seconds(partial(bank.pin, couple)) for couple in couples]
            row = (Worn(f"{size - 1}", 0.5), Worn(f"{size - 2}", 0.5))
            wear = seconds(lambda row=row: bank.wear([row] * 2))
            call()
            step = statistics.median(seconds(call) for _ in range(5))
            rows.append(
                (size, *(f"{s * 1000:.3g}" for s in (statistics.median(swaps), wear, step)))
            )
            for couple in couples:
                bank.unpin(couple)
        title = f"{self._base.name}, concepts in the library"
        show((title, "two into the bank, ms", "put on one image, ms", "its UNet call, ms"), rows)

    def _speeds(self, operations: float) -> None:
        """Each setting in an engine of its own, after all that needs the weights as they were."""
        del self._ours
        _speeds.tell(
            f"{self._base.name}, settings",
            self._scale.settings,
            self._wishes,
            lambda speed: self._engine(speed=speed, storage=self._library.storage),
            rounds=self._scale.rounds,
            operations=operations,
            rate=self._rate,
        )

    def _call(self, unet: Any) -> Callable[[], object]:
        """The UNet call of one guided image."""
        base, size = self._base, self._base.pipe.unet.config.sample_size
        made = {"device": base.device, "dtype": base.dtype}
        latents = torch.randn(2, 4, size, size, **made)
        words = torch.randn(2, 77, unet.config.cross_attention_dim, **made)
        added = None
        if base.xl:
            pooled = base.text_encoders[1].config.projection_dim
            added = {"text_embeds": torch.randn(2, pooled, **made)}
            added["time_ids"] = torch.ones(2, 6, **made)
        timestep = torch.tensor(500, device=base.device)
        return torch.no_grad()(lambda: unet(latents, timestep, words, added_cond_kwargs=added))


def _held() -> int:
    settle()
    return torch.cuda.memory_allocated() if torch.cuda.is_available() else 0
