"""Where Alembic gets its connection: from the program that starts, or from the settings."""

import asyncio
from typing import Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from core.db.tables import Base

UPGRADE_LOCK = 0x41746C6F  # any number; two programs that start at once take turns by it


def plain(kind: str, value: object, _context: AutogenContext) -> str | Literal[False]:
    """Write column types into new revisions without our own classes, which will move on."""
    if kind == "type" and isinstance(value, sa.Enum):
        return f"sa.String({value.length})"
    if kind == "type" and isinstance(value, sa.TypeDecorator):
        return f"sa.{value.impl!r}"
    return False


def migrate(connection: Connection) -> None:
    """Run the steps that are missing."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=plain,
    )
    with context.begin_transaction():
        context.run_migrations()


def database_url() -> str:
    """The URL given to Alembic, or the one that the program itself would use."""
    from core.settings import load_settings

    return context.config.get_main_option("sqlalchemy.url") or load_settings().database


async def migrate_alone() -> None:
    """Run from Alembic's own command line."""
    engine = create_async_engine(database_url())
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(url=database_url(), target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    asyncio.run(migrate_alone())
