"""What every course works with."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from PIL import Image

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.requests import ImagineRequest
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

    def in_brief(
        self, prompt: str, seeds: tuple[int, ...], stack: tuple[StackEntry, ...] = ()
    ) -> ImagineRequest:
        """A request for pictures that only this course looks at, in as few steps as will do."""
        sampler, steps = self.base.family.in_brief
        return ImagineRequest(
            prompt=prompt, seeds=seeds, stack=stack, sampler=sampler, num_inference_steps=steps
        )

    def draw(
        self,
        prompt: str,
        seeds: tuple[int, ...],
        kind: ConceptKind,
        wear: Callable[[], Speller],
        *,
        on_step: OnStep,
    ) -> Generator[None, None, list[Image.Image]]:
        """Slices of one picture each, for which `wear` puts on what it is drawn with, a concept of
        some kind, by the guidance that is usual for it.
        """
        guidance = self.base.family.guidance_for([kind])
        request = self.in_brief(prompt, seeds).model_copy(update={"guidance_scale": guidance})
        return self.imaginer.one_by_one(request, wear, on_step=on_step)

    def keep(self, picture: Image.Image) -> str:
        """The storage key of a picture."""
        return self.storage.put(png(picture))
