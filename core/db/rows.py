"""Rows as the frozen values of the domain."""

from core.db import tables
from core.domain.concepts import Concept, ConceptVersion
from core.domain.deliveries import Delivery
from core.domain.images import Image
from core.domain.jobs import Job, JobEvent
from core.domain.speech import Transcript


def job(row: tables.JobRow) -> Job:
    """A job as the rest of the program knows it."""
    return Job(
        id=row.id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        channel_id=row.channel_id,
        state=row.state,
        request=row.request,
        attempt=row.attempt,
        losses=row.losses,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        progress=row.progress,
        error=row.error,
        cautions=row.cautions,
        checkpoint=row.checkpoint,
        reply_to=row.reply_to,
        status_message_id=row.status_message_id,
    )


def event(row: tables.JobEventRow) -> JobEvent:
    """One line of a job's history."""
    return JobEvent(at=row.at, state=row.state, attempt=row.attempt, cause=row.cause)


def concept(
    row: tables.ConceptRow,
    latest: tables.VersionRow | None = None,
    in_training: bool = False,
) -> Concept:
    """A concept with the version that prompts use now, and whether one is on its way."""
    return Concept(
        id=row.id,
        guild_id=row.guild_id,
        owner_id=row.owner_id,
        name=row.name,
        class_noun=row.class_noun,
        kind=row.kind,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
        latest=None if latest is None else version(latest),
        in_training=in_training,
    )


def version(row: tables.VersionRow) -> ConceptVersion:
    """One trained version."""
    return ConceptVersion(
        id=row.id,
        concept_id=row.concept_id,
        number=row.number,
        artifact=row.artifact,
        model=row.model,
        weights=row.weights,
        pictures=row.pictures,
        samples=row.samples,
        parents=row.parents,
        recipe=row.recipe,
        seconds=row.seconds,
        job_id=row.job_id,
        created_at=row.created_at,
        scores=row.scores,
        course=row.course,
    )


def image(row: tables.ImageRow) -> Image:
    """One picture."""
    return Image(
        id=row.id,
        job_id=row.job_id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        index=row.index,
        seed=row.seed,
        key=row.key,
        width_px=row.width_px,
        height_px=row.height_px,
        manifest=row.manifest,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
    )


def transcript(row: tables.TranscriptRow) -> Transcript:
    """What was heard."""
    return Transcript(
        id=row.id,
        job_id=row.job_id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        language=row.language,
        heard=row.heard,
        prompt=row.prompt,
        changes=row.changes,
        created_at=row.created_at,
        answered_at=row.answered_at,
    )


def delivery(row: tables.DeliveryRow) -> Delivery:
    """One message that is owed."""
    return Delivery(
        id=row.id,
        job_id=row.job_id,
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        user_id=row.user_id,
        state=row.state,
        attempts=row.attempts,
        not_before=row.not_before,
        message_id=row.message_id,
    )
