"""What a training had learned at other steps, to keep one of them too."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.ui.card import Blob, Card, Menu
from bot.ui.text import code, dotted
from core.domain.concepts import ConceptVersion, token_of
from core.domain.evaluation import Waypoint

OPTIONS_MAX = 25
"""Of a menu, by Discord."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A training that has ended, and the steps of it that are there."""

    name: str
    version: ConceptVersion
    kept: int
    others: tuple[int, ...]

    def told(self, step: int) -> str:
        """A step, and whether it is the version."""
        return f"step {step}" + (f" = v{self.version.number}" if step == self.kept else "")


def steps(ran: Ran, job_id: int, sheet: Blob | None) -> Card:
    """The steps that can be kept, in a menu, and what was drawn on the way."""
    version, known = ran.version, {one.step: one for one in ran.version.course}
    options = tuple(
        (str(step), f"Step {step}", _about(known.get(step))) for step in spread(ran.others)
    )
    return Card(
        content=f"{code(token_of(ran.name))} v{version.number} is step {ran.kept} of its training. "
        "Another step that you choose becomes a further version; this one stays.",
        rows=((Menu("keepstep", job_id, "Keep another step…", options),),),
        files=(sheet,) if sheet else (),
    )


def spread(every: Sequence[int], most: int = OPTIONS_MAX) -> list[int]:
    """At most so many of them, evenly, the first and the last among them."""
    if len(every) <= most:
        return list(every)
    return [every[round(at * (len(every) - 1) / (most - 1))] for at in range(most)]


def _about(point: Waypoint | None) -> str:
    """What was measured there."""
    if point is None:
        return ""
    return dotted(
        "" if point.error is None else f"error {point.error:.3f}",
        "" if point.likeness is None else f"looks like the pictures {point.likeness:.0%}",
        "" if point.alignment is None else f"follows the prompt {point.alignment:.0%}",
    )
