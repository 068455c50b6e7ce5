"""What was heard, and what it was taken to mean."""

from dataclasses import dataclass
from datetime import datetime

from core.domain.frozen import Frozen


class Segment(Frozen):
    """One stretch of speech, in faster-whisper's terms; times in seconds."""

    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float


class Change(Frozen):
    """One place where heard words were taken for a concept: "car" → "<kar>"."""

    heard: str
    token: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The written form of one voice message."""

    id: int
    job_id: int
    guild_id: int
    user_id: int
    language: str
    heard: str
    """What the speech model wrote."""
    prompt: str
    """The same with concepts put in."""
    changes: tuple[Change, ...]
    created_at: datetime
    answered_at: datetime | None = None
    """When Imagine or Cancel was pressed; a transcript is used once."""
