"""Messages that are owed to people; at least once each, told apart by their nonce."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from core.db import Database, rows
from core.db.tables import DeliveryRow
from core.domain.deliveries import Delivery, DeliveryState
from core.queue import Bell


class Outbox:
    """What is to be posted, and what became of it."""

    def __init__(self, database: Database, bell: Bell) -> None:
        self._database = database
        self._bell = bell

    async def due(self, limit: int) -> Sequence[Delivery]:
        """The oldest messages that may be posted now."""
        due = (
            select(DeliveryRow)
            .where(
                DeliveryRow.state == DeliveryState.PENDING,
                DeliveryRow.not_before <= datetime.now(UTC),
            )
            .order_by(DeliveryRow.id)
            .limit(limit)
        )
        async with self._database.session() as session:
            return [rows.delivery(row) for row in await session.scalars(due)]

    async def posted(self, delivery_id: int, message_id: int) -> None:
        """Discord has it."""
        await self._settle(delivery_id, state=DeliveryState.POSTED, message_id=message_id)

    async def retry(self, delivery_id: int, after_s: float) -> None:
        """It could not be posted now; try again in `after_s` seconds."""
        later = datetime.now(UTC) + timedelta(seconds=after_s)
        await self._settle(delivery_id, state=DeliveryState.PENDING, not_before=later)

    async def abandon(self, delivery_id: int) -> None:
        """It can never be posted: the place is gone or closed to the bot."""
        await self._settle(delivery_id, state=DeliveryState.ABANDONED)

    async def wait(self, timeout_s: float) -> bool:
        """Wait until something new is owed, at most `timeout_s`."""
        return await self._bell.wait(timeout_s)

    async def _settle(self, delivery_id: int, **values: Any) -> None:
        pending = update(DeliveryRow).where(
            DeliveryRow.id == delivery_id, DeliveryRow.state == DeliveryState.PENDING
        )
        async with self._database.transaction() as session:
            await session.execute(pending.values(attempts=DeliveryRow.attempts + 1, **values))
