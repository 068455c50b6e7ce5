"""How the learning rate goes over a run."""

import math
from collections.abc import Callable, Mapping

from core.domain.recipes import Recipe, Schedule

LEAST_RATE = 0.05

FALLS: Mapping[Schedule, Callable[[float], float]] = {
    Schedule.PLATEAU: lambda done: max(LEAST_RATE, 1.0 - max(0.0, done - 0.5) * 2),
    Schedule.CONSTANT: lambda done: 1.0,
    Schedule.COSINE: lambda done: max(LEAST_RATE, 0.5 * (1 + math.cos(math.pi * done))),
    Schedule.LINEAR: lambda done: max(LEAST_RATE, 1.0 - done),
}
"""From the share of the run that is done, 0 to 1."""


def rate_factor(step: int, recipe: Recipe) -> float:
    """What the learning rate is multiplied with: a short rise, then what the schedule says."""
    rise = min(1.0, (step + 1) / recipe.warmup_steps) if recipe.warmup_steps else 1.0
    return rise * FALLS[recipe.schedule](step / recipe.steps)
