"""The loop that takes claimed jobs to a worker and writes down what comes back."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import structlog

from core.dispatch.local import LocalWorker
from core.dispatch.messages import (
    Broken,
    Cancel,
    Checkpointed,
    Drain,
    EndEarly,
    Ended,
    Failed,
    FromWorker,
    Progressed,
    Ready,
    Run,
)
from core.domain.jobs import Job, JobKind
from core.errors import ModelFault, WorkerLost
from core.queue.bell import Bells
from core.queue.queue import Queue
from core.services.results import Results

LEASE_S = 30.0
POLL_S = 1.0
"""How long a job waits when it was put into the database by another program, without a bell."""
BACKOFF_S, BACKOFF_MAX_S = 0.5, 30.0
DIED_LOADING = (
    "ATELIER_MODEL: {cause} while it loaded the models, mostly because memory ran out. Set a "
    "smaller model or ATELIER_DTYPE=bfloat16, or see what the log says before this."
)

log = structlog.get_logger(__name__)


class Dispatcher:
    """Keeps one worker alive and busy: as many imagine jobs as it takes, one of any other kind.

    Jobs of a worker that dies go back to the queue. Each of them may have been the cause, so they
    are suspects and run one by one, each alone, until the cause is found. A worker that dies again
    and again is started ever more slowly; where none ever came up, there is no second try.
    """

    def __init__(
        self,
        queue: Queue,
        results: Results,
        bells: Bells,
        make_worker: Callable[[], LocalWorker],
        *,
        name: str = "local",
        lease_s: float = LEASE_S,
    ) -> None:
        self._queue, self._results, self._bells = queue, results, bells
        self._make_worker = make_worker
        self._name, self._lease_s = name, lease_s
        self._worker: LocalWorker | None = None
        self._ready: Ready | None = None
        self._seen_ready = asyncio.Event()
        self._running: dict[int, Job] = {}
        self._told: set[Cancel | EndEarly] = set()
        self._deaths = 0
        self._was_up = False
        self._broken = ""
        self._draining = asyncio.Event()
        self._drained = asyncio.Event()

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker, where there is one now."""
        return self._worker.pid if self._worker else None

    @property
    def able(self) -> bool:
        """False from when a worker died while it was loading until another is up."""
        return not self._broken

    async def ready(self) -> Ready:
        """Waits until a worker is up; returns what it runs."""
        while self._ready is None:
            await self._seen_ready.wait()
        return self._ready

    async def run(self) -> None:
        """Works until drained.

        Raises:
            ModelFault: the very first worker cannot load its models; names the setting.
        """
        try:
            await self._queue.recover()
            while not self._draining.is_set():
                await self._one_worker()
                if self._broken and not self._was_up:
                    raise ModelFault(self._broken)
                await self._pause()
        finally:
            self._drained.set()

    async def drain(self, *, timeout_s: float = 30.0) -> None:
        """Has the worker put everything down and end; after `timeout_s` it is killed."""
        self._draining.set()
        self._bells.jobs.ring()
        if self._worker is not None:
            await self._ask_to_drain(self._worker)
        if not await _within(self._drained, timeout_s) and self._worker is not None:
            self._worker.kill()
        await self._drained.wait()

    async def _ask_to_drain(self, worker: LocalWorker) -> None:
        if self._ready is None:
            worker.kill()  # still loading: it holds no job
            return
        try:
            await worker.send(Drain())
        except WorkerLost:
            log.info("worker ended before it was drained")

    async def _one_worker(self) -> None:
        """One worker process from start to end."""
        worker = self._worker = self._make_worker()
        worker.start()
        try:
            async with asyncio.TaskGroup() as group:
                gone = asyncio.Event()
                group.create_task(self._feed(worker, gone))
                group.create_task(self._beat(gone))
                await self._listen(worker)
                gone.set()
                self._bells.jobs.ring()
        finally:
            worker.kill()
            code = await worker.ended()
            self._note_end(code)
            self._worker = self._ready = None
            self._seen_ready.clear()
            await self._put_back(code)

    async def _listen(self, worker: LocalWorker) -> None:
        async for message in worker.messages():
            await self._hear(message)

    async def _hear(self, message: FromWorker) -> None:
        match message:
            case Ready():
                self._ready, self._was_up, self._broken = message, True, ""
                self._queue.places[JobKind.IMAGINE] = message.imagine_jobs
                self._queue.family, self._queue.weights = message.family, message.weights
                self._seen_ready.set()
                self._bells.jobs.ring()
                log.info("worker ready", model=message.model, device=message.device)
            case Broken(text=text):
                self._broken = text
                log.error("worker cannot start", cause=text)
            case Progressed():
                await self._queue.report(message.job_id, message.attempt, message.progress)
            case Checkpointed():
                await self._keep_checkpoint(message)
            case _:
                await self._end(message)

    async def _keep_checkpoint(self, saved: Checkpointed) -> None:
        await self._queue.checkpoint(saved.job_id, saved.attempt, saved.key)
        job = self._running.get(saved.job_id)
        if job is not None and job.suspect and job.attempt == saved.attempt:
            self._running[job.id] = replace(job, losses=0)
            self._bells.jobs.ring()

    async def _end(self, ended: Ended) -> None:
        if isinstance(ended, Failed) and not ended.users_fault:
            log.error("job failed", job=ended.job_id, traceback=ended.traceback)
        await self._results.finish(ended)
        self._deaths = 0
        self._forget(ended.job_id)
        self._bells.jobs.ring()

    async def _feed(self, worker: LocalWorker, gone: asyncio.Event) -> None:
        """Claims jobs while there is room, and passes on what people want stopped."""
        while not gone.is_set():
            while not gone.is_set() and await self._claim_one(worker):
                pass
            await self._pass_on_stops(worker)
            await self._bells.jobs.wait(POLL_S)

    def _room(self) -> set[JobKind]:
        """The kinds of which one more job can run now."""
        if self._ready is None or self._draining.is_set():
            return set()
        if any(job.suspect for job in self._running.values()):
            return set()
        running = Counter(job.kind for job in self._running.values())
        return {kind for kind, places in self._queue.places.items() if running[kind] < places}

    async def _claim_one(self, worker: LocalWorker) -> bool:
        room = self._room()
        if not room:
            return False
        job = await self._queue.claim(room, worker=self._name, lease_s=self._lease_s)
        if job is None:
            return False
        self._running[job.id] = job
        resumed = job.checkpoint is not None
        log.info("job started", job=job.id, kind=job.kind, attempt=job.attempt, resumed=resumed)
        return await self._try_send(
            worker, Run(job.id, job.attempt, job.request, checkpoint=job.checkpoint)
        )

    async def _pass_on_stops(self, worker: LocalWorker) -> None:
        if not self._running:
            return
        stops: list[Cancel | EndEarly] = []
        stops += [Cancel(job_id) for job_id in await self._queue.cancel_requests()]
        stops += [EndEarly(job_id) for job_id in await self._queue.early_ends()]
        for stop in stops:
            if stop.job_id in self._running and stop not in self._told:
                self._told.add(stop)
                await self._try_send(worker, stop)

    async def _try_send(self, worker: LocalWorker, message: Run | Cancel | EndEarly) -> bool:
        """False when the worker has just died; its jobs are put back when that is noticed."""
        try:
            await worker.send(message)
        except WorkerLost:
            return False
        return True

    async def _beat(self, gone: asyncio.Event) -> None:
        """Keeps the leases of running jobs, and ends those that nobody keeps."""
        while not gone.is_set():
            if self._running:
                await self._queue.heartbeat(list(self._running), lease_s=self._lease_s)
            await self._queue.expire_leases()
            await _within(gone, self._lease_s / 3)

    def _note_end(self, code: int) -> None:
        """A worker has ended; one that nobody asked to had a cause."""
        if self._draining.is_set():
            return
        loading = self._ready is None
        log.warning("worker lost", exit_code=code, loading=loading, jobs=len(self._running))
        if loading:
            self._broken = self._broken or DIED_LOADING.format(cause=_cause(code))

    async def _put_back(self, code: int) -> None:
        """Gives back the jobs of a worker that has ended."""
        held = list(self._running.values())
        for job in held:
            if self._draining.is_set():
                await self._queue.release(job.id, job.attempt)
            else:
                alone = len(held) == 1
                log.warning("job lost", job=job.id, alone=alone)
                await self._queue.lose(job.id, job.attempt, _cause(code), alone=alone)
            self._forget(job.id)

    def _forget(self, job_id: int) -> None:
        self._running.pop(job_id, None)
        self._told = {stop for stop in self._told if stop.job_id != job_id}

    async def _pause(self) -> None:
        """Waits before the next worker, longer after each death that no finished job is between."""
        self._deaths += 1
        delay_s = min(BACKOFF_MAX_S, BACKOFF_S * 2 ** (self._deaths - 1))
        await _within(self._draining, delay_s)


async def _within(event: asyncio.Event, timeout_s: float) -> bool:
    """Waits for an event; False when it did not come in time."""
    try:
        return await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return False


def _cause(code: int) -> str:
    return f"the worker was ended by signal {-code}" if code < 0 else f"the worker ended ({code})"
