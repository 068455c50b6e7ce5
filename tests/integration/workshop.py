"""Database, queue, services, dispatcher and a real spawned worker, put together as in service."""

import asyncio
import io
import os
import signal
import wave
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from core.db import Database
from core.db.guilds import ensure_guild
from core.db.tables import ConceptRow
from core.dispatch.config import WorkerConfig
from core.dispatch.dispatcher import Dispatcher
from core.dispatch.local import LocalWorker
from core.domain.concepts import ConceptKind, ConceptVersion
from core.domain.jobs import Job, JobEvent, JobState, Progress
from core.domain.people import Actor
from core.domain.requests import Recipe, Request, TrainRequest
from core.queue import Bells, Queue
from core.services.services import Services
from core.settings import load_settings
from core.storage import Storage

GUILD, USER, CHANNEL = 7, 70, 700
ACTOR = Actor(guild_id=GUILD, user_id=USER)
LONG_S = 300.0


class NotingQueue(Queue):
    """The queue, remembering every progress that was reported to it."""

    def __init__(self, database: Database, bells: Bells) -> None:
        super().__init__(database, bells)
        self.reports: list[tuple[int, int, Progress]] = []

    async def report(self, job_id: int, attempt: int, progress: Progress) -> None:
        self.reports.append((job_id, attempt, progress))
        await super().report(job_id, attempt, progress)


class Workshop:
    """Everything but Discord, in one folder."""

    def __init__(
        self, folder: Path, *, model: str = "pocket", device: str = "cpu", dtype: str = "auto"
    ) -> None:
        settings = load_settings(data_dir=folder, _env_file=None)
        self.database = Database(settings.database)
        self.storage = Storage(settings.blobs)
        self.bells = Bells()
        self.queue = NotingQueue(self.database, self.bells)
        self.services = Services(self.database, self.storage, self.queue, self.bells, settings)
        self.config = WorkerConfig(
            storage_url=settings.blobs, model=model, device=device, dtype=dtype, threads=1
        )

    async def open(self) -> "Workshop":
        await self.database.start()
        self.start_working()
        return self

    def start_working(self) -> None:
        """Starts a dispatcher, as the program does when it starts."""
        self.dispatcher = Dispatcher(
            self.queue, self.services.results, self.bells, lambda: LocalWorker(self.config)
        )
        self._working = asyncio.create_task(self.dispatcher.run())

    async def stop_working(self) -> None:
        """Drains the dispatcher, as the program does on SIGTERM."""
        await self.dispatcher.drain()
        await self._working

    async def close(self) -> None:
        await self.stop_working()
        await self.database.close()

    async def add(self, request: Request) -> int:
        """Enqueues a job; returns its id."""
        async with self.database.transaction() as session:
            job = await self.queue.enqueue(
                session, guild_id=GUILD, user_id=USER, channel_id=CHANNEL, request=request
            )
        return job.id

    async def train_request(self, name: str, recipe: Recipe, **changes: Any) -> TrainRequest:
        """Makes a concept and returns the request that teaches it from two discs."""
        row = ConceptRow(
            guild_id=GUILD,
            owner_id=USER,
            name=name,
            class_noun="circle",
            kind=ConceptKind.SUBJECT,
            created_at=datetime.now(UTC),
        )
        async with self.database.transaction() as session:
            await ensure_guild(session, GUILD)
            session.add(row)
            await session.flush()
            concept_id = row.id
        values = {
            "concept_id": concept_id,
            "name": name,
            "class_noun": "circle",
            "concept_kind": ConceptKind.SUBJECT,
            "pictures": tuple(self.storage.put(picture(colour)) for colour in ("red", "teal")),
            "recipe": recipe,
            "seed": 3,
        }
        return TrainRequest(**(values | changes))

    async def job(self, job_id: int) -> Job:
        return await self.services.jobs.get(GUILD, job_id)

    async def until(self, job_id: int, holds: Callable[[Job], bool]) -> Job:
        """Waits until something holds of a job; the job then."""
        async with asyncio.timeout(LONG_S):
            while not holds(job := await self.job(job_id)):  # noqa: ASYNC110 - as another would
                await asyncio.sleep(0.02)
        return job

    async def ended(self, job_id: int) -> Job:
        return await self.until(job_id, lambda job: job.state.ended)

    async def history(self, job_id: int) -> list[JobEvent]:
        return list(await self.services.jobs.history(job_id))

    async def states(self, job_id: int) -> list[JobState]:
        return [event.state for event in await self.history(job_id)]

    async def version(self, name: str) -> ConceptVersion:
        """The version of a taught concept."""
        latest = (await self.services.library.find(GUILD, name)).latest
        if latest is None:
            raise LookupError(f"{name} has not been taught")
        return latest

    def steps_told(self, job_id: int, attempt: int) -> list[int]:
        """How far an attempt said that it was, in order."""
        return [p.done for job, of, p in self.queue.reports if (job, of) == (job_id, attempt)]

    def kill_worker(self) -> None:
        pid = self.dispatcher.worker_pid
        if pid is None:
            raise LookupError("there is no worker to kill")
        os.kill(pid, signal.SIGKILL)


def has_begun(job: Job) -> bool:
    """The worker has said something about the job's work."""
    return job.progress is not None and job.progress.done > 0


def is_running(job: Job) -> bool:
    return job.state is JobState.RUNNING


def picture(colour: str) -> bytes:
    """A small PNG with a disc on white."""
    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).ellipse((12, 12, 52, 52), fill=colour, outline="black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def hum(seconds: float) -> bytes:
    """A WAV file of a low tone with noise: a sound, but no speech."""
    rate_hz = 16_000
    clock = np.arange(int(seconds * rate_hz)) / rate_hz
    noise = np.random.default_rng(0).normal(0, 0.05, clock.size)
    samples = (np.sin(2 * np.pi * 110 * clock) * 0.2 + noise).clip(-1, 1)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
