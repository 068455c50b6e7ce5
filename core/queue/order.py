"""Who is next: guilds take turns, and within a guild the oldest job goes first."""

from collections.abc import Collection

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.tables import GuildRow, JobRow
from core.domain.jobs import JobKind, JobState


def next_job(kinds: Collection[JobKind]) -> ScalarSelect[int]:
    """The id of the job to claim: of the guild that was served longest ago, its oldest."""
    return (
        select(JobRow.id)
        .join(GuildRow, GuildRow.id == JobRow.guild_id)
        .where(JobRow.state == JobState.QUEUED, JobRow.kind.in_(kinds))
        .order_by(GuildRow.turn, JobRow.id)
        .limit(1)
        .with_for_update(of=JobRow, skip_locked=True)  # for PostgreSQL; SQLite has one writer
        .scalar_subquery()
    )


async def place_of(session: AsyncSession, job_id: int) -> int:
    """The place of a queued job among its kind, 1 for the next; 0 when it does not wait.

    Guilds take turns: every first job of a guild comes before any second one. Exact as long as
    nothing is added.
    """
    kind_and_guild = (JobRow.kind, JobRow.guild_id)
    rounds = (
        select(
            JobRow.id,
            JobRow.kind,
            GuildRow.turn,
            func.row_number().over(partition_by=kind_and_guild, order_by=JobRow.id).label("round"),
            func.min(JobRow.id).over(partition_by=kind_and_guild).label("oldest"),
        )
        .join(GuildRow, GuildRow.id == JobRow.guild_id)
        .where(JobRow.state == JobState.QUEUED)
        .subquery()
    )
    order = (rounds.c.round, rounds.c.turn, rounds.c.oldest)
    places = select(
        rounds.c.id,
        func.row_number().over(partition_by=rounds.c.kind, order_by=order).label("place"),
    ).subquery()
    return await session.scalar(select(places.c.place).where(places.c.id == job_id)) or 0
