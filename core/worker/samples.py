"""What every job that makes a new version says of it, and its samples: the same seeds without and
with it, as `/imagine` draws.
"""

from collections.abc import Generator, Sequence

from core.domain.concepts import StackEntry
from core.domain.requests import (
    STACK_MAX,
    FuseRequest,
    ImagineRequest,
    ImportRequest,
    Stacking,
    TrainRequest,
)
from core.worker.imagine import Imaginer
from core.worker.models import Base
from core.worker.ticket import Ticket
from core.worker.within import drawn_together

SEEDS = (11, 12, 13)
Making = TrainRequest | ImportRequest | FuseRequest
"""A job that ends with a new version of a concept."""


def samples(
    imaginer: Imaginer,
    plain: str,
    named: str,
    entry: StackEntry,
    ticket: Ticket,
    *,
    underneath: Sequence[StackEntry] = (),
) -> Generator[None, None, tuple[str, ...]]:
    """Storage keys, alternating: by the prompt `plain`, and by `named`, which says the concept.

    Of a full stack underneath the last is left out: nobody can draw with more.

    Raises:
        UserError: they cannot be drawn.
        Stopped: the job was cancelled on the way, or put down.
    """
    stack = tuple(underneath)[: STACK_MAX - 1]
    sides = (plain, stack), (named, (*stack, entry))
    wishes = [
        ImagineRequest(prompt=prompt, seeds=(seed,), stack=entries, stacking=Stacking.APART)
        for seed in SEEDS
        for prompt, entries in sides
    ]
    drawn = yield from drawn_together(imaginer, wishes, ticket)
    return tuple(image.key for one in drawn for image in one.images)


def facts_of(request: Making, base: Base) -> dict[str, object]:
    """What every version's artifact says of itself, however it was made."""
    return {
        "name": request.name,
        "class_noun": request.class_noun,
        "kind": request.concept_kind,
        "model": base.name,
        "weights": base.weights,
        "family": base.family.name,
    }


def entry_of(request: Making, artifact: str) -> StackEntry:
    """The version that a job makes, in a stack."""
    return StackEntry(
        concept_id=request.concept_id or 0,
        version_id=0,  # it gets its number when the job has ended
        name=request.name,
        class_noun=request.class_noun,
        kind=request.concept_kind,
        artifact=artifact,
    )
