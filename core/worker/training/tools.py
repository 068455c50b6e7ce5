"""What every course works with."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from PIL import Image

from core.domain.requests import ImagineRequest, StartImage
from core.storage import Storage
from core.worker.captioner import Captioner
from core.worker.imagine import Imaginer, png
from core.worker.interrogator import Interrogator
from core.worker.models import Base
from core.worker.plain import OnStep
from core.worker.stack import Speller, Stacks


@dataclass(frozen=True, slots=True)
class Tools:
    """The base model, what is put on it, what draws with it, and where blobs lie."""

    base: Base
    stacks: Stacks
    imaginer: Imaginer
    storage: Storage
    captioner: Captioner | None = None
    interrogator: Interrogator | None = None

    def draw(
        self,
        prompt: str,
        seeds: tuple[int, ...],
        wear: Callable[[], Speller],
        *,
        on_step: OnStep,
        start: str | None = None,
    ) -> Generator[None, None, list[Image.Image]]:
        """Slices of one picture each, for which `wear` puts on what it is drawn with.

        `start` is the storage key of a picture, of which only what is transparent is drawn.
        """
        begin = StartImage(key=start, strength=1) if start else None
        request = ImagineRequest(prompt=prompt, seeds=seeds, start=begin)
        return self.imaginer.one_by_one(request, wear, on_step=on_step)

    def keep(self, picture: Image.Image) -> str:
        """The storage key of a picture."""
        return self.storage.put(png(picture))
