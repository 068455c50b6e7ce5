"""Jobs as people see them: mine, where they stand, cancel."""

from collections.abc import Sequence

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, rows
from core.db.tables import JobEventRow, JobRow
from core.domain.jobs import Job, JobEvent, JobState
from core.domain.people import Actor
from core.domain.requests import TrainRequest
from core.errors import Conflict, NotAllowed, NotFound
from core.queue import Queue, place_of
from core.services.estimates import eta_s

OPEN = (JobState.QUEUED, JobState.RUNNING)
SHOWN_ENDED = 10


class Jobs:
    """Looks at jobs and cancels them."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self._database = database
        self._queue = queue

    async def mine(self, actor: Actor) -> Sequence[Job]:
        """What this person has waiting and running, oldest first, then what ended last."""
        own = select(JobRow).where(
            JobRow.guild_id == actor.guild_id, JobRow.user_id == actor.user_id
        )
        waiting = own.where(JobRow.state.in_(OPEN)).order_by(JobRow.id)
        ended = own.where(JobRow.state.not_in(OPEN)).order_by(JobRow.id.desc())
        async with self._database.session() as session:
            return [
                *await _read(session, waiting),
                *await _read(session, ended.limit(SHOWN_ENDED)),
            ]

    async def get(self, guild_id: int, job_id: int) -> Job:
        """One job of this guild.

        Raises:
            NotFound: there is no such job here.
        """
        async with self._database.session() as session:
            return rows.job(await _row(session, guild_id, job_id))

    async def position(self, job: Job) -> int:
        """Its place in the queue, 1 for the next; 0 when it does not wait."""
        return await self._queue.position(job.id)

    async def eta_s(self, job: Job) -> float | None:
        """Seconds until it has ended; None when that is not known, or it has."""
        async with self._database.session() as session:
            position, places = await place_of(session, job.id), self._queue.places[job.kind]
            return await eta_s(session, job, position=position, places=places)

    async def cancel(self, actor: Actor, job_id: int) -> Job:
        """Cancel a job that waits, or ask a running one to stop.

        Raises:
            NotFound: there is no such job here.
            NotAllowed: it is somebody else's.
            Conflict: it has ended already.
        """
        async with self._database.transaction() as session:
            row = await _stoppable(session, actor, job_id, "cancel", "cancelled")
            await self._queue.cancel(session, job_id)
            await session.refresh(row)
            return rows.job(row)

    async def end_early(self, actor: Actor, job_id: int) -> Job:
        """Ask a training to end now with what it has learned; before its first step that is
        nothing, and it is cancelled.

        Raises:
            NotFound: there is no such job here.
            NotAllowed: it is somebody else's.
            Conflict: it has ended already, or is no training.
        """
        async with self._database.transaction() as session:
            row = await _stoppable(session, actor, job_id, "end", "ended early")
            if not isinstance(row.request, TrainRequest):
                raise Conflict(
                    f"Job {job_id} learns nothing that could be kept. Cancel it instead."
                )
            await self._queue.end_early(session, job_id)
            await session.refresh(row)
            return rows.job(row)

    async def attach_status(self, job_id: int, message_id: int) -> Job:
        """Remember the message that shows progress; the job, which may have ended by now.

        Raises:
            NotFound: there is no such job.
        """
        attached = (
            update(JobRow)
            .where(JobRow.id == job_id)
            .values(status_message_id=message_id)
            .returning(JobRow)
        )
        async with self._database.transaction() as session:
            row = (await session.scalars(attached)).one_or_none()
            if row is None:
                raise NotFound(f"There is no job {job_id}.")
            return rows.job(row)

    async def active(self) -> Sequence[Job]:
        """Every job of any guild that still has a status message to keep up to date."""
        shown = select(JobRow).where(JobRow.state.in_(OPEN), JobRow.status_message_id.is_not(None))
        async with self._database.session() as session:
            return await _read(session, shown.order_by(JobRow.id))

    async def history(self, job_id: int) -> Sequence[JobEvent]:
        """What happened to a job, oldest first."""
        lines = select(JobEventRow).where(JobEventRow.job_id == job_id).order_by(JobEventRow.id)
        async with self._database.session() as session:
            return [rows.event(row) for row in await session.scalars(lines)]


async def _read(session: AsyncSession, wanted: Select[JobRow]) -> list[Job]:
    return [rows.job(row) for row in await session.scalars(wanted)]


async def _stoppable(
    session: AsyncSession, actor: Actor, job_id: int, verb: str, done: str
) -> JobRow:
    """A job that has not ended, for who may stop it."""
    row = await _row(session, actor.guild_id, job_id)
    if actor.user_id != row.user_id and not actor.moderates:
        raise NotAllowed(f"Only who started this job or a moderator can {verb} it.")
    if row.state.ended:
        raise Conflict(f"Job {job_id} has ended already, so it cannot be {done}.")
    return row


async def _row(session: AsyncSession, guild_id: int, job_id: int) -> JobRow:
    row = await session.get(JobRow, job_id)
    if row is None or row.guild_id != guild_id:
        raise NotFound(f"There is no job {job_id} here. /jobs shows yours.")
    return row
