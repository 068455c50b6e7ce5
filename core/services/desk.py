"""Where every wish becomes a job: the limits on waiting jobs, and the receipt."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.db.guilds import ensure_guild
from core.db.tables import JobRow
from core.domain.concepts import StackEntry
from core.domain.jobs import Job, JobState
from core.domain.people import Actor
from core.domain.requests import Request
from core.errors import Conflict
from core.queue import Queue
from core.services.estimates import Estimates
from core.services.submitted import Submitted

WAITING_PER_PERSON = 20
WAITING_PER_GUILD = 100


class Desk:
    """Takes requests in for every service."""

    def __init__(self, database: Database, queue: Queue, estimates: Estimates) -> None:
        self._database = database
        self._queue = queue
        self._estimates = estimates

    async def take(
        self,
        session: AsyncSession,
        actor: Actor,
        *,
        channel_id: int,
        request: Request,
        reply_to: int | None = None,
    ) -> Job:
        """Queue a request in the caller's transaction.

        Raises:
            Conflict: the person or the guild has too much waiting already.
        """
        await ensure_guild(session, actor.guild_id)
        await self._check_limits(session, actor)
        return await self._queue.enqueue(
            session,
            guild_id=actor.guild_id,
            user_id=actor.user_id,
            channel_id=channel_id,
            request=request,
            reply_to=reply_to,
        )

    async def receipt(self, job: Job, stack: tuple[StackEntry, ...] = ()) -> Submitted:
        """Tell where a job that was just committed stands."""
        position = await self._queue.position(job.id)
        eta_s = await self._estimates.eta_s(job, position=position)
        return Submitted(job=job, position=position, eta_s=eta_s, stack=stack)

    async def _check_limits(self, session: AsyncSession, actor: Actor) -> None:
        if await _waiting(session, actor, JobRow.user_id == actor.user_id) >= WAITING_PER_PERSON:
            raise Conflict(
                f"You have {WAITING_PER_PERSON} jobs waiting. Wait until one has run, "
                "or cancel some with /jobs."
            )
        if await _waiting(session, actor) >= WAITING_PER_GUILD:
            raise Conflict(
                f"{WAITING_PER_GUILD} jobs are waiting here, and that is the most that a server "
                "may have. Try again when some have run."
            )


async def _waiting(session: AsyncSession, actor: Actor, *conditions: ColumnElement[bool]) -> int:
    waiting = select(func.count()).where(
        JobRow.state == JobState.QUEUED, JobRow.guild_id == actor.guild_id, *conditions
    )
    return await session.scalar(waiting) or 0
