"""What a finished import or fusion becomes: the next version of its concept."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.guilds import ensure_guild
from core.db.tables import ConceptRow, VersionRow
from core.dispatch.messages import Fused, Imported
from core.domain.jobs import Job
from core.domain.requests import FuseRequest, ImportRequest
from core.services.naming import concept_of_job


async def version_of(
    session: AsyncSession,
    job: Job,
    request: FuseRequest | ImportRequest,
    ended: Fused | Imported,
    *,
    recipe: str,
    parents: Sequence[int] = (),
) -> VersionRow:
    """The version that was made, of the job's concept, which is made too where it is new.

    Raises:
        UserError: the name has been given to something else meanwhile.
    """
    await ensure_guild(session, job.guild_id)
    concept_id = await concept_of_job(session, job, request)
    return VersionRow(
        concept_id=concept_id,
        number=await next_number(session, concept_id),
        artifact=ended.artifact,
        model=ended.model,
        weights=ended.weights,
        family=ended.family,
        sketch=ended.sketch,
        pictures=(),
        samples=ended.samples,
        parents=tuple(parents),
        recipe=recipe,
        seconds=ended.seconds,
        job_id=job.id,
        created_at=datetime.now(UTC),
    )


async def next_number(session: AsyncSession, concept_id: int) -> int:
    """The number of a concept's next version, which prompts use from now on."""
    concept = await session.get_one(ConceptRow, concept_id)
    concept.chosen = None
    last = select(func.max(VersionRow.number)).where(VersionRow.concept_id == concept_id)
    return (await session.scalar(last) or 0) + 1
