"""How long `/imagine` waits with a training running and without: the real queue and worker."""

import statistics
import tempfile
import time
from pathlib import Path

from core.domain.requests import ImagineRequest, Recipe
from tests.bench._table import show
from tests.integration.workshop import ACTOR, Workshop, has_begun

ROUNDS = 40


async def run(
    *, tiny: bool = False, model: str = "pocket", device: str = "cpu", dtype: str = "auto"
) -> None:
    """Asks for one picture after the other, from the moment it is queued to its end."""
    rounds, steps = (3, 2) if tiny else (ROUNDS, 20)
    with tempfile.TemporaryDirectory() as folder:
        shop = await Workshop(Path(folder), model=model, device=device, dtype=dtype).open()
        try:
            await _waits(shop, 2, steps)
            without = await _waits(shop, rounds, steps)
            recipe = Recipe(steps=5000, prior_pictures=0, checkpoint_every=5000, preview_every=5000)
            training = await shop.add(await shop.train_request("dot", recipe))
            await shop.until(training, has_begun)
            beside = await _waits(shop, rounds, steps)
            await shop.services.jobs.cancel(ACTOR, training)
            await shop.ended(training)
        finally:
            await shop.close()
    show(
        (f"one picture of {steps} steps, {rounds} rounds, {device}", "median ms", "p95 ms"),
        [("without training", *_cells(without)), ("with training running", *_cells(beside))],
    )


async def _waits(shop: Workshop, rounds: int, steps: int) -> list[float]:
    taken = []
    for seed in range(rounds):
        wish = ImagineRequest(prompt="a red star", seeds=(seed,), num_inference_steps=steps)
        began_s = time.perf_counter()
        await shop.ended(await shop.add(wish))
        taken.append(time.perf_counter() - began_s)
    return taken


def _cells(taken: list[float]) -> tuple[str, str]:
    p95 = statistics.quantiles(taken, n=20)[-1]
    return f"{statistics.median(taken) * 1000:.0f}", f"{p95 * 1000:.0f}"
