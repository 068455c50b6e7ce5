"""How a job ends: its results, its state and the message that is owed, all or nothing."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, rows
from core.db.guilds import ensure_guild
from core.db.tables import (
    EvaluationRow,
    ExportRow,
    ImageRow,
    JobRow,
    TranscriptRow,
    VersionRow,
)
from core.dispatch.messages import (
    Cancelled,
    Ended,
    Evaluated,
    Exported,
    Failed,
    Fused,
    Imagined,
    Imported,
    MadeImage,
    Released,
    Trained,
    Transcribed,
)
from core.domain.evaluation import scores_a_version
from core.domain.jobs import Job
from core.domain.people import Actor
from core.domain.requests import EvaluateRequest, Purpose, TrainRequest, TranscribeRequest
from core.errors import UserError
from core.queue import Queue
from core.services import hearing
from core.services.estimates import measured
from core.services.fusing import fused_in
from core.services.imagining import Imagining, spoken
from core.services.importing import taken_in
from core.services.new_versions import next_number


class Results:
    """Writes down what the worker answered; an answer of a stale attempt is dropped."""

    def __init__(self, database: Database, queue: Queue, imagining: Imagining) -> None:
        self._database = database
        self._queue = queue
        self._imagining = imagining

    async def finish(self, ended: Ended) -> None:
        """End a job in one transaction; what is told twice changes nothing."""
        if isinstance(ended, Released):
            await self._queue.release(ended.job_id, ended.attempt)
            return
        async with self._database.transaction() as session:
            if isinstance(ended, Failed):
                await self._fail(session, ended)
            elif isinstance(ended, Cancelled):
                await self._queue.cancelled(session, ended.job_id, ended.attempt)
            elif isinstance(ended, Imported | Fused):
                await self._take_in(session, ended)
            elif await self._queue.complete(session, ended.job_id, ended.attempt):
                await self._keep(session, ended)

    async def _fail(self, session: AsyncSession, failed: Failed) -> None:
        text = failed.text if failed.users_fault else _our_fault(failed.job_id)
        cause = "" if failed.users_fault else failed.text
        await self._queue.fail(session, failed.job_id, failed.attempt, text, cause=cause)

    async def _take_in(self, session: AsyncSession, ended: Imported | Fused) -> None:
        """A name that was given away while the worker was at it makes a failed job of it."""
        try:
            async with session.begin_nested():
                if await self._queue.complete(session, ended.job_id, ended.attempt):
                    job = rows.job(await session.get_one(JobRow, ended.job_id))
                    session.add(await _put_together(session, job, ended))
                    session.add(measured(job, ended))
        except UserError as error:
            await self._queue.fail(session, ended.job_id, ended.attempt, str(error))

    async def _keep(
        self,
        session: AsyncSession,
        ended: Imagined | Trained | Transcribed | Exported | Evaluated,
    ) -> None:
        job = rows.job(await session.get_one(JobRow, ended.job_id))
        if isinstance(ended, Imagined):
            session.add_all(_image(job, index, made) for index, made in enumerate(ended.images))
        elif isinstance(ended, Trained):
            session.add(await _version(session, job, ended))
            session.add_all(_image(job, index, made) for index, made in enumerate(ended.images))
        elif isinstance(ended, Exported):
            session.add(ExportRow(job_id=job.id, guild_id=job.guild_id, files=ended.files))
        elif isinstance(ended, Evaluated):
            await _keep_evaluation(session, job, ended)
        else:
            await self._keep_transcript(session, job, ended)
        session.add(measured(job, ended))

    async def _keep_transcript(self, session: AsyncSession, job: Job, ended: Transcribed) -> None:
        request = job.request
        if not isinstance(request, TranscribeRequest):
            raise TypeError(f"job {job.id} is no transcribe job")
        row = _transcript(job, request, ended)
        session.add(row)
        if not request.imagine_at_once or not row.prompt:
            return
        try:
            await self._imagine(session, job, request, row.prompt)
            row.answered_at = datetime.now(UTC)
        except UserError as refused:  # the buttons stay, and it is said why
            (await session.get_one(JobRow, job.id)).cautions = (str(refused),)

    async def _imagine(
        self, session: AsyncSession, job: Job, request: TranscribeRequest, prompt: str
    ) -> None:
        """Go straight on to the pictures, or change nothing; raises as a typed wish does."""
        actor = Actor(
            guild_id=job.guild_id,
            user_id=job.user_id,
            moderates=request.moderates,
            roles=request.roles,
        )
        wish = spoken(job, prompt)
        async with session.begin_nested():
            await self._imagining.enqueue(session, actor, channel_id=job.channel_id, wish=wish)


def _image(job: Job, index: int, made: MadeImage) -> ImageRow:
    return ImageRow(
        job_id=job.id,
        guild_id=job.guild_id,
        user_id=job.user_id,
        index=index,
        seed=made.manifest.seed,
        key=made.key,
        width_px=made.width_px,
        height_px=made.height_px,
        manifest=made.manifest,
        created_at=datetime.now(UTC),
    )


async def _put_together(session: AsyncSession, job: Job, ended: Imported | Fused) -> VersionRow:
    """A version that nobody taught; its concept is made where it is new."""
    if isinstance(ended, Fused):
        return await fused_in(session, job, ended)
    return await taken_in(session, job, ended)


async def _version(session: AsyncSession, job: Job, ended: Trained) -> VersionRow:
    request = job.request
    if not isinstance(request, TrainRequest):
        raise TypeError(f"job {job.id} is no train job")
    await ensure_guild(session, job.guild_id)
    return VersionRow(
        concept_id=request.concept_id,
        number=await next_number(session, request.concept_id),
        artifact=ended.artifact,
        model=ended.model,
        weights=ended.weights,
        family=ended.family,
        sketch=ended.sketch,
        pictures=request.pictures,
        samples=ended.samples,
        parents=tuple(parent.version_id for parent in ended.parents),
        recipe=ended.recipe.model_dump_json(),
        seconds=ended.seconds,
        job_id=job.id,
        created_at=datetime.now(UTC),
        scores=ended.scores,
        course=ended.course,
    )


async def _keep_evaluation(session: AsyncSession, job: Job, ended: Evaluated) -> None:
    """The report, its images, and the scores of its version where they are those of a version."""
    request = job.request
    if not isinstance(request, EvaluateRequest):
        raise TypeError(f"job {job.id} is no evaluate job")
    session.add(
        EvaluationRow(
            job_id=job.id,
            guild_id=job.guild_id,
            purpose=request.purpose,
            report=ended.report,
            created_at=datetime.now(UTC),
        )
    )
    session.add_all(_image(job, index, made) for index, made in enumerate(ended.images))
    scores = ended.report.scores
    if scores is not None and request.purpose is Purpose.CONCEPT:
        version = await session.get_one(VersionRow, request.stack[0].version_id)
        if scores_a_version(request, scores, version.scores):
            version.scores = scores


def _transcript(job: Job, request: TranscribeRequest, ended: Transcribed) -> TranscriptRow:
    heard = " ".join(" ".join(segment.text for segment in ended.segments).split())
    understood = hearing.understand(heard, request.hotwords)
    return TranscriptRow(
        job_id=job.id,
        guild_id=job.guild_id,
        user_id=job.user_id,
        language=ended.language,
        heard=heard,
        prompt=understood.prompt,
        changes=understood.changes,
        created_at=datetime.now(UTC),
    )


def _our_fault(job_id: int) -> str:
    return (
        "Something went wrong on the bot's side, not with your wish. Try it again; if it fails "
        f"again, tell whoever runs this bot that it was job {job_id}."
    )
