"""The engine: how SQLite and PostgreSQL are opened, migrated, read and written."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

import migrations
from core.db import sqlite
from core.errors import SettingsError


class Database:
    """Reads at any time, and one write transaction at a time where the database is SQLite."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._sqlite = self._url.get_backend_name() == "sqlite"
        self._engine = sqlite.open_engine(url) if self._sqlite else create_async_engine(url)
        writing = self._engine.execution_options(atelier_writes=True)
        self._reads = async_sessionmaker(self._engine, expire_on_commit=False)
        self._writes = async_sessionmaker(writing, expire_on_commit=False)
        self._one_writer = asyncio.Lock()
        self._writer: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        """Make the file where there is none, and bring the tables up to date.

        Raises:
            SettingsError: the database was written by a newer Atelier.
        """
        if self._sqlite and self._url.database:
            Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
        async with self._engine.execution_options(atelier_writes=True).begin() as connection:
            await connection.run_sync(_upgrade)

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
