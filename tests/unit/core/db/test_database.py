"""How the database is opened, read and written."""

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database, after_commit
from core.db.guilds import ensure_guild
from core.db.tables import ConceptRow, GuildRow
from core.domain.concepts import ConceptKind
from tests.studio import Studio, url_of


async def guilds(database: Database) -> int:
    async with database.session() as session:
        return await session.scalar(select(func.count()).select_from(GuildRow)) or 0


async def pragma(session: AsyncSession, name: str) -> object:
    return await session.scalar(text(f"PRAGMA {name}"))


async def test_sqlite_is_opened_for_keeping_promises(studio: Studio) -> None:
    """Write-ahead log, full sync, foreign keys, patience with other processes."""
    async with studio.database.session() as session:
        assert await pragma(session, "journal_mode") == "wal"
        assert await pragma(session, "synchronous") == 2
        assert await pragma(session, "foreign_keys") == 1
        assert await pragma(session, "busy_timeout") == 10_000


async def test_what_is_committed_is_seen_by_everybody(studio: Studio) -> None:
    """A transaction commits at its end."""
    async with studio.database.transaction() as session:
        await ensure_guild(session, 1)
        assert await guilds(studio.database) == 0
    assert await guilds(studio.database) == 1


async def test_an_error_leaves_no_trace(studio: Studio) -> None:
    """A block that raises is undone, and what was to follow its commit does not happen."""
    rung: list[int] = []

    async def fail() -> None:
        async with studio.database.transaction() as session:
            await ensure_guild(session, 1)
            after_commit(session, lambda: rung.append(1))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await guilds(studio.database) == 0
    assert rung == []


async def test_a_cancelled_writer_leaves_no_trace_and_no_lock(studio: Studio) -> None:
    """Someone who is cancelled half-way does not stop the next."""
    begun = asyncio.Event()

    async def write() -> None:
        async with studio.database.transaction() as session:
            await ensure_guild(session, 1)
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with studio.database.transaction() as session:
        await ensure_guild(session, 2)
    assert await guilds(studio.database) == 1


async def test_actions_follow_the_commit(studio: Studio) -> None:
    """What is to happen afterwards finds the data there."""
    seen: list[sqlite3.Row] = []

    def look() -> None:
        with sqlite3.connect(studio.file) as other:
            seen.extend(other.execute("SELECT id FROM guilds"))
        other.close()

    async with studio.database.transaction() as session:
        await ensure_guild(session, 7)
        after_commit(session, look)
        assert seen == []
    assert [row[0] for row in seen] == [7]


async def test_writers_take_turns(studio: Studio) -> None:
    """Many writers at once each see what the one before has written."""

    async def count_up() -> None:
        async with studio.database.transaction() as session:
            row = await session.get_one(GuildRow, 1)
            await asyncio.sleep(0)
            row.turn += 1

    async with studio.database.transaction() as session:
        await ensure_guild(session, 1)
    await asyncio.gather(*(count_up() for _ in range(20)))
    async with studio.database.session() as session:
        assert (await session.get_one(GuildRow, 1)).turn == 20


async def test_a_transaction_inside_a_transaction_is_refused(studio: Studio) -> None:
    """It would wait for itself for ever."""
    async with studio.database.transaction():
        with pytest.raises(RuntimeError, match="wait for itself"):
            async with studio.database.transaction():
                pass


async def test_two_processes_wait_for_each_other(studio: Studio) -> None:
    """A writer waits for a lock that another connection holds, without stopping the loop."""
    other = sqlite3.connect(studio.file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO guilds (id, turn) VALUES (1, 0)")
    freed = threading.Event()

    async def write() -> bool:
        async with studio.database.transaction() as session:
            await ensure_guild(session, 2)
        return freed.is_set()

    task = asyncio.create_task(write())
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert not task.done()
    freed.set()
    other.execute("COMMIT")
    other.close()
    assert await task
    assert await guilds(studio.database) == 2


async def test_statements_stay_on_the_loop_and_the_disk_does_not(studio: Studio) -> None:
    """Only what waits goes to another thread: one hand-over for each write, none for a read."""
    used: list[str] = []
    async with studio.database.session() as session:
        raw = await (await session.connection()).get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        await driver.set_trace_callback(
            lambda statement: used.append(f"{threading.current_thread() is here} {statement}")
        )
        here = threading.current_thread()
        await session.execute(text("SELECT 1"))
    async with studio.database.transaction() as session:
        await ensure_guild(session, 1)
    threads = {line.split()[1]: line.split()[0] for line in used}
    assert threads["SELECT"] == threads["BEGIN"] == threads["INSERT"] == "True"
    assert threads["COMMIT"] == "False"


async def test_times_are_aware_and_utc(studio: Studio) -> None:
    """A time comes back the same moment, in UTC; one without a zone is refused."""
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    async with studio.database.transaction() as session:
        await ensure_guild(session, 1)
        session.add(concept("xyz", created_at=summer))
    async with studio.database.session() as session:
        row = (await session.scalars(select(ConceptRow))).one()
    assert row.created_at == summer
    assert row.created_at.tzinfo is UTC
    with pytest.raises(StatementError, match="without a zone"):
        async with studio.database.transaction() as session:
            session.add(concept("abc", created_at=datetime(2026, 7, 1)))


async def test_a_live_name_is_unique_in_its_guild(studio: Studio) -> None:
    """The database itself keeps two live concepts from sharing a name; deleted ones may."""
    async with studio.database.transaction() as session:
        await ensure_guild(session, 1)
        await ensure_guild(session, 2)
        session.add_all([concept("xyz", deleted_at=datetime.now(UTC)), concept("xyz")])
        session.add(concept("xyz", guild_id=2))
    with pytest.raises(IntegrityError):
        async with studio.database.transaction() as session:
            session.add(concept("xyz"))


async def test_rows_belong_to_a_guild(studio: Studio) -> None:
    """A concept of a guild that does not exist is refused by the database."""
    with pytest.raises(IntegrityError):
        async with studio.database.transaction() as session:
            session.add(concept("xyz", guild_id=404))


async def test_missing_folders_are_made(tmp_path: Path) -> None:
    """The first start of a program makes its data folder."""
    database = Database(url_of(tmp_path / "a" / "b" / "atelier.db"))
    await database.start()
    assert await guilds(database) == 0
    await database.close()


async def test_closed_connections_are_really_closed(studio: Studio) -> None:
    """After closing, the log is folded into the one file that an operator copies."""
    async with studio.database.transaction() as session:
        await ensure_guild(session, 1)
    await studio.close()
    assert not studio.file.with_name("atelier.db-wal").exists()


def concept(
    name: str,
    *,
    guild_id: int = 1,
    created_at: datetime | None = None,
    deleted_at: datetime | None = None,
) -> ConceptRow:
    return ConceptRow(
        guild_id=guild_id,
        owner_id=1,
        name=name,
        class_noun="temple",
        kind=ConceptKind.SUBJECT,
        created_at=created_at or datetime.now(UTC),
        deleted_at=deleted_at,
    )
