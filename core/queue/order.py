"""Who is next: guilds take turns, and within a guild the oldest job goes first."""

from collections.abc import Collection

from sqlalchemy import ScalarSelect, Select, func, select

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


def position_of(job_id: int, kind: JobKind) -> Select[int]:
    """The place of one queued job among its kind, 1 for the next, if nothing else is added.

    Guilds take turns: every first job of a guild comes before any second one.
    """
    rounds = (
        select(
            JobRow.id,
            GuildRow.turn,
            func.row_number().over(partition_by=JobRow.guild_id, order_by=JobRow.id).label("round"),
            func.min(JobRow.id).over(partition_by=JobRow.guild_id).label("oldest"),
        )
        .join(GuildRow, GuildRow.id == JobRow.guild_id)
        .where(JobRow.state == JobState.QUEUED, JobRow.kind == kind)
        .subquery()
    )
    order = (rounds.c.round, rounds.c.turn, rounds.c.oldest)
    places = select(rounds.c.id, func.row_number().over(order_by=order).label("place")).subquery()
    return select(places.c.place).where(places.c.id == job_id)
