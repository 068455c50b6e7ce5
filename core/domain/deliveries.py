"""Things that a person must be told, and where."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery is in its life."""

    PENDING = "pending"  # to be posted, or tried again after `not_before`
    POSTED = "posted"  # Discord has it; `message_id` is set
    ABANDONED = "abandoned"  # the place is gone or closed to the bot; logged


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that the bot owes; its text is drawn from the job when it is posted."""

    id: int
    job_id: int
    guild_id: int
    channel_id: int
    user_id: int
    state: DeliveryState
    attempts: int
    not_before: datetime
    message_id: int | None = None

    @property
    def nonce(self) -> str:
        """The nonce that keeps a crash between post and commit from posting twice."""
        return f"atelier-{self.id}"
