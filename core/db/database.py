"""The engine: how SQLite and PostgreSQL are opened, migrated, read and written."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError, NoSuchModuleError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

import migrations
from core.db import sqlite
from core.errors import SettingsError

WRITE = "Write one such as postgresql+asyncpg://user:password@host/atelier, or leave it out."
CHECK = "Check that the server runs, and its address, name and password; or leave it out."


class Database:
    """Reads at any time, and one write transaction at a time where the database is SQLite."""

    def __init__(self, url: str) -> None:
        """Raises:
        SettingsError: the URL cannot be read, or its driver is not here or not async.
        """
        self._url = _read(url)
        self._sqlite = self._url.get_backend_name() == "sqlite"
        self._engine = _engine(self._url)
        writing = self._engine.execution_options(atelier_writes=True)
        self._reads = async_sessionmaker(self._engine, expire_on_commit=False)
        self._writes = async_sessionmaker(writing, expire_on_commit=False)
        self._one_writer = asyncio.Lock()
        self._writer: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        """Make the file where there is none, and bring the tables up to date.

        Raises:
            SettingsError: the database cannot be opened, or was written by a newer Atelier.
        """
        await self._try_out()
        async with self._engine.execution_options(atelier_writes=True).begin() as connection:
            await connection.run_sync(_upgrade)

    async def _try_out(self) -> None:
        try:
            if self._sqlite and self._url.database:
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
            async with self._engine.connect():
                pass
        except (DBAPIError, OSError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error.strerror or error
            raise SettingsError(
                f"ATELIER_DATABASE_URL: cannot be opened ({reason}). {CHECK}"
            ) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A consistent view for reading; what is written in it is dropped."""
        async with self._reads() as session:
            yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end, or leaves no trace when the block raises."""
        async with self._turn(), self._writes() as session:
            async with session.begin():
                yield session
            actions = session.info.get("after_commit", ())
        for action in actions:
            action()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait here for one's turn to write, where SQLite would make its callers retry."""
        if not self._sqlite:
            yield
            return
        if self._writer is asyncio.current_task():
            raise RuntimeError("a transaction inside a transaction would wait for itself")
        async with self._one_writer:
            self._writer = asyncio.current_task()
            try:
                yield
            finally:
                self._writer = None


def after_commit(session: AsyncSession, action: Callable[[], None]) -> None:
    """Call `action` once the transaction of `session` is durable; never when it is undone."""
    session.info.setdefault("after_commit", []).append(action)


def _read(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"ATELIER_DATABASE_URL: is no SQLAlchemy URL. {WRITE}") from error


def _engine(url: URL) -> AsyncEngine:
    try:
        if url.get_backend_name() == "sqlite":
            return sqlite.open_engine(url)
        return create_async_engine(url)
    except InvalidRequestError as error:
        raise SettingsError(f"ATELIER_DATABASE_URL: its driver is not async. {WRITE}") from error
    except (NoSuchModuleError, ImportError) as error:
        name = url.drivername
        raise SettingsError(
            f"ATELIER_DATABASE_URL: the driver of {name} is not installed. Install it, or leave "
            "the setting out for SQLite in the data folder."
        ) from error


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SettingsError(
            "ATELIER_DATABASE_URL: this database was written by a newer Atelier "
            f"and this one cannot read it ({error})"
        ) from error
