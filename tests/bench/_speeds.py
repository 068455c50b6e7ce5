"""What each setting of speed brings to the engine, one after the other over the same weights."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from core.worker.engine.speed import AS_IT_IS, Speed
from tests.bench._engine import Ours, Wish, picture_of, psnr_db, seconds
from tests.bench._table import show

SETTINGS: Mapping[str, Speed] = {
    "as it is": AS_IT_IS,
    "compiled": Speed(compile="on"),
    "CUDA graphs": Speed(compile="graphs"),
    # Last, since they move the weights that all have in common.
    "channels-last": Speed(channels_last=True),
    "channels-last, compiled": Speed(channels_last=True, compile="on"),
    "channels-last, CUDA graphs": Speed(channels_last=True, compile="graphs"),
}


TINY: Mapping[str, Speed] = {name: SETTINGS[name] for name in ("as it is", "channels-last")}
"""Compiling takes longer than all the rest; it has tests of its own."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one setting took, and the picture of its first request."""

    images_a_s: float
    one_s: float
    picture: Tensor


def tell(
    title: str,
    settings: Mapping[str, Speed],
    wishes: Sequence[Wish],
    engine: Callable[[Speed], Ours],
    *,
    rounds: int,
    operations: float,
    rate: float,
) -> None:
    """Prints a row for each setting; `operations` are those of one image, `rate` the machine's."""
    runs = {name: _run(engine(speed), wishes, rounds) for name, speed in settings.items()}
    first = runs["as it is"]
    rows = [
        (
            name,
            f"{run.images_a_s:.3g}",
            f"{run.images_a_s / first.images_a_s:.2f}",
            f"{operations * run.images_a_s / rate:.1%}",
            f"{run.one_s:.3g}",
            f"{first.one_s / run.one_s:.2f}",
            psnr_db(run.picture, first.picture),
        )
        for name, run in runs.items()
    ]
    header = "images/s", "gain", "share of matrix rate", "one request s", "gain", "PSNR dB"
    show((title, *header), rows)


def _run(ours: Ours, wishes: Sequence[Wish], rounds: int) -> Run:
    """Medians after what fills caches, measures memory and compiles."""
    for _ in range(2):
        ours.draw(wishes)
        drawn = ours.draw(wishes[:1])
    every = statistics.median(seconds(lambda: ours.draw(wishes)) for _ in range(rounds))
    one = statistics.median(seconds(lambda: ours.draw(wishes[:1])) for _ in range(rounds))
    return Run(len(wishes) / every, one, picture_of(drawn[0]))
