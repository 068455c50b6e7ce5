"""Who is next: guilds take turns, and within a guild the oldest job goes first."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, ScalarSelect, Subquery, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.tables import GuildRow, JobRow
from core.domain.jobs import JobKind, JobState

SUSPECT = JobRow.losses > 0
SHORT = JobRow.kind.in_((JobKind.TRANSCRIBE, JobKind.IMAGINE))
SUSPECTS_FIRST = case((and_(SUSPECT, SHORT), 0), (SUSPECT, 1), else_=2)
"""Until they have run alone nothing else can; as the last, long ones hold up the others least."""


def next_job(kinds: Collection[JobKind]) -> ScalarSelect[int]:
    """The id of the job to claim: suspects, then the oldest job of the guild whose turn it is.

    That is the guild with the fewest jobs of the kind running now, and among equals the one that
    was served longest ago.
    """
    running = _running()
    return (
        select(JobRow.id)
        .join(GuildRow, GuildRow.id == JobRow.guild_id)
        .outerjoin(running, _same(running))
        .where(JobRow.state == JobState.QUEUED, JobRow.kind.in_(kinds))
        .order_by(SUSPECTS_FIRST, func.coalesce(running.c.jobs, 0), GuildRow.turn, JobRow.id)
        .limit(1)
        .with_for_update(of=JobRow, skip_locked=True)  # for PostgreSQL; SQLite has one writer
        .scalar_subquery()
    )


async def place_of(session: AsyncSession, job_id: int) -> int:
    """The place of a queued job among its kind, 1 for the next; 0 when it does not wait.

    Places are as jobs would be claimed one after another now: a guild's first waiting job counts
    as its next to run, and so on, and comes after those of guilds that have fewer.
    """
    running, guilds_own = _running(), (JobRow.kind, SUSPECT, JobRow.guild_id)
    rounds = (
        select(
            JobRow.id,
            JobRow.kind,
            SUSPECTS_FIRST.label("suspicion"),
            GuildRow.turn,
            func.coalesce(running.c.jobs, 0).label("running"),
            func.row_number().over(partition_by=guilds_own, order_by=JobRow.id).label("round"),
            func.min(JobRow.id).over(partition_by=guilds_own).label("oldest"),
        )
        .join(GuildRow, GuildRow.id == JobRow.guild_id)
        .outerjoin(running, _same(running))
        .where(JobRow.state == JobState.QUEUED)
        .subquery()
    )
    nth = rounds.c.running + rounds.c.round
    # Who comes to its n-th job in a later round was served more recently.
    order = (rounds.c.suspicion, nth, rounds.c.round, rounds.c.turn, rounds.c.oldest)
    places = select(
        rounds.c.id,
        func.row_number().over(partition_by=rounds.c.kind, order_by=order).label("place"),
    ).subquery()
    return await session.scalar(select(places.c.place).where(places.c.id == job_id)) or 0


def _running() -> Subquery:
    """How many jobs of each kind each guild has running."""
    return (
        select(JobRow.guild_id, JobRow.kind, func.count().label("jobs"))
        .where(JobRow.state == JobState.RUNNING)
        .group_by(JobRow.guild_id, JobRow.kind)
        .subquery()
    )


def _same(running: Subquery) -> ColumnElement[bool]:
    return and_(running.c.guild_id == JobRow.guild_id, running.c.kind == JobRow.kind)
