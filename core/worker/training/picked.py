"""A step of an earlier training made a version, because a person chose it."""

import time
from collections.abc import MutableMapping
from dataclasses import replace

from core.domain.jobs import Progress
from core.domain.requests import LearnedStep, TrainRequest
from core.storage import Storage
from core.worker.artifact import unpack
from core.worker.formats.modelspec import stored
from core.worker.loop import Slices
from core.worker.ticket import Ticket
from core.worker.training.finished import trained
from core.worker.training.presets import recipe_for
from core.worker.training.tools import Tools

BYTES_MAX = 2**28
"""Of all steps that are put by in one training."""


def put_by(
    storage: Storage, known: MutableMapping[int, tuple[str, int]], step: int, data: bytes
) -> None:
    """Stores what was learned at a step among the `known` ones, each with its size in bytes.

    Where they come to be too many every second one is forgotten, so that they stay spread.
    """
    known[step] = (storage.put(data), len(data))
    if sum(size for _, size in known.values()) > BYTES_MAX:
        for every_second in sorted(known)[-2::-2]:
            del known[every_second]


def made_of_step(
    tools: Tools, request: TrainRequest, learned: LearnedStep, ticket: Ticket
) -> Slices:
    """The slices of a train job that teaches nothing: the samples of what was learned before.

    Raises:
        StorageFault: the step is not there any more.
        UserError: it cannot be drawn with.
        Stopped: the job was cancelled on the way.
    """
    began_s = time.perf_counter()
    ticket.progress(Progress(0, 1, "drawing without it and with it"))
    base, recipe = tools.base, recipe_for(request, tools.base.family, device=tools.base.device.type)
    taken = unpack(tools.storage.get(learned.artifact))
    facts = {**taken.facts, "name": request.name, "recipe": recipe.model_dump(mode="json")}
    made = tools.storage.put(stored(base, replace(taken, facts=facts)))
    return (
        yield from trained(
            tools,
            request,
            recipe,
            made,
            ticket,
            seconds=lambda: learned.seconds + time.perf_counter() - began_s,
        )
    )
