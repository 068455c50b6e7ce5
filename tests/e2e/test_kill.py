"""kill -9 at bad moments: each job ends once, each result is posted once, training goes on."""

import asyncio
import json
import os
import signal
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler

from tests.e2e.records import Row, jobs, rows
from tests.e2e.test_main_job import SAMPLES, no_violations
from tests.person import Control
from tests.program import Program, all_gone, free_port, running, until_online
from tests.small_pocket import small_pocket

TIMEOUT_S = 300
STEPS = 40
FIRST_SAVED = 10
"""The step of the first checkpoint."""
SPOKEN_TIMES = 8  # 27 seconds: hearing it takes a while
SPEECH_RATE_HZ = 8_000


@asynccontextmanager
async def playground(folder: Path) -> AsyncIterator[tuple[Control, Program]]:
    """A playground that outlives the bot, and the bot's program, not started yet."""
    port = free_port()
    server = Program("bot.playground", "--port", str(port), log=folder / "playground.log")
    bot = Program(
        "bot",
        "run",
        log=folder / "bot.log",
        data_dir=folder,
        model=small_pocket(folder / "model"),
        evaluate_training="false",
        discord_token="playground",
        discord_api=f"http://127.0.0.1:{port}/api/v10",
        discord_gateway=f"ws://127.0.0.1:{port}/",
    )
    async with running(server), Control(f"http://127.0.0.1:{port}") as control:
        yield control, bot


async def until(folder: Path, query: str, *values: object) -> Row:
    """The first row that a query gives, once it gives one."""
    for _ in range(TIMEOUT_S * 50):
        if found := rows(folder, query, *values):
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError(f"never came true: {query} {values}; jobs: {jobs(folder)}")


async def ended(folder: Path, count: int) -> list[Row]:
    """All jobs, once `count` of them have ended and been posted."""
    await until(
        folder,
        "SELECT 1 FROM deliveries WHERE state = 'posted' GROUP BY 1 HAVING count(*) = ?",
        count,
    )
    return jobs(folder)


async def into_the_middle(folder: Path, control: Control) -> None:
    """A training that has saved a checkpoint, pictures and a long transcription, all running."""
    owl, hare = control.person("owl", "general"), control.person("hare", "gallery")
    files = {"z": SAMPLES / "xyz.zip"}
    options = {"name": "xyz", "class": "temple", "zip": "z", "steps": STEPS}
    settings = {"checkpoint_every": FIRST_SAVED, "company": 0, "words_first": "no"}
    options |= {"settings": ", ".join(f"{name}={value}" for name, value in settings.items())}
    await owl.run("train", options, files=files)
    learning = "SELECT 1 FROM jobs WHERE kind = 'train' AND json_extract(progress, '$.done') > ?"
    await until(folder, learning, FIRST_SAVED)
    await control.post("dms", {"user": "fox"})
    await hare.run("imagine", {"prompt": "a red star at night", "count": 4, "steps": 80})
    await until(folder, "SELECT 1 FROM jobs WHERE kind = 'imagine' AND state = 'running'")
    await control.person("fox", "dm:fox").speak(long_speech(folder))
    running = "SELECT 1 FROM jobs WHERE state = 'running' GROUP BY 1 HAVING count(*) = 3"
    await until(folder, running)


def long_speech(folder: Path) -> Path:
    """The spoken sample over and over, as a WAV file."""
    resampler = AudioResampler(format="s16", layout="mono", rate=SPEECH_RATE_HZ)
    with av.open(str(SAMPLES / "say.ogg")) as sample:
        frames = [out for frame in sample.decode(audio=0) for out in resampler.resample(frame)]
    spoken = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    path = folder / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SPEECH_RATE_HZ)
        file.writeframes(spoken.tobytes() * SPOKEN_TIMES)
    return path


async def results_posted(control: Control) -> dict[str, int]:
    """How many results each channel holds: messages of the bot with a nonce."""
    counts = {}
    for name, channel in (("owl", "general"), ("hare", "gallery"), ("fox", "dm:fox")):
        messages = await control.person(name, channel).messages()
        mine = [m for m in messages if m["author"].get("bot") and not m.get("interaction_metadata")]
        counts[channel] = len(mine)
    return counts


def check_history(folder: Path) -> None:
    """Every job was run twice, succeeded, ended once and has one delivery."""
    attempts = {job["kind"]: job["attempt"] for job in jobs(folder)}
    assert attempts == {"train": 2, "imagine": 2, "transcribe": 2}
    for job in jobs(folder):
        assert job["state"] == "succeeded", job["error"]
        history = rows(folder, "SELECT state FROM job_events WHERE job_id = ?", job["id"])
        assert [event["state"] for event in history].count("succeeded") == 1
        assert len(rows(folder, "SELECT 1 FROM deliveries WHERE job_id = ?", job["id"])) == 1


@pytest.mark.timeout(1500)
async def test_the_whole_program_is_killed(tmp_path: Path) -> None:
    """After kill -9 of everything and a restart, all three jobs end once and are posted once."""
    async with playground(tmp_path) as (control, bot):
        await bot.start()
        await until_online(control, bot)
        await into_the_middle(tmp_path, control)
        orphans = await bot.kill()
        assert await all_gone(orphans), "a killed program left its worker running"
        async with running(bot):
            await until_online(control, bot)
            await ended(tmp_path, 3)
            posted = await results_posted(control)
            await no_violations(control)
    check_history(tmp_path)
    assert posted == {"general": 1, "gallery": 1, "dm:fox": 1}
    check_resumed(tmp_path, bot)


@pytest.mark.timeout(1500)
async def test_the_worker_is_killed(tmp_path: Path) -> None:
    """The program notices a killed worker, starts another and ends every job once."""
    async with playground(tmp_path) as (control, bot), running(bot):
        await until_online(control, bot)
        await into_the_middle(tmp_path, control)
        (worker,) = _workers(bot)
        os.kill(worker, signal.SIGKILL)
        await ended(tmp_path, 3)
        posted = await results_posted(control)
        await no_violations(control)
    check_history(tmp_path)
    assert posted == {"general": 1, "gallery": 1, "dm:fox": 1}
    check_resumed(tmp_path, bot)


def _workers(program: Program) -> list[int]:
    """Process ids of the spawned workers: the children that hold torch."""
    return [
        process.pid
        for process in program.family()[1:]
        if "spawn_main" in " ".join(process.cmdline())
    ]


def check_resumed(folder: Path, program: Program) -> None:
    """The training's second run was given the checkpoint, not nothing."""
    (job,) = rows(folder, "SELECT id FROM jobs WHERE kind = 'train'")
    started = [json.loads(line) for line in program.text().splitlines() if "job started" in line]
    runs = [one["resumed"] for one in started if one["job"] == job["id"]]
    assert runs == [False, True]
