"""Samples of a new version: the same seeds without and with it, as `/imagine` draws."""

from collections.abc import Generator

from core.domain.concepts import StackEntry
from core.domain.requests import ImagineRequest, Stacking
from core.worker.imagine import Imaginer
from core.worker.ticket import Ticket
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
