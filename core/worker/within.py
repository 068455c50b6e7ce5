"""Images as a part of another job, drawn as people's are, other jobs in between."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace

from core.dispatch.messages import FromWorker, Imagined
from core.domain.requests import ImagineRequest
from core.errors import ModelFault
from core.worker.imagine import Imaginer
from core.worker.ticket import Ticket


def drawn_within(
    imaginer: Imaginer, request: ImagineRequest, ticket: Ticket
) -> Generator[None, None, Imagined]:
    """An imagine job's slices, for one that has its turn when nobody else may be drawing: each
    takes a step of the batch by itself.

    It shares no batch with another job, so that the same images come out whatever else is drawn at
    that time; how far it is, is not told.

    Raises:
        UserError: it cannot be drawn.
        Stopped: the job was cancelled on the way, or put down.
    """
    (imagined,) = yield from _drawn(imaginer, [request], ticket)
    return imagined


def drawn_together(
    imaginer: Imaginer, requests: Sequence[ImagineRequest], ticket: Ticket
) -> Generator[None, None, list[Imagined]]:
    """Several at once, in one batch of their own where the engine draws them all: half the time.
    Else, or where it has no room for an adapter, one after the other, other jobs in between.

    Raises:
        UserError: one of them cannot be drawn.
        Stopped: the job was cancelled on the way, or put down.
    """
    if all(map(imaginer.draws_in_batches, requests)):
        with suppress(ModelFault):
            return (yield from _drawn(imaginer, requests, ticket))
    drawn = []
    for request in requests:
        drawn.append((yield from drawn_within(imaginer, _plainly(imaginer, request), ticket)))
        yield
    return drawn


def _drawn(
    imaginer: Imaginer, requests: Sequence[ImagineRequest], ticket: Ticket
) -> Generator[None, None, list[Imagined]]:
    """All begin in one slice: those that came later would miss the batch of the first."""
    drawn: dict[int, Imagined] = {}
    with ExitStack() as stack:
        unheard = replace(ticket, send=_unheard)
        working = {
            index: stack.enter_context(closing(imaginer.slices(_exact(request), unheard)))
            for index, request in enumerate(requests)
        }
        while True:
            for index, slices in list(working.items()):
                try:
                    next(slices)
                except StopIteration as finished:
                    drawn[index] = finished.value
                    del working[index]
            if not working:
                return [drawn[index] for index in range(len(requests))]
            imaginer.advance()
            yield


def _plainly(imaginer: Imaginer, request: ImagineRequest) -> ImagineRequest:
    """The same on the plain path."""
    resolved = imaginer.resolve(request)
    setup = resolved.setup and resolved.setup.model_copy(update={"plain": True})
    return resolved.model_copy(update={"setup": setup})


def _exact(request: ImagineRequest) -> ImagineRequest:
    return request.model_copy(update={"exact": True})


def _unheard(_: FromWorker) -> None:
    """How far a few images are says nothing of the whole job."""
