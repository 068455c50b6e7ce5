"""Voice messages: have them written down, and go on from what was heard."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, rows
from core.db.tables import JobRow, TranscriptRow
from core.domain.people import Actor
from core.domain.requests import AS_USUAL, ImagineWish, TranscribeRequest
from core.domain.speech import Transcript
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.services.desk import Desk
from core.services.guilds import Guilds
from core.services.imagining import Imagining, spoken
from core.services.library import Library
from core.services.submitted import Submitted


class Voice:
    """From a sound to a transcript to pictures."""

    def __init__(
        self,
        database: Database,
        desk: Desk,
        *,
        library: Library,
        guilds: Guilds,
        imagining: Imagining,
    ) -> None:
        self._database = database
        self._desk = desk
        self._library = library
        self._guilds = guilds
        self._imagining = imagining

    async def hear(
        self,
        actor: Actor,
        channel_id: int,
        audio_key: str,
        *,
        wish: ImagineWish = AS_USUAL,
        reply_to: int | None = None,
    ) -> Submitted:
        """Queue a sound to be written down, with this guild's concepts as hotwords.

        `wish` says how to draw what will be heard; raises as a typed one does.
        """
        settings = await self._guilds.settings(actor.guild_id)
        request = TranscribeRequest(
            audio=audio_key,
            hotwords=await self._library.hotwords(actor.guild_id),
            imagine_at_once=not settings.ask_before_voice,
            moderates=actor.moderates,
            roles=actor.roles,
            wish=wish,
        )
        async with self._database.transaction() as session:
            await self._imagining.check(session, actor.guild_id, wish)
            return await self._desk.take(
                session, actor, channel_id=channel_id, request=request, reply_to=reply_to
            )

    async def transcript(self, guild_id: int, transcript_id: int) -> Transcript:
        """One transcript of this guild.

        Raises:
            NotFound: there is no such transcript here.
        """
        return await self._find(guild_id, TranscriptRow.id == transcript_id)

    async def transcript_of_job(self, job_id: int) -> Transcript:
        """What a `transcribe` job heard.

        Raises:
            NotFound: it has not heard anything yet.
        """
        return await self._find(None, TranscriptRow.job_id == job_id)

    async def cautions(self, transcript: Transcript) -> tuple[str, ...]:
        """What there is to say of a transcript before it is drawn: why that was not done at once,
        where it was refused, and what may go wrong.
        """
        if not transcript.prompt.strip():
            return ()
        async with self._database.session() as session:
            job = rows.job(await session.get_one(JobRow, transcript.job_id))
        wish = spoken(job, transcript.prompt)
        about = await self._imagining.cautions(transcript.guild_id, wish)
        return tuple(dict.fromkeys((*job.cautions, *about)))

    async def answer(self, actor: Actor, transcript_id: int) -> Transcript:
        """Close a transcript without drawing it.

        Raises:
            NotFound: there is no such transcript here.
            NotAllowed: somebody else asked for it.
            Conflict: it was answered before.
        """
        async with self._database.transaction() as session:
            return rows.transcript(await _answered(session, actor, transcript_id))

    async def imagine(
        self, actor: Actor, channel_id: int, transcript_id: int, prompt: str | None
    ) -> Submitted:
        """Draw a transcript, or the prompt that the person made of it; raises as `answer` does
        and as a typed wish does, and is then still unanswered.
        """
        async with self._database.transaction() as session:
            row = await _answered(session, actor, transcript_id)
            text = row.prompt if prompt is None else prompt
            if not text.strip():
                raise InvalidInput("Nothing was heard in that message. Say it again, or type it.")
            wish = spoken(rows.job(await session.get_one(JobRow, row.job_id)), text)
            return await self._imagining.enqueue(session, actor, channel_id=channel_id, wish=wish)

    async def _find(self, guild_id: int | None, condition: ColumnElement[bool]) -> Transcript:
        async with self._database.session() as session:
            row = (await session.scalars(select(TranscriptRow).where(condition))).one_or_none()
        if row is None or guild_id not in {None, row.guild_id}:
            raise NotFound("There is no such transcript here.")
        return rows.transcript(row)


async def _answered(session: AsyncSession, actor: Actor, transcript_id: int) -> TranscriptRow:
    """Mark a transcript as used, unless that was done before."""
    row = await session.get(TranscriptRow, transcript_id)
    if row is None or row.guild_id != actor.guild_id:
        raise NotFound("There is no such transcript here.")
    if actor.user_id != row.user_id and not actor.moderates:
        raise NotAllowed("Only who sent this voice message to the bot can answer.")
    used = update(TranscriptRow).where(
        TranscriptRow.id == transcript_id, TranscriptRow.answered_at.is_(None)
    )
    done = await session.scalars(
        used.values(answered_at=datetime.now(UTC)).returning(TranscriptRow),
        execution_options={"populate_existing": True},
    )
    if done.one_or_none() is None:
        raise Conflict("This voice message was answered already.")
    return row
