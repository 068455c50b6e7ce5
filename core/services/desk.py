"""Where every wish becomes a job: within limits, and with a receipt."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.guilds import ensure_guild
from core.db.tables import JobRow
from core.domain.concepts import StackEntry
from core.domain.drawing import Stacking
from core.domain.jobs import JobState
from core.domain.people import Actor
from core.domain.requests import ImagineRequest, Request
from core.errors import Conflict
from core.queue import Queue, place_of
from core.services.cautioning import stacking_of, together_in, told
from core.services.estimates import eta_s
from core.services.guilds import check_may
from core.services.submitted import Submitted

WAITING_PER_PERSON = 20
WAITING_PER_GUILD = 100


class Desk:
    """Takes requests in for every service."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    @property
    def family(self) -> str:
        """Of the base model that runs; empty while that is not known."""
        return self._queue.family

    async def take(
        self,
        session: AsyncSession,
        actor: Actor,
        *,
        channel_id: int,
        request: Request,
        reply_to: int | None = None,
        notes: tuple[str, ...] = (),
    ) -> Submitted:
        """Queue a request in the caller's transaction, and tell where it stands.

        `notes` are sentences that come before what there is to say about its stack.

        Raises:
            NotAllowed: it takes a role here that the person lacks.
            Conflict: the person or the guild has too much waiting already, or its stack cannot
                work at all.
        """
        await ensure_guild(session, actor.guild_id)
        await check_may(session, actor, request)
        await _check_limits(session, actor)
        cautions = await self._about(session, actor.guild_id, request)
        job = await self._queue.enqueue(
            session,
            guild_id=actor.guild_id,
            user_id=actor.user_id,
            channel_id=channel_id,
            request=request,
            reply_to=reply_to,
            cautions=(*notes, *cautions),
        )
        position = await place_of(session, job.id)
        places = self._queue.places[job.kind]
        eta = await eta_s(session, job, position=position, places=places)
        return Submitted(job, position, eta)

    async def _about(
        self, session: AsyncSession, guild_id: int, request: Request
    ) -> tuple[str, ...]:
        prompt = request.prompt if isinstance(request, ImagineRequest) else ""
        stacking = stacking_of(request)
        notes = [
            note
            for stack in together_in(request)
            for note in await self.cautions(
                session, guild_id, stack, stacking=stacking, prompt=prompt
            )
        ]
        return tuple(dict.fromkeys(notes))

    async def cautions(
        self,
        session: AsyncSession,
        guild_id: int,
        stack: Sequence[StackEntry],
        *,
        stacking: Stacking | None = Stacking.APART,
        prompt: str = "",
    ) -> tuple[str, ...]:
        """What may go wrong with a stack of this guild, before anything is spent on it.

        Raises:
            Conflict: it cannot work at all with the model that runs now.
        """
        return await told(
            session,
            guild_id,
            stack,
            family=self._queue.family,
            weights=self._queue.weights,
            stacking=stacking,
            prompt=prompt,
        )


async def _check_limits(session: AsyncSession, actor: Actor) -> None:
    waiting = select(func.count().filter(JobRow.user_id == actor.user_id), func.count()).where(
        JobRow.state == JobState.QUEUED, JobRow.guild_id == actor.guild_id
    )
    own, all_of_them = (await session.execute(waiting)).one()
    if own >= WAITING_PER_PERSON:
        raise Conflict(
            f"You have {WAITING_PER_PERSON} jobs waiting. Wait until one has run, "
            "or cancel some with /jobs."
        )
    if all_of_them >= WAITING_PER_GUILD:
        raise Conflict(
            f"{WAITING_PER_GUILD} jobs are waiting here, and that is the most that a server "
            "may have. Try again when some have run."
        )
