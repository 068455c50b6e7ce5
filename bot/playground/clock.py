"""The time of the playground: the machine's, plus what a test has skipped."""

import time
from datetime import UTC, datetime


class Clock:
    """A wall clock that can be moved forward, so that nobody waits for a token to die."""

    def __init__(self) -> None:
        self._skipped_s = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._skipped_s

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds` ≥ 0; time never runs back."""
        self._skipped_s += max(0.0, seconds)


def iso(timestamp: float) -> str:
    """`timestamp` (seconds) the way Discord writes dates."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="microseconds")
