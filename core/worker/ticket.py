"""What a running job sees of the world outside: stop signs, progress, checkpoints."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from core.dispatch.messages import Checkpointed, FromWorker, Progressed
from core.domain.jobs import Progress

PROGRESS_EVERY_S = 0.2


class Stopped(Exception):
    """The job was cancelled or the worker is draining; what it held can be dropped."""


@dataclass(slots=True)
class Ticket:
    """One attempt of one job inside the worker."""

    job_id: int
    attempt: int
    send: Callable[[FromWorker], None]
    is_cancelled: Callable[[], bool]
    is_draining: Callable[[], bool]
    checkpoint: str | None = None
    """Storage key from which this attempt goes on."""
    ends_early: Callable[[], bool] = bool
    """A training is to end with what it has learned; the usual answer is no."""
    _last_s: float = field(default=-PROGRESS_EVERY_S, init=False)
    _preview: str | None = field(default=None, init=False)

    @property
    def preview(self) -> str | None:
        """The last preview that was told."""
        return self._preview

    def check(self) -> None:
        """Raises:
        Stopped: the job has to end now.
        """
        if self.is_cancelled() or self.is_draining():
            raise Stopped

    def progress(self, progress: Progress) -> None:
        """Tells how far the job is; at most one in `PROGRESS_EVERY_S`, new previews always."""
        now_s = time.monotonic()
        seen = progress.preview == self._preview
        if seen and now_s - self._last_s < PROGRESS_EVERY_S:
            return
        self._last_s, self._preview = now_s, progress.preview
        self.send(Progressed(self.job_id, self.attempt, progress))

    def save(self, key: str) -> None:
        """Tells that a later attempt can go on from the blob `key`."""
        self.checkpoint = key
        self.send(Checkpointed(self.job_id, self.attempt, key))
