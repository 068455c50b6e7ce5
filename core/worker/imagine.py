"""Pictures from a request, through diffusers' own pipelines."""

import io
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image, UnidentifiedImageError

from core.dispatch.messages import Imagined, MadeImage
from core.domain.images import Manifest
from core.domain.jobs import Progress
from core.domain.requests import ImagineRequest, StartImage
from core.errors import InvalidInput
from core.storage import Storage
from core.worker import latents, sizes
from core.worker.from_image import image_to_image
from core.worker.models import Base
from core.worker.samplers import eta, noise_scheduler, possible_steps
from core.worker.stack import Speller, Stacks
from core.worker.ticket import Ticket
from core.worker.versions import library_versions

STEPS_MAX = 100
OnStep = Callable[[int, int], None]
"""Called with steps done and steps in all; may raise to stop the drawing."""


class Imaginer:
    """Draws with the base model that it was given."""

    def __init__(self, base: Base, stacks: Stacks, storage: Storage) -> None:
        self._base, self._stacks, self._storage = base, stacks, storage
        self._versions = library_versions()

    def run(self, request: ImagineRequest, ticket: Ticket) -> Imagined:
        """Does an imagine job.

        Raises:
            UserError: the request cannot be drawn as it is.
            Stopped: the job was cancelled on the way.
        """
        started_s = time.perf_counter()
        resolved = self.resolve(request)
        speller = self._stacks.wear(resolved.stack)

        def on_step(done: int, total: int) -> None:
            ticket.check()
            ticket.progress(Progress(done, total, "drawing"))

        pictures = self.draw(resolved, speller, on_step=on_step)
        images = tuple(self._keep(resolved, index, pic) for index, pic in enumerate(pictures))
        return Imagined(ticket.job_id, ticket.attempt, images, time.perf_counter() - started_s)

    def resolve(self, request: ImagineRequest) -> ImagineRequest:
        """The request with every open choice made; drawing it again gives the same pictures.

        Raises:
            InvalidInput: the sizes or the steps are beyond the model or the sampler.
        """
        family = self._base.family
        width_px, height_px = self._sides(request)
        steps = request.num_inference_steps or family.steps
        if request.start is not None:
            steps = _enough_steps(steps, request.start.strength)
        steps = possible_steps(self._scheduler(request), steps)
        return request.model_copy(
            update={
                "num_inference_steps": steps,
                "guidance_scale": request.guidance_scale or family.guidance_scale,
                "sampler": request.sampler or family.sampler,
                "width_px": width_px,
                "height_px": height_px,
            }
        )

    def draw(
        self, request: ImagineRequest, speller: Speller, *, on_step: OnStep
    ) -> list[Image.Image]:
        """Draws a resolved request with whatever the base model wears now."""
        own = latents.generators(request.seeds)
        size = latents.shape(self._base, request.width_px or 0, request.height_px or 0)
        noise = latents.noise(own, size, request.variation)
        scheduler = self._scheduler(request)
        options = self._options(request, speller, on_step)
        options |= {"generator": own, "eta": eta(scheduler)}
        if request.start is None:
            self._base.pipe.scheduler = scheduler
            result = self._base.pipe(latents=noise, **_sides_of(request), **options)
        else:
            pipe = image_to_image(self._base, scheduler, noise=noise)
            start = self._start(request, request.start)
            result = pipe(image=start, strength=request.start.strength, **options)
        return _allowed(result)

    def _scheduler(self, request: ImagineRequest) -> Any:
        sampler = request.sampler or self._base.family.sampler
        return noise_scheduler(sampler, self._base.noise_config)

    def _options(
        self, request: ImagineRequest, speller: Speller, on_step: OnStep
    ) -> dict[str, Any]:
        count, steps = len(request.seeds), request.num_inference_steps or 0
        planned = steps if request.start is None else int(steps * request.start.strength)

        def after_step(_pipe: Any, index: int, _timestep: Any, kept: dict[str, Any]) -> Any:
            on_step(index + 1, planned)
            return kept

        return {
            "prompt": [speller(request.prompt)] * count,
            "negative_prompt": [speller(request.negative_prompt)] * count
            if request.negative_prompt
            else None,
            "num_inference_steps": steps,
            "guidance_scale": request.guidance_scale,
            "callback_on_step_end": after_step,
            "callback_on_step_end_tensor_inputs": ["latents"],
        }

    def _sides(self, request: ImagineRequest) -> tuple[int, int]:
        base = self._base
        if request.width_px and request.height_px:
            wanted = request.width_px, request.height_px
        elif request.start is not None:
            wanted = self._open(request.start.key).size
        else:
            wanted = sizes.sides(
                request.aspect, native_px=base.native_px, step_px=base.size_step_px
            )
        width_px, height_px = (sizes.to_step(side, base.size_step_px) for side in wanted)
        sizes.check_sides(width_px, height_px, native_px=base.native_px)
        return width_px, height_px

    def _start(self, request: ImagineRequest, start: StartImage) -> Any:
        picture = self._open(start.key)
        wanted = (request.width_px or 0, request.height_px or 0)
        if picture.size != wanted:
            picture = picture.resize(wanted, Image.Resampling.LANCZOS)
        row = latents.encode(self._base, [picture])
        return row.expand(len(request.seeds), -1, -1, -1)

    def _open(self, key: str) -> Image.Image:
        try:
            return Image.open(io.BytesIO(self._storage.get(key))).convert("RGB")
        except (UnidentifiedImageError, OSError) as error:
            raise InvalidInput("The picture to begin from cannot be read.") from error

    def _keep(self, resolved: ImagineRequest, index: int, picture: Image.Image) -> MadeImage:
        base = self._base
        manifest = Manifest(
            request=resolved,
            index=index,
            model=base.name,
            device=str(base.device),
            dtype=str(base.dtype).removeprefix("torch."),
            versions=self._versions,
        )
        return MadeImage(self._storage.put(png(picture)), *picture.size, manifest)


def png(picture: Image.Image) -> bytes:
    """A picture as the bytes of a PNG file; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _enough_steps(steps: int, strength: float) -> int:
    """Steps of which at least one falls inside the strength."""
    needed = math.ceil(1 / strength)
    if needed > STEPS_MAX:
        raise InvalidInput(f"A strength of {strength} is too little to change the picture.")
    return max(steps, needed)


def _sides_of(request: ImagineRequest) -> dict[str, int | None]:
    return {"width": request.width_px, "height": request.height_px}


def _allowed(result: Any) -> list[Image.Image]:
    """The pictures, unless the checkpoint's own safety checker blacked out every one."""
    flags: Sequence[bool] = getattr(result, "nsfw_content_detected", None) or [False]
    if all(flags):
        raise InvalidInput("The model's safety checker held the pictures back; ask differently.")
    return list(result.images)
