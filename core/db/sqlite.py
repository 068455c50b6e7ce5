"""SQLite on the event loop: statements run where they are, only waits go to a thread.

aiosqlite hands every call to a thread, about four for each statement. While a worker keeps the
processors busy each of those hand-overs costs a millisecond or more, and the statements
themselves microseconds: one submitted job took 86 ms that way and takes 10 ms this way. What
can really wait, for the disk or for another process, still goes to the thread.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 10_000
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a person was promised what is committed
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
)
BEGIN_WRITING = "BEGIN IMMEDIATE"


class NearConnection(aiosqlite.Connection):
    """A connection whose statements run in the caller's thread, never two at a time."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        opened = self._connection
        if opened is None:
            raise ValueError("Connection closed")  # the words that SQLAlchemy knows
        waits = fn in {opened.commit, opened.close}  # for the disk
        if args[:1] == (BEGIN_WRITING,):
            waits = not _begun_at_once(opened, fn)  # for another process
        elif not waits:
            return fn(*args, **kwargs)
        if waits:
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        return None


def _begun_at_once(connection: sqlite3.Connection, execute: Callable[[str], Any]) -> bool:
    """Whether the write lock was free."""
    connection.execute("PRAGMA busy_timeout=0")
    try:
        execute(BEGIN_WRITING)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    return True


def open_engine(url: URL) -> AsyncEngine:
    """An engine whose transactions write only with the option `atelier_writes`."""
    engine = create_async_engine(
        url, connect_args={"async_creator_fn": _connect, "check_same_thread": False}
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _connect(path: str, **options: Any) -> NearConnection:
    connection = NearConnection(partial(sqlite3.connect, path, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # a program that is told to stop does not wait for it
    return connection


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    # A writer takes its lock at once: a read that turns into a write can fail half-way.
    writes = connection.get_execution_options().get("atelier_writes", False)
    connection.exec_driver_sql(BEGIN_WRITING if writes else "BEGIN")
