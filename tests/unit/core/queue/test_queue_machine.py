"""Any sequence of steps leaves the queue as a small model of it says."""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from core.domain.jobs import MAX_ATTEMPTS, TRANSITIONS, Job, JobKind, JobState
from core.domain.requests import ImagineRequest
from tests.studio import CHANNEL, LEASE_S, Studio


@dataclass
class Model:
    """What is to be known of one job."""

    state: JobState = JobState.QUEUED
    attempt: int = 0
    losses: int = 0
    cancel_requested: bool = False

    def holds(self, attempt: int) -> bool:
        return self.state is JobState.RUNNING and self.attempt == attempt

    def put_down(self, lost_alone: bool | None) -> JobState:
        """Where a run that ended without a result leads."""
        if lost_alone is not None:
            self.losses = self.losses + 1 if lost_alone else max(self.losses, 1)
        if self.cancel_requested:
            self.state = JobState.CANCELLED
        elif self.losses >= MAX_ATTEMPTS:
            self.state = JobState.FAILED
        else:
            self.state = JobState.QUEUED
        return self.state


ENDINGS = {"complete": JobState.SUCCEEDED, "fail": JobState.FAILED, "stop": JobState.CANCELLED}


class QueueMachine(RuleBasedStateMachine):
    """Steps in any order, stale ones among them; `runs` are claims, whether or not they hold."""

    jobs = Bundle("jobs")
    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.studio = Studio(Path(self.folder.name))
        self.runner = asyncio.Runner()
        self.model: dict[int, Model] = {}

    @rule(target=jobs, guild_id=st.integers(1, 3))
    def enqueue(self, guild_id: int) -> int:
        job = self.runner.run(self._enqueue(guild_id))
        self.model[job.id] = Model()
        return job.id

    @rule(target=runs)
    def claim(self) -> object:
        job = self.runner.run(
            self.studio.queue.claim((JobKind.IMAGINE,), worker="w", lease_s=LEASE_S)
        )
        waiting = {key for key, job in self.model.items() if job.state is JobState.QUEUED}
        if job is None:
            assert not waiting
            return multiple()
        assert job.id in waiting
        suspects = {key for key in waiting if self.model[key].losses}
        assert job.id in suspects or not suspects
        assert job.losses == self.model[job.id].losses
        known = self.model[job.id]
        known.state, known.attempt = JobState.RUNNING, known.attempt + 1
        assert job.attempt == known.attempt
        return job

    @rule(job=runs, how=st.sampled_from(sorted(ENDINGS)))
    def end(self, job: Job, how: str) -> None:
        known = self.model[job.id]
        holds = known.holds(job.attempt)
        assert self.runner.run(self._end(job, how)) == holds
        if holds:
            known.state = ENDINGS[how]

    @rule(job=runs)
    def checkpoint(self, job: Job) -> None:
        self.runner.run(self.studio.queue.checkpoint(job.id, job.attempt, "0" * 64))
        if self.model[job.id].holds(job.attempt):
            self.model[job.id].losses = 0

    @rule(job=consumes(runs), released=st.booleans(), alone=st.booleans())
    def put_down(self, job: Job, released: bool, alone: bool) -> None:
        queue = self.studio.queue
        state = self.runner.run(
            queue.release(job.id, job.attempt)
            if released
            else queue.lose(job.id, job.attempt, "died", alone=alone)
        )
        known = self.model[job.id]
        lost_alone = None if released else alone
        expected = known.put_down(lost_alone) if known.holds(job.attempt) else None
        assert state is expected

    @rule(job_id=jobs)
    def cancel(self, job_id: int) -> None:
        known = self.model[job_id]
        if known.state is JobState.QUEUED:
            known.state = JobState.CANCELLED
        elif known.state is JobState.RUNNING:
            known.cancel_requested = True
        assert self.runner.run(self._cancel(job_id)) is known.state

    @rule()
    def restart(self) -> None:
        running = [job for job in self.model.values() if job.state is JobState.RUNNING]
        assert self.runner.run(self._restart()) == len(running)
        for job in running:
            job.put_down(lost_alone=len(running) == 1)

    def teardown(self) -> None:
        self.runner.run(self._compare())
        self.runner.run(self.studio.close())
        self.runner.close()
        self.folder.cleanup()

    async def _enqueue(self, guild_id: int) -> Job:
        request = ImagineRequest(prompt="a", seeds=(1,))
        async with self.studio.database.transaction() as session:
            return await self.studio.queue.enqueue(
                session, guild_id=guild_id, user_id=1, channel_id=CHANNEL, request=request
            )

    async def _end(self, job: Job, how: str) -> bool:
        queue = self.studio.queue
        async with self.studio.database.transaction() as session:
            if how == "fail":
                return await queue.fail(session, job.id, job.attempt, "Sorry.")
            step = queue.complete if how == "complete" else queue.cancelled
            return await step(session, job.id, job.attempt)

    async def _cancel(self, job_id: int) -> JobState:
        async with self.studio.database.transaction() as session:
            return await self.studio.queue.cancel(session, job_id)

    async def _restart(self) -> int:
        await self.studio.close()
        self.studio.open()
        return await self.studio.queue.recover()

    async def _compare(self) -> None:
        """States, histories and deliveries are as the model says."""
        owed = [due.job_id for due in await self.studio.services.outbox.due(1000)]
        assert sorted(owed) == sorted(
            job_id for job_id, job in self.model.items() if job.state.ended
        )
        for job_id, known in self.model.items():
            history = await self.studio.services.jobs.history(job_id)
            states = [line.state for line in history]
            assert states[-1] is known.state
            assert all(later in TRANSITIONS[earlier] for earlier, later in pairwise(states))


class TestQueueMachine(QueueMachine.TestCase):  # type: ignore[misc,name-defined]
    """The machine as a test."""

    settings = settings(
        max_examples=10,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take minutes
    )
