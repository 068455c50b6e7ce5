"""Whose turn it is on the worker: voices first, then pictures, and a share for training.

Pure: it is told how long turns took and has no clock of its own.
"""

from collections.abc import Collection
from enum import StrEnum

from core.domain.jobs import JobKind

RECENT = 0.2
"""How much the latest turn weighs in the usual length of one."""


class Turn(StrEnum):
    """What the worker can do next."""

    HEAR = "hear"  # write down one voice message
    DRAW = "draw"  # one step of every picture that is being made
    LEARN = "learn"  # one slice of a training, or of other work that nobody sits and waits for


def turn_of(kind: JobKind) -> Turn:
    """In whose turn a job of this kind goes on."""
    return {JobKind.TRANSCRIBE: Turn.HEAR, JobKind.IMAGINE: Turn.DRAW}.get(kind, Turn.LEARN)


class Shares:
    """Lets pictures go first, and keeps an account of what they owe to training.

    Only time in which both wanted the worker is booked. Training comes in once a usual turn of its
    own is owed to it, so it has its share of that time but for one turn, and pictures theirs.
    Where one of them is alone it has all the time, and the account begins anew.
    """

    def __init__(self, training_share: float) -> None:
        self._share = training_share
        self._owed_s = 0.0
        """What training should have had beyond what it did have; negative when it is ahead."""
        self._usual_s = 0.0
        """How long a turn of training usually takes."""
        self._contested = False

    def next(self, wanting: Collection[Turn]) -> Turn:
        """Who goes next of those that want to, at least one.

        Raises:
            ValueError: nobody wants to.
        """
        if Turn.HEAR in wanting:
            return Turn.HEAR
        self._contested = {Turn.DRAW, Turn.LEARN} <= set(wanting)
        if not self._contested:
            self._owed_s = 0.0
            return min(wanting)
        return Turn.LEARN if self._is_due() else Turn.DRAW

    def took(self, turn: Turn, seconds: float) -> None:
        """Books the time of the turn that `next` gave."""
        if turn is Turn.LEARN:
            self._usual_s += RECENT * (seconds - self._usual_s) if self._usual_s else seconds
        if turn is not Turn.HEAR and self._contested:
            had_s = seconds if turn is Turn.LEARN else 0.0
            self._owed_s += self._share * seconds - had_s

    def _is_due(self) -> bool:
        return 0 < self._owed_s >= (1 - self._share) * self._usual_s
