"""What a person gets back at once for a wish."""

from dataclasses import dataclass

from core.domain.cautions import cautions
from core.domain.concepts import StackEntry
from core.domain.jobs import Job
from core.domain.requests import EvaluateRequest, ImagineRequest, TrainRequest


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that is in the queue, its place, and a guess at its end."""

    job: Job
    position: int
    """1 for the next; 0 when it already runs."""
    eta_s: float | None
    """Seconds from now to its end, from measured speeds; None while nothing was measured."""

    @property
    def cautions(self) -> tuple[str, ...]:
        """What may go wrong with its stack, and what would mend it."""
        request = self.job.request
        return cautions(request) if isinstance(request, ImagineRequest) else ()

    @property
    def stack(self) -> tuple[StackEntry, ...]:
        """The concept versions that it uses; for training, those underneath."""
        request = self.job.request
        if isinstance(request, TrainRequest):
            return request.parents
        return request.stack if isinstance(request, ImagineRequest | EvaluateRequest) else ()
