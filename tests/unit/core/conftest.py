"""What tests of the core share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.studio import Studio, migrated_file


@pytest.fixture(scope="session")
def empty_database() -> Path:
    """Migrated before a loop runs, because migrating runs its own."""
    return migrated_file()


@pytest.fixture
async def studio(empty_database: Path, tmp_path: Path) -> AsyncIterator[Studio]:
    made = Studio(tmp_path)
    yield made
    await made.close()
