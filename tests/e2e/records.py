"""What a run has left in its database, read beside the program."""

import sqlite3
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def rows(folder: Path, query: str, *values: object) -> list[Row]:
    """Rows of the SQLite database in a data folder, read-only."""
    connection = sqlite3.connect(f"file:{folder / 'atelier.db'}?mode=ro", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]
    finally:
        connection.close()


def jobs(folder: Path) -> list[Row]:
    """Every job, oldest first."""
    return rows(folder, "SELECT * FROM jobs ORDER BY id")
