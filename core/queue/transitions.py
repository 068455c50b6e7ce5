"""How a job goes from one state to the next: a conditional UPDATE and a line of history.

Nothing else writes `jobs.state`. A transition that finds the row elsewhere changes nothing.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.db.tables import DeliveryRow, JobEventRow, JobRow
from core.domain.deliveries import DeliveryState
from core.domain.jobs import MAX_ATTEMPTS, TRANSITIONS, JobState, losses_after


async def move(
    session: AsyncSession,
    job_id: int,
    *,
    source: JobState,
    target: JobState,
    attempt: int | None = None,
    cause: str = "",
    **values: Any,
) -> JobRow | None:
    """Move a job that is still in `source` (and in that attempt), or return None.

    Raises:
        ValueError: no such transition exists.
    """
    if target not in TRANSITIONS[source]:
        raise ValueError(f"no job goes from {source} to {target}")
    rows = update(JobRow).where(JobRow.id == job_id, JobRow.state == source)
    if attempt is not None:
        rows = rows.where(JobRow.attempt == attempt)
    moved = rows.values(state=target, **values).returning(JobRow)
    row = (await session.scalars(moved, execution_options=FRESH)).one_or_none()
    if row is not None:
        record(session, row, cause)
    return row


async def end(
    session: AsyncSession,
    job_id: int,
    *,
    source: JobState,
    target: JobState,
    attempt: int | None = None,
    error: str | None = None,
    cause: str = "",
) -> JobRow | None:
    """End a job and owe its person one message, both or neither."""
    row = await move(
        session,
        job_id,
        source=source,
        target=target,
        attempt=attempt,
        cause=cause,
        error=error,
        ended_at=datetime.now(UTC),
        lease_until=None,
    )
    if row is not None:
        session.add(_delivery(row))
    return row


async def give_back(
    session: AsyncSession, job_id: int, attempt: int, *, cause: str, lost_alone: bool | None = None
) -> JobRow | None:
    """Put a running job down: queued again, or ended where it was cancelled or lost too often.

    `lost_alone` says of a lost one whether it was alone with its worker; None: it was not lost.
    """
    row = await session.get(JobRow, job_id, populate_existing=True)
    if row is None:
        return None
    ended = partial(end, session, job_id, source=JobState.RUNNING, attempt=attempt, cause=cause)
    if row.cancel_requested:
        return await ended(target=JobState.CANCELLED)
    losses = row.losses if lost_alone is None else losses_after(row.losses, alone=lost_alone)
    if losses >= MAX_ATTEMPTS:
        return await ended(target=JobState.FAILED, error=_given_up(job_id))
    return await move(
        session,
        job_id,
        source=JobState.RUNNING,
        target=JobState.QUEUED,
        attempt=attempt,
        cause=cause,
        losses=losses,
        lease_until=None,
    )


def _given_up(job_id: int) -> str:
    return (
        f"Job {job_id} stopped the image worker {MAX_ATTEMPTS} times, so it was given up. "
        "Try it again with a smaller wish; if that fails too, tell whoever runs this bot "
        "the number of the job."
    )


# The row as the UPDATE left it, whatever the session held before.
FRESH = {"populate_existing": True, "synchronize_session": False}


def record(session: AsyncSession, row: JobRow, cause: str = "") -> JobEventRow:
    """Add a line to the job's history."""
    line = JobEventRow(
        job_id=row.id, at=datetime.now(UTC), state=row.state, attempt=row.attempt, cause=cause
    )
    session.add(line)
    return line


def _delivery(row: JobRow) -> DeliveryRow:
    return DeliveryRow(
        job_id=row.id,
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        user_id=row.user_id,
        state=DeliveryState.PENDING,
        not_before=datetime.now(UTC),
    )
