"""Fifty interactions a second while the worker is busy: how fast are they acknowledged?"""

import asyncio
import itertools
import statistics
import tempfile
from pathlib import Path

from tests.bench._table import show
from tests.person import Control
from tests.program import demo

RATE_PER_S = 50
SECONDS = 20
PEOPLE = (("owl", "general"), ("fox", "general"), ("badger", "bench"), ("otter", "bench"))
COMMANDS = ("help", "jobs list", "concepts list")


async def run() -> None:
    """Keep the worker sampling, send commands at a steady rate, read the acknowledgement times."""
    with tempfile.TemporaryDirectory() as folder:
        async with demo(Path(folder)) as (_, control):
            busy = asyncio.create_task(_keep_busy(control))
            await asyncio.sleep(3)
            answers = await _storm(control)
            busy.cancel()
    times = sorted(a["elapsed_ms"] for a in answers if a["outcome"] != "failed")
    cuts = statistics.quantiles(times, n=100)
    show(
        ("interactions", "a second", "answered", "median ms", "p99 ms", "worst ms"),
        [
            (
                len(answers),
                RATE_PER_S,
                f"{len(times) / len(answers):.1%}",
                f"{cuts[49]:.0f}",
                f"{cuts[98]:.0f}",
                f"{times[-1]:.0f}",
            )
        ],
    )


async def _keep_busy(control: Control) -> None:
    hare = control.person("hare", "gallery")
    while True:
        outcome = await hare.run("imagine", {"prompt": "a green cat", "count": 4, "steps": 50})
        await hare.wait(outcome["seq"], event="message_create", author="bot", attachments=1)


async def _storm(control: Control) -> list[dict[str, object]]:
    tasks = []
    turns = itertools.cycle(itertools.product(COMMANDS, PEOPLE))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for index in range(RATE_PER_S * SECONDS):
        await asyncio.sleep(max(0.0, began + index / RATE_PER_S - loop.time()))
        command, (name, channel) = next(turns)
        tasks.append(asyncio.create_task(control.person(name, channel).run(command)))
    return list(await asyncio.gather(*tasks))
