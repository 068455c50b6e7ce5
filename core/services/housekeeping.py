"""Blobs that nobody refers to any more are deleted, at a quiet moment and after a time of grace.

What counts as a reference is any storage key in any text of any table: who adds a table need not
think of it here. Left out are only places that nobody reads again: the picture of an image that
was deleted, and checkpoint and preview of a job that has ended. A blob that is younger than the
time of grace, or than the oldest job that has not ended, is never touched, since whoever put it
may be about to write its key down.

A note counts as a reference too. Notes are of what can be made anew, so one that nobody asks for in
a long time is forgotten, and what it alone named goes in the same pass. To ask for one makes it
young, so those of a job that has not ended stay.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Table,
    Text,
    and_,
    case,
    func,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.exc import SQLAlchemyError

from core.db import Database
from core.db.tables import Base, ImageRow, JobRow
from core.db.types import AsJson
from core.domain.jobs import JobState
from core.storage import Storage

log = structlog.get_logger(__name__)
KEY = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
EVERY_S = 24 * 3600.0
QUIET_S = 60.0
"""How often to look for a quiet moment once a pass is due."""
PATIENCE_S = 6 * 3600.0
"""After so long without one it is done anyway: only its costs want a quiet moment."""
LISTED_MAX = 50_000
"""Blobs that one pass looks at; the rest waits for the next."""
UNUSED_NOTES = timedelta(days=90)
"""How long a note is kept that nobody asks for."""
ROWS = 200
ENDED = tuple(state for state in JobState if state.ended)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a pass did."""

    old: int
    """Blobs that were older than the time of grace."""
    deleted: int
    freed_bytes: int
    notes: int
    """Notes that were forgotten first."""


class Housekeeping:
    """Sweeps the blobs of one store that one database refers to."""

    def __init__(self, database: Database, storage: Storage, *, grace: timedelta) -> None:
        """A `grace` of zero: nothing is ever deleted."""
        self._database, self._storage, self._grace = database, storage, grace

    async def run(self) -> None:
        """A pass a day, until cancelled."""
        while self._grace:
            await self._wait_for_quiet()
            try:
                swept = await self.sweep()
                log.info(
                    "swept",
                    old=swept.old,
                    deleted=swept.deleted,
                    bytes=swept.freed_bytes,
                    notes=swept.notes,
                )
            except (OSError, SQLAlchemyError) as error:  # tomorrow is another day
                log.error("not swept", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def sweep(self) -> Swept:
        """Forget notes, then delete what is old and that nothing refers to, up to `LISTED_MAX`.

        Raises:
            OSError: the store cannot be read or written.
        """
        unasked = await self._oldest_kept(UNUSED_NOTES)
        notes = await asyncio.to_thread(self._storage.forget_notes, unasked)
        before = await self._oldest_kept(self._grace)
        old = await asyncio.to_thread(self._storage.older, before, LISTED_MAX)
        unused = set(old)
        async for text in self._texts(deleted_before=datetime.now(UTC) - self._grace):
            unused.difference_update(KEY.findall(text))
        noted = await asyncio.to_thread(self._storage.every_note)
        unused.difference_update(key for text in noted for key in KEY.findall(text))
        freed = await asyncio.to_thread(self._delete, sorted(unused), before)
        return Swept(len(old), len(freed), sum(freed), notes)

    def _delete(self, keys: Sequence[str], before: datetime) -> list[int]:
        """Sizes of those that were still old when their turn came."""
        sizes = (self._storage.delete(key, before) for key in keys)
        return [size for size in sizes if size is not None]

    async def _oldest_kept(self, grace: timedelta) -> datetime:
        """What is older was put, or asked for, before any job began that might still name it."""
        waiting = select(func.min(JobRow.created_at)).where(JobRow.state.not_in(ENDED))
        async with self._database.session() as session:
            oldest = await session.scalar(waiting)
        before = datetime.now(UTC) - grace
        return before if oldest is None else min(before, oldest)

    async def _wait_for_quiet(self) -> None:
        busy = select(func.count()).where(JobRow.state.not_in(ENDED))
        for _ in range(int(PATIENCE_S / QUIET_S)):
            async with self._database.session() as session:
                if not await session.scalar(busy):
                    return
            await asyncio.sleep(QUIET_S)

    async def _texts(self, *, deleted_before: datetime) -> Any:
        """Every text in the database, as it was at one moment."""
        async with self._database.session() as session:
            for table in Base.metadata.sorted_tables:
                wanted = _texts_of(table, deleted_before)
                if wanted is None:
                    continue
                found = await session.stream(wanted.execution_options(yield_per=ROWS))
                async for rows in found.partitions():
                    for row in rows:
                        for text in filter(None, row):
                            yield text
                    await asyncio.sleep(0)  # others want the loop too


def _texts_of(table: Table, deleted_before: datetime) -> Select[Any] | None:
    """The columns of a table in which keys may be, as plain texts."""
    columns: list[ColumnElement[Any]] = [
        _unless(forgotten, column) if (forgotten := _forgotten(column, deleted_before)) is not None
        else type_coerce(column, Text)
        for column in table.columns
        if isinstance(column.type, String | AsJson)
    ]  # fmt: skip
    return select(*columns) if columns else None


def _unless(forgotten: ColumnElement[bool], column: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((forgotten, null()), else_=type_coerce(column, Text))


def _forgotten(column: Any, deleted_before: datetime) -> ColumnElement[bool] | None:
    """Where nobody reads a column again; None where it always counts."""
    images, jobs = ImageRow.__table__.c, JobRow.__table__.c
    if column is images.key:
        gone = images.deleted_at
        return and_(gone.is_not(None), gone < deleted_before)
    if column is jobs.checkpoint or column is jobs.progress:
        return or_(*(jobs.state == state for state in ENDED))
    return None
