"""The database: engine, tables, and how rows become domain values."""

from core.db.database import Database, after_commit

__all__ = ["Database", "after_commit"]
