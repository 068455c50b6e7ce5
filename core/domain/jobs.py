"""A job and the states it may go through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.requests import Request

MAX_ATTEMPTS = 3


class JobKind(StrEnum):
    """What a job does."""

    IMAGINE = "imagine"
    TRAIN = "train"
    TRANSCRIBE = "transcribe"
    IMPORT = "import"
    FUSE = "fuse"
    EXPORT = "export"
    EVALUATE = "evaluate"


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"  # waits for its turn; nothing is spent yet
    RUNNING = "running"  # leased to a worker that sends heartbeats
    SUCCEEDED = "succeeded"  # its results are written; a delivery tells the person
    FAILED = "failed"  # ended with an error that the person was told
    CANCELLED = "cancelled"  # ended because a person said so

    @property
    def ended(self) -> bool:
        """No transition leads out of it."""
        return not TRANSITIONS[self]


TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    # Back to QUEUED when the worker or the program died; FAILED when that happened too often.
    JobState.RUNNING: frozenset(
        {JobState.QUEUED, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


def losses_after(losses: int, *, alone: bool) -> int:
    """The losses of a job that has just been lost once more.

    Who was alone with the worker is to blame for its end. Who had company may be innocent: it
    becomes a suspect and runs alone next, and only that can bring it nearer to `MAX_ATTEMPTS`.
    """
    return losses + 1 if alone else max(losses, 1)


LEARNING = "learning"
"""What a training notes while it takes steps; before and after it notes other things."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: `done` of `total` steps, with a word on what happens now."""

    done: int
    total: int
    note: str = ""
    preview: str | None = None
    """Storage key of a PNG, or None."""

    @property
    def has_learned(self) -> bool:
        """It is a training on its way, with something learned and something left to learn."""
        return self.note == LEARNING and 0 < self.done < self.total


@dataclass(frozen=True, slots=True)
class Job:
    """A durable row of work, as read from the database."""

    id: int
    guild_id: int
    user_id: int
    channel_id: int
    state: JobState
    request: Request
    attempt: int
    """1 for the first run; counts up each time a run was lost."""
    created_at: datetime
    losses: int = 0
    """Runs that ended with their worker and may have been the cause of it."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: Progress | None = None
    error: str | None = None
    """A sentence for the person, once FAILED."""
    cautions: tuple[str, ...] = ()
    """Sentences on what may go wrong with its stack, from before it was begun; of a voice message
    that was to be drawn at once, why it was not."""
    checkpoint: str | None = None
    """Storage key from which a training run goes on."""
    reply_to: int | None = None
    """The message that asked, where there is one (voice messages)."""
    status_message_id: int | None = None
    """The bot's message that shows progress until the result is posted."""

    @property
    def kind(self) -> JobKind:
        """What the job does."""
        return JobKind(self.request.kind)

    @property
    def suspect(self) -> bool:
        """It may have ended a worker, so it runs alone until it has ended or saved a checkpoint."""
        return self.losses > 0


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's history: the state it went to, when, and why where that is not plain."""

    at: datetime
    state: JobState
    attempt: int
    cause: str = ""
