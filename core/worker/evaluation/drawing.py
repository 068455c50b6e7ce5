"""Images for scoring, drawn a few a slice so that other jobs go in between."""

from collections.abc import Generator, Sequence

from PIL import Image

from core.dispatch.messages import MadeImage
from core.domain.concepts import StackEntry
from core.domain.images import Manifest
from core.domain.jobs import Progress
from core.domain.requests import COUNT_MAX, ImagineRequest
from core.storage import Storage
from core.worker.imagine import Imaginer, png
from core.worker.models import Base
from core.worker.stack import Stacks
from core.worker.ticket import Ticket
from core.worker.versions import library_versions

Made = tuple[Image.Image, MadeImage]


class SheetDrawer:
    """Draws prompts on seeds for one job, and counts how far it is."""

    def __init__(
        self,
        base: Base,
        stacks: Stacks,
        imaginer: Imaginer,
        storage: Storage,
        *,
        total: int,
        note: str = "drawing",
    ) -> None:
        self._base, self._stacks = base, stacks
        self._imaginer, self._storage = imaginer, storage
        self._total, self._done, self._note = total, 0, note
        self._versions = library_versions()

    def rows(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        stack: Sequence[StackEntry],
        ticket: Ticket,
    ) -> Generator[None, None, list[list[Made]]]:
        """Images by prompt, and within a prompt by seed.

        Raises:
            UserError: a concept does not fit the model.
            Stopped: the job was cancelled on the way, or put down.
        """
        rows = []
        for prompt in prompts:
            row: list[Made] = []
            for start in range(0, len(seeds), COUNT_MAX):
                row += self._some(prompt, seeds[start : start + COUNT_MAX], stack, ticket)
                yield
            rows.append(row)
        return rows

    def _some(
        self, prompt: str, seeds: Sequence[int], stack: Sequence[StackEntry], ticket: Ticket
    ) -> list[Made]:
        ticket.check()
        request = ImagineRequest(prompt=prompt, seeds=tuple(seeds), stack=tuple(stack), exact=True)
        resolved = self._imaginer.resolve(request)
        speller = self._stacks.wear(resolved.stack)
        try:
            drawn = self._imaginer.draw(resolved, speller, on_step=lambda *_: ticket.check())
        finally:
            self._stacks.wear(())
        self._done += len(drawn)
        note = f"{self._note}: image {self._done} of {self._total}"
        ticket.progress(Progress(self._done, self._total, note, ticket.preview))
        return [(one, self._keep(resolved, index, one)) for index, one in enumerate(drawn)]

    def _keep(self, request: ImagineRequest, index: int, picture: Image.Image) -> MadeImage:
        manifest = Manifest(
            request=request,
            index=index,
            model=self._base.name,
            device=str(self._base.device),
            dtype=str(self._base.dtype).removeprefix("torch."),
            versions=self._versions,
        )
        return MadeImage(self._storage.put(png(picture)), *picture.size, manifest)


def pictures_of(rows: Sequence[Sequence[Made]]) -> list[list[Image.Image]]:
    """The pictures alone."""
    return [[picture for picture, _ in row] for row in rows]
