"""What a person gets back at once for a wish."""

from dataclasses import dataclass

from core.domain.concepts import StackEntry
from core.domain.jobs import Job


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that is safe in the queue, its place, and a guess at its end."""

    job: Job
    position: int
    """1 for the next; 0 when it already runs."""
    eta_s: float | None
    """Seconds from now to its end, from measured speeds; None while nothing was measured."""
    stack: tuple[StackEntry, ...] = ()
