"""The database's history leads to the tables that the code knows."""

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

import migrations
from core.db import Database
from core.db.tables import Base
from core.errors import SettingsError
from tests.studio import url_of

FOLDER = Path(migrations.__file__).parent


def config(url: str) -> Config:
    made = Config(output_buffer=io.StringIO())
    made.set_main_option("script_location", str(FOLDER))
    made.set_main_option("sqlalchemy.url", url)
    return made


def test_migrations_make_exactly_the_tables_of_the_code(empty_database: Path) -> None:
    """Autogenerate finds nothing left to do."""
    engine = create_engine(f"sqlite:///{empty_database}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


async def test_starting_twice_changes_nothing(tmp_path: Path) -> None:
    """A database that is up to date is left alone."""
    file = tmp_path / "atelier.db"
    dumps = []
    for _ in range(2):
        database = Database(url_of(file))
        await database.start()
        await database.close()
        with closing(sqlite3.connect(file)) as connection:
            dumps.append(list(connection.iterdump()))
    assert dumps[0] == dumps[1]


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """An older program does not touch what a newer one has written, and says so."""
    file = tmp_path / "atelier.db"
    database = Database(url_of(file))
    await database.start()
    await database.close()
    with sqlite3.connect(file) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    database = Database(url_of(file))
    with pytest.raises(SettingsError, match=r"ATELIER_DATABASE_URL.*newer Atelier"):
        await database.start()
    await database.close()


def test_every_step_can_be_taken_back(tmp_path: Path) -> None:
    """Down to nothing and up again."""
    file = tmp_path / "atelier.db"
    command.upgrade(config(url_of(file)), "head")
    command.downgrade(config(url_of(file)), "base")
    with sqlite3.connect(file) as left:
        tables = {name for (name,) in left.execute("SELECT name FROM sqlite_master")}
    left.close()
    assert tables - {"sqlite_sequence"} <= {"alembic_version", "sqlite_autoindex_alembic_version_1"}
    command.upgrade(config(url_of(file)), "head")


def test_the_steps_are_written_for_postgresql_too() -> None:
    """The same steps as PostgreSQL's own statements, partial index included."""
    made = config("postgresql+asyncpg://db/atelier")
    command.upgrade(made, "head", sql=True)
    statements = made.output_buffer.getvalue()
    assert "BIGSERIAL" in statements
    assert "TIMESTAMP WITH TIME ZONE" in statements
    assert "WHERE deleted_at IS NULL" in statements
    assert statements.count("CREATE TABLE") == len(Base.metadata.tables) + 1
