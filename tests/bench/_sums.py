"""Shares, means and how sure they are: sums that the benchmarks of concepts share."""

import math
from collections.abc import Sequence

DEVIATIONS = 1.96
"""Standard deviations of a 95 % interval."""


def share(flags: Sequence[bool]) -> float:
    """How many of them are true, 0 to 1."""
    return sum(flags) / len(flags)


def mean(values: Sequence[float]) -> float:
    """The mean."""
    return sum(values) / len(values)


def margin(values: Sequence[float]) -> float:
    """Half the width of the 95 % interval of a mean, by the normal distribution."""
    middle, free = mean(values), max(1, len(values) - 1)
    spread = math.sqrt(sum((value - middle) ** 2 for value in values) / free)
    return DEVIATIONS * spread / math.sqrt(len(values))


def percent(shares: Sequence[float]) -> str:
    """A mean of shares with half the width of its interval: `72% ± 22%`."""
    return f"{mean(shares):.0%} ± {margin(shares):.0%}"


def figure(values: Sequence[float]) -> str:
    """The same of other figures: `0.71 ± 0.05`."""
    return f"{mean(values):.2f} ± {margin(values):.2f}"
