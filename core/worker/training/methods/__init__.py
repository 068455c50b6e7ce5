"""Training methods, one file each: what learns, and when."""

from collections.abc import Callable
from dataclasses import dataclass

from core.domain.recipes import Recipe
from core.worker.training.parts import Bench, Part

Pace = Callable[[str, int, Recipe], float]
"""What a part's rate is multiplied with at a step: 0, and it rests."""


def steady(_part: str, _step: int, _recipe: Recipe) -> float:
    """Every part learns all the time."""
    return 1.0


@dataclass(frozen=True, slots=True)
class TrainingMethod:
    """What learns, in the order in which it is made, and at which pace."""

    parts: tuple[Callable[[Bench], Part], ...]
    pace: Pace = steady
