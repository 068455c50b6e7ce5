"""Images as a part of another job, drawn as people's are, other jobs in between."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace

from core.dispatch.messages import FromWorker, Imagined
from core.domain.requests import ImagineRequest
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
    exact = request.model_copy(update={"exact": True})
    with closing(imaginer.slices(exact, replace(ticket, send=_unheard))) as slices:
        while True:
            try:
                next(slices)
            except StopIteration as finished:
                imagined: Imagined = finished.value
                return imagined
            imaginer.advance()
            yield


def _unheard(_: FromWorker) -> None:
    """How far a few images are says nothing of the whole job."""
