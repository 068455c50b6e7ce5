"""A program that submits, claims and ends jobs as fast as it can, to be killed in the middle.

It prints a line for each promise that it made: what it printed must be true after the kill.
"""

import asyncio
import sys
from itertools import cycle
from pathlib import Path

from core.domain.people import Actor
from tests.studio import EVERY_KIND, LEASE_S, Studio, answer

GUILDS = cycle((1, 2))


def promise(word: str, job_id: int) -> None:
    """Tell whoever will do the killing."""
    sys.stdout.write(f"{word} {job_id}\n")
    sys.stdout.flush()


async def submit(studio: Studio) -> None:
    """Keep a few jobs waiting."""
    while True:
        if len(await studio.services.jobs.mine(Actor(1, 10))) < 15:
            submitted = await studio.ask(Actor(next(GUILDS), 10), count=2)
            promise("submitted", submitted.job.id)
        await asyncio.sleep(0)


async def work(studio: Studio, *, careless: bool) -> None:
    """Claim and end jobs; the careless one loses every second."""
    for turn in cycle((0, 1)):
        job = await studio.queue.claim(EVERY_KIND, worker="w", lease_s=LEASE_S)
        if job is None:
            await asyncio.sleep(0.01)
        elif careless and turn and job.attempt == 1:
            await studio.queue.lose(job.id, job.attempt, "careless", alone=True)
        else:
            await studio.services.results.finish(answer(job))
            promise("finished", job.id)


async def main(folder: Path) -> None:
    """Recover, then go on until the end."""
    studio = Studio(folder)
    await studio.queue.recover()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(submit(studio))
        tasks.create_task(work(studio, careless=False))
        tasks.create_task(work(studio, careless=True))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
