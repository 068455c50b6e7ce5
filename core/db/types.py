"""Column types: aware UTC times, enums by value, and validated JSON."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, Enum, Text, TypeDecorator

from core.domain.codec import Codec


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite itself knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, whatever zone it was given in."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone does not belong in the database")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, said so."""
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC)


class AsJson(TypeDecorator[Any]):
    """A domain value kept as JSON text, validated when it is read."""

    impl = Text
    cache_ok = True

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The value as JSON."""
        return None if value is None else self.codec.write(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value again."""
        return None if value is None else self.codec.read(value)


def by_value(kind: type[StrEnum]) -> Enum:
    """An enum kept as its value in a plain text column, so that new members need no migration."""
    return Enum(
        kind,
        native_enum=False,
        length=16,
        values_callable=lambda members: [m.value for m in members],
    )
