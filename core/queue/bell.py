"""Wake-ups inside one process, so that nothing that happens here waits for the next poll."""

import asyncio
from dataclasses import dataclass, field


class Bell:
    """One who waits is woken by a ring; a ring that nobody heard is kept for the next to wait."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits."""
        self._rung.set()

    async def wait(self, timeout_s: float) -> bool:
        """Wait for a ring, at most `timeout_s`; whether there was one."""
        try:
            await asyncio.wait_for(self._rung.wait(), timeout_s)
        except TimeoutError:
            return False
        self._rung.clear()
        return True


@dataclass(frozen=True, slots=True)
class Bells:
    """The bells of one process; where bot and dispatcher run apart, polls do the same slower."""

    jobs: Bell = field(default_factory=Bell)
    """A job was queued, ended or is to be cancelled."""
    progress: Bell = field(default_factory=Bell)
    """A running job went on."""
    deliveries: Bell = field(default_factory=Bell)
    """Somebody is owed a message."""
