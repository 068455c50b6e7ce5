"""The engine with the embedded model on the CPU, against diffusers' own way in the same run.

Sequential: `set_adapters` with the two concepts of a request, then the pipeline's call. All its
adapters are loaded beforehand, two or thirty-two of them; four of the waiting requests are timed,
since one costs as much as the next. Engine: all waiting requests at once, from admission to the
last picture. Rounds of both alternate.
"""

import itertools

import torch

from core.precision import half_on_cpu
from core.worker.device import resolve_dtype
from core.worker.models import load_base
from tests.bench import _memory
from tests.bench._engine import (
    Library,
    Ours,
    Plain,
    Wish,
    apart,
    medians,
    picture_of,
    quiet,
    threads,
)
from tests.bench._table import show
from tests.small_pocket import with_small_unet

TIMED = 4
MEGABYTES = 2**20


def dtypes(wanted: str = "auto") -> list[torch.dtype]:
    """Float32, and bfloat16 where the processor has it: emulated it takes thirty times as long."""
    if wanted != "auto":
        return [resolve_dtype(wanted, torch.device("cpu"))]
    return list(dict.fromkeys((torch.float32, half_on_cpu())))


async def run(*, tiny: bool = False, dtype: str = "auto") -> None:
    """A row for every dtype, or the one given, and number of threads and of waiting requests."""
    quiet()
    waiting, threads_, rounds, steps = (1, 4, 16), (1, 2), 3, 20
    if tiny:
        waiting, threads_, rounds, steps = (1, 2), (1,), 1, 2
    for each in dtypes(dtype):
        side = _Side(each, max(waiting), steps=steps, tiny=tiny)
        rows = [
            side.row(count, used, rounds=rounds)
            for used, count in itertools.product(threads_, waiting)
        ]
        show(
            (
                f"{str(each).removeprefix('torch.')}, {steps} steps, ms an image",
                "threads", "sequential, 2 loaded", f"sequential, {2 * max(waiting)} loaded",
                "engine", "ratio", "ratio", "engine, kept apart",
            ),
            rows,
        )  # fmt: skip
        print(f"Largest difference between the pictures of both (0 to 1): {side.gap():.1e}\n")
    if not tiny:
        _memory.tell("pocket")


class _Side:
    """Both ways over one loaded base model."""

    def __init__(self, dtype: torch.dtype, most: int, *, steps: int, tiny: bool) -> None:
        base = load_base("pocket", device=torch.device("cpu"), dtype=dtype)
        if tiny:
            base = with_small_unet(base)
        self._ours = Ours(base, images=most, adapter_bytes=256 * MEGABYTES)
        library = Library(base, self._ours, 2 * most)
        size = {"width_px": base.native_px, "height_px": base.native_px}
        options = {"num_inference_steps": steps, "guidance_scale": 3.0, **size}
        self._wishes = library.pairs(most, **options)
        names = list(library.adapters)[:2]
        self._two = [library.wish(index, names, **options) for index in range(most)]
        self._few = Plain(base, {name: library.adapters[name] for name in names})
        self._many = Plain(base, library.adapters)

    def row(self, count: int, used: int, *, rounds: int) -> tuple[object, ...]:
        """Median milliseconds an image with so many waiting."""
        timed, wishes = min(TIMED, count), self._wishes[:count]
        with threads(used):
            took = medians(
                rounds,
                few=lambda: _one_by_one(self._few, self._two[:timed]),
                many=lambda: _one_by_one(self._many, wishes[:timed]),
                ours=lambda: self._ours.draw(wishes),
                apart=lambda: self._ours.draw(apart(wishes)),
            )
        few, many = took["few"] / timed, took["many"] / timed
        ours, kept_apart = took["ours"] / count, took["apart"] / count
        cells = (f"{value * 1000:.0f}" for value in (few, many, ours))
        ratios = f"{few / ours:.2f}", f"{many / ours:.2f}"
        return f"{count} waiting", used, *cells, *ratios, f"{kept_apart * 1000:.0f}"

    def gap(self) -> float:
        """Between the first picture of both ways."""
        (draft,) = self._ours.draw(self._wishes[:1])
        return float((picture_of(draft) - self._many.draw(self._wishes[0]).float()).abs().max())


def _one_by_one(plain: Plain, wishes: list[Wish]) -> None:
    for wish in wishes:
        plain.draw(wish)
