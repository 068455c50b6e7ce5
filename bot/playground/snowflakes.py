"""Discord's ids: 42 bits of milliseconds since 2015, 22 bits to tell them apart."""

from bot.playground.clock import Clock

EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """Makes ids that only grow, as decimal strings, which is how JSON carries them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def __call__(self) -> str:
        """A new id."""
        fresh = (int(self._clock.now() * 1000) - EPOCH_MS) << 22
        self._last = max(fresh, self._last + 1)
        return str(self._last)


def created_at(snowflake: str) -> float:
    """Seconds since 1970 at which `snowflake` was made."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1000
