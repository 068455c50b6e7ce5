"""kill -9 in the middle of anything: nothing is lost, nothing happens twice."""

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.studio import Studio

ROOT = Path(__file__).parents[4]
KILLS = 3


def run_and_kill(folder: Path, chance: random.Random) -> list[tuple[str, int]]:
    """Let the program make some promises, kill it a moment later; all that it printed."""
    command = [sys.executable, "-m", "tests.unit.core.queue.churn", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        lines = [program.stdout.readline() for _ in range(chance.randint(4, 16))]
        time.sleep(chance.uniform(0, 0.03))
        program.kill()
        lines += program.stdout.read().splitlines(keepends=True)
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(word, int(number)) for word, number in whole]


def numbers(database: sqlite3.Connection, query: str) -> list[int]:
    return [number for (number,) in database.execute(query)]


async def test_promises_hold_after_every_kill(tmp_path: Path, empty_database: Path) -> None:
    """What was submitted is there, what was finished stays finished, and in the end every job
    has ended once, with its pictures and one delivery."""
    studio = Studio(tmp_path)
    await studio.close()
    chance = random.Random(7)
    promised: list[tuple[str, int]] = []
    for _ in range(KILLS):
        promised += run_and_kill(tmp_path, chance)
        with closing(sqlite3.connect(studio.file)) as database:
            _check_promises(database, promised)
    studio.open()
    await _finish_what_is_left(studio)
    await studio.close()
    with closing(sqlite3.connect(studio.file)) as database:
        _check_ends(database)


def _check_promises(database: sqlite3.Connection, promised: list[tuple[str, int]]) -> None:
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    jobs = set(numbers(database, "SELECT id FROM jobs"))
    assert {job for word, job in promised if word == "submitted"} <= jobs
    done = set(numbers(database, "SELECT id FROM jobs WHERE state = 'succeeded'"))
    finished = [job for word, job in promised if word == "finished"]
    assert set(finished) <= done
    assert len(finished) == len(set(finished))
    owed = numbers(database, "SELECT job_id FROM deliveries ORDER BY job_id")
    assert owed == sorted(done)


async def _finish_what_is_left(studio: Studio) -> None:
    await studio.queue.recover()
    while await studio.queue.position(await _oldest(studio)):
        await studio.work()


async def _oldest(studio: Studio) -> int:
    with closing(sqlite3.connect(studio.file)) as database:
        return (numbers(database, "SELECT min(id) FROM jobs WHERE state = 'queued'")[0]) or 0


def _check_ends(database: sqlite3.Connection) -> None:
    jobs = numbers(database, "SELECT id FROM jobs ORDER BY id")
    assert len(jobs) > KILLS
    ended = "SELECT job_id FROM job_events WHERE state IN ('succeeded', 'failed') ORDER BY job_id"
    assert numbers(database, ended) == jobs
    assert numbers(database, "SELECT job_id FROM deliveries ORDER BY job_id") == jobs
    pictures = (
        "SELECT count(images.id) FROM jobs LEFT JOIN images ON images.job_id = jobs.id"
        " WHERE state = 'succeeded' GROUP BY jobs.id"
    )
    assert set(numbers(database, pictures)) == {2}
