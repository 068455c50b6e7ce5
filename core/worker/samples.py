"""What every job that makes a new version says of it, and its samples: the same seeds without and
with it, as `/imagine` draws.
"""

from collections.abc import Generator

from core.domain.concepts import StackEntry
from core.domain.drawing import Stacking
from core.domain.requests import ImagineRequest, Making, entry_of
from core.worker.imagine import Imaginer
from core.worker.models import Base
from core.worker.ticket import Ticket
from core.worker.training.captions import plain_caption
from core.worker.within import drawn_together

SEEDS = (11, 12, 13)


def samples(
    imaginer: Imaginer,
    plain: str,
    named: str,
    entry: StackEntry,
    ticket: Ticket,
) -> Generator[None, None, tuple[str, ...]]:
    """Storage keys, alternating: by the prompt `plain`, and by `named`, which says the concept.

    Raises:
        UserError: they cannot be drawn.
        Stopped: the job was cancelled on the way, or put down.
    """
    sides: tuple[tuple[str, tuple[StackEntry, ...]], ...] = (plain, ()), (named, (entry,))
    wishes = [
        ImagineRequest(prompt=prompt, seeds=(seed,), stack=entries, stacking=Stacking.APART)
        for seed in SEEDS
        for prompt, entries in sides
    ]
    drawn = yield from drawn_together(imaginer, wishes, ticket)
    return tuple(image.key for one in drawn for image in one.images)


def samples_of(
    imaginer: Imaginer, request: Making, artifact: str, called: str, ticket: Ticket
) -> Generator[None, None, tuple[str, ...]]:
    """Those of the version that a job has made, which captions name as it is `called`.

    Raises:
        UserError, Stopped: as for `samples`.
    """
    plain = plain_caption(request.concept_kind, request.class_noun)
    named = plain_caption(request.concept_kind, called)
    return samples(imaginer, plain, named, entry_of(request, artifact), ticket)


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
