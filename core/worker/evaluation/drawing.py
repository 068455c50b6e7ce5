"""Images for scoring, drawn as people's are, a few at a time, other jobs in between."""

from collections.abc import Generator, Sequence

from PIL import Image

from core.dispatch.messages import MadeImage
from core.domain.concepts import StackEntry
from core.domain.drawing import COUNT_MAX, Stacking
from core.domain.jobs import Progress
from core.domain.requests import ImagineRequest
from core.storage import Storage
from core.worker.imagine import Imaginer
from core.worker.ticket import Ticket
from core.worker.training.dataset import open_pictures
from core.worker.within import drawn_within

Made = tuple[Image.Image, MadeImage]
Drawing = Generator[None, None, list[Made]]


class SheetDrawer:
    """Draws for one job by the way that `/imagine` takes, and counts how far it is.

    Every request shares its batch with no other job, so that the same images come out, and the
    same scores, whatever else is drawn at that time.
    """

    def __init__(
        self, imaginer: Imaginer, storage: Storage, *, total: int, note: str = "drawing"
    ) -> None:
        self._imaginer, self._storage = imaginer, storage
        self._total, self._done, self._note = total, 0, note

    def rows(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        stack: Sequence[StackEntry],
        ticket: Ticket,
        *,
        stacking: Stacking = Stacking.APART,
        negative_prompt: str = "",
    ) -> Generator[None, None, list[list[Made]]]:
        """Images by prompt, and within a prompt by seed; concepts kept apart, as they are by
        default, unless another way of stacking is asked for.

        Raises:
            UserError: a concept does not fit the model.
            Stopped: the job was cancelled on the way, or put down.
        """
        rows = []
        for prompt in prompts:
            row: list[Made] = []
            for start in range(0, len(seeds), COUNT_MAX):
                wish = ImagineRequest(
                    prompt=prompt,
                    seeds=tuple(seeds[start : start + COUNT_MAX]),
                    stack=tuple(stack),
                    stacking=stacking,
                    negative_prompt=negative_prompt,
                )
                row += yield from self.one(wish, ticket)
            rows.append(row)
        return rows

    def one(self, request: ImagineRequest, ticket: Ticket) -> Drawing:
        """The images of one request; raises as `rows` does."""
        imagined = yield from drawn_within(self._imaginer, request, ticket)
        pictures = open_pictures(self._storage, [made.key for made in imagined.images])
        self._done += len(pictures)
        note = f"{self._note}: image {self._done} of {self._total}"
        ticket.progress(Progress(self._done, self._total, note, ticket.preview))
        yield
        return list(zip(pictures, imagined.images, strict=True))


def pictures_of(rows: Sequence[Sequence[Made]]) -> list[list[Image.Image]]:
    """The pictures alone."""
    return [[picture for picture, _ in row] for row in rows]
