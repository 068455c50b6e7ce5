"""The queue: enqueue, claim under a lease, report, end; every step survives a kill.

A step that belongs to one attempt takes its number, so that a worker that was given up cannot
write over the one that followed it.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, after_commit, rows
from core.db.guilds import ensure_guild
from core.db.tables import GuildRow, JobRow
from core.domain.jobs import Job, JobKind, JobState, Progress
from core.domain.requests import FuseRequest, ImportRequest, Request, TrainRequest
from core.errors import NotFound
from core.queue.bell import Bells
from core.queue.order import next_job, place_of
from core.queue.transitions import FRESH, end, give_back, record

TEACHES = (TrainRequest, ImportRequest, FuseRequest)
"""What makes a new version of a concept, one at a time."""


class Queue:
    """Jobs in a database; `bells` wake whoever waits for them in this process."""

    def __init__(self, database: Database, bells: Bells) -> None:
        self._database = database
        self._bells = bells
        self.places = dict.fromkeys(JobKind, 1)
        """How many jobs of each kind run at once, as far as the worker has told this process."""
        self.family = self.weights = ""
        """Of the base model that runs, as far as the worker has told this process."""

    async def enqueue(
        self,
        session: AsyncSession,
        *,
        guild_id: int,
        user_id: int,
        channel_id: int,
        request: Request,
        reply_to: int | None = None,
        cautions: tuple[str, ...] = (),
    ) -> Job:
        """Add a job; it is safe once the caller's transaction is."""
        await ensure_guild(session, guild_id)
        row = JobRow(
            guild_id=guild_id,
            user_id=user_id,
            channel_id=channel_id,
            kind=JobKind(request.kind),
            state=JobState.QUEUED,
            request=request,
            concept_id=request.concept_id if isinstance(request, TEACHES) else None,
            attempt=0,
            created_at=datetime.now(UTC),
            reply_to=reply_to,
            cautions=cautions,
        )
        session.add(row)
        await session.flush()
        record(session, row)
        after_commit(session, self._bells.jobs.ring)
        return rows.job(row)

    async def claim(self, kinds: Collection[JobKind], *, worker: str, lease_s: float) -> Job | None:
        """Take the next job of these kinds for `lease_s` seconds; None when nothing waits."""
        async with self._database.transaction() as session:
            claimed = (
                update(JobRow)
                .where(JobRow.id == next_job(kinds), JobRow.state == JobState.QUEUED)
                .values(
                    state=JobState.RUNNING,
                    attempt=JobRow.attempt + 1,
                    worker=worker,
                    lease_until=_lease(lease_s),
                    started_at=datetime.now(UTC),
                )
                .returning(JobRow)
            )
            row = (await session.scalars(claimed, execution_options=FRESH)).one_or_none()
            if row is None:
                return None
            line = record(session, row)
            await session.flush()
            turn = update(GuildRow).where(GuildRow.id == row.guild_id).values(turn=line.id)
            await session.execute(turn)
            return rows.job(row)

    async def heartbeat(self, job_ids: Collection[int], *, lease_s: float) -> None:
        """Say that these jobs are still being worked on."""
        await self._write_running(JobRow.id.in_(job_ids), lease_until=_lease(lease_s))

    async def report(self, job_id: int, attempt: int, progress: Progress) -> None:
        """Write down how far a running job is; a stale attempt writes nothing."""
        await self._write_running(JobRow.id == job_id, JobRow.attempt == attempt, progress=progress)
        self._bells.progress.ring()

    async def checkpoint(self, job_id: int, attempt: int, key: str) -> None:
        """Write down from which blob a later attempt can go on; who gets on is no suspect."""
        own = (JobRow.id == job_id, JobRow.attempt == attempt)
        await self._write_running(*own, checkpoint=key, losses=0)

    async def complete(self, session: AsyncSession, job_id: int, attempt: int) -> bool:
        """End a job well; False when the row has moved on and the result is to be dropped."""
        return await self._end(session, job_id, attempt, target=JobState.SUCCEEDED)

    async def fail(
        self, session: AsyncSession, job_id: int, attempt: int, text: str, *, cause: str = ""
    ) -> bool:
        """End a job with a sentence for its person; False when the row has moved on."""
        return await self._end(
            session, job_id, attempt, target=JobState.FAILED, error=text, cause=cause
        )

    async def cancelled(self, session: AsyncSession, job_id: int, attempt: int) -> bool:
        """End a job that was stopped as asked; False when the row has moved on."""
        return await self._end(session, job_id, attempt, target=JobState.CANCELLED)

    async def cancel(self, session: AsyncSession, job_id: int) -> JobState:
        """Cancel what waits at once and ask for what runs; the state that the job is in now.

        Raises:
            NotFound: there is no such job.
        """
        after_commit(session, self._bells.jobs.ring)
        gone = await end(
            session, job_id, source=JobState.QUEUED, target=JobState.CANCELLED, cause="asked"
        )
        if gone is not None:
            after_commit(session, self._bells.deliveries.ring)
            return gone.state
        await session.execute(
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.state == JobState.RUNNING)
            .values(cancel_requested=True)
        )
        row = await session.get(JobRow, job_id, populate_existing=True)
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        return row.state

    async def end_early(self, session: AsyncSession, job_id: int) -> JobState:
        """Ask for a training to end with what it has learned; the state that it is in now.

        The wish is part of the request from then on, so it outlives the worker. A training that
        has not begun is cancelled.

        Raises:
            NotFound: there is no such job.
        """
        row = await session.get(JobRow, job_id, populate_existing=True)
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        if row.state is JobState.QUEUED and row.checkpoint is None:
            return await self.cancel(session, job_id)
        after_commit(session, self._bells.jobs.ring)
        await session.execute(
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.state.in_((JobState.QUEUED, JobState.RUNNING)))
            .values(request=row.request.model_copy(update={"ends_early": True}))
        )
        return row.state

    async def release(self, job_id: int, attempt: int) -> JobState | None:
        """Put a job back that was laid down on purpose; that does not count against it."""
        async with self._database.transaction() as session:
            return await self._give_back(session, job_id, attempt, cause="released")

    async def lose(self, job_id: int, attempt: int, cause: str, *, alone: bool) -> JobState | None:
        """Put a job back whose worker ended under it; give it up after `MAX_ATTEMPTS` times.

        `alone`: the worker had no other job. Returns the state that it went to; None when the row
        had moved on.
        """
        async with self._database.transaction() as session:
            return await self._give_back(session, job_id, attempt, cause=cause, lost_alone=alone)

    async def expire_leases(self) -> int:
        """Lose every running job without a heartbeat in its lease; how many."""
        return await self._lose_where(JobRow.lease_until < datetime.now(UTC), cause="lease ran out")

    async def recover(self) -> int:
        """Lose every running job: at start, where the one dispatcher was killed; how many."""
        return await self._lose_where(cause="the program was restarted")

    async def position(self, job_id: int) -> int:
        """The place in the queue, 1 for the next; 0 when the job does not wait."""
        async with self._database.session() as session:
            return await place_of(session, job_id)

    async def cancel_requests(self) -> list[int]:
        """Running jobs that somebody wants stopped."""
        asked = select(JobRow.id).where(JobRow.state == JobState.RUNNING, JobRow.cancel_requested)
        async with self._database.session() as session:
            return list(await session.scalars(asked.order_by(JobRow.id)))

    async def early_ends(self) -> list[int]:
        """Running trainings that somebody wants to end with what they have learned."""
        training = select(JobRow.id, JobRow.request).where(
            JobRow.state == JobState.RUNNING, JobRow.kind == JobKind.TRAIN
        )
        async with self._database.session() as session:
            found = await session.execute(training.order_by(JobRow.id))
            return [
                job_id
                for job_id, request in found
                if isinstance(request, TrainRequest) and request.ends_early
            ]

    async def _end(
        self,
        session: AsyncSession,
        job_id: int,
        attempt: int,
        *,
        target: JobState,
        error: str | None = None,
        cause: str = "",
    ) -> bool:
        row = await end(
            session,
            job_id,
            source=JobState.RUNNING,
            target=target,
            attempt=attempt,
            error=error,
            cause=cause,
        )
        if row is not None:
            self._ring_after(session)
        return row is not None

    async def _give_back(
        self,
        session: AsyncSession,
        job_id: int,
        attempt: int,
        *,
        cause: str,
        lost_alone: bool | None = None,
    ) -> JobState | None:
        self._ring_after(session)
        row = await give_back(session, job_id, attempt, cause=cause, lost_alone=lost_alone)
        return None if row is None else row.state

    async def _lose_where(self, *conditions: ColumnElement[bool], cause: str) -> int:
        running = select(JobRow.id, JobRow.attempt).where(JobRow.state == JobState.RUNNING)
        async with self._database.transaction() as session:
            lost = (await session.execute(running.where(*conditions))).all()
            for job_id, attempt in lost:
                alone = len(lost) == 1
                await self._give_back(session, job_id, attempt, cause=cause, lost_alone=alone)
        return len(lost)

    async def _write_running(self, *conditions: ColumnElement[bool], **values: Any) -> None:
        async with self._database.transaction() as session:
            running = update(JobRow).where(JobRow.state == JobState.RUNNING, *conditions)
            await session.execute(running.values(**values))

    def _ring_after(self, session: AsyncSession) -> None:
        after_commit(session, self._bells.jobs.ring)
        after_commit(session, self._bells.deliveries.ring)


def _lease(lease_s: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=lease_s)
