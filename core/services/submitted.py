"""What a person gets back at once for a wish."""

from dataclasses import dataclass

from core.domain.concepts import StackEntry
from core.domain.jobs import Job
from core.services.cautioning import stack_of


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that is in the queue, its place, and a guess at its end."""

    job: Job
    position: int
    """1 for the next; 0 when it already runs."""
    eta_s: float | None
    """Seconds from now to its end, from measured speeds; None while nothing was measured."""

    @property
    def stack(self) -> tuple[StackEntry, ...]:
        """The concept versions that it uses; for training, those underneath."""
        return stack_of(self.job.request)
