"""The plain path: one request at a time through diffusers' own pipelines.

The reference that the engine is compared with, and the way for what the engine does not know.
"""

from collections.abc import Callable
from typing import Any

from PIL import Image
from torch import Tensor
from torch.nn import functional

from core.domain.requests import ImagineRequest
from core.worker import latents
from core.worker.from_image import image_to_image, inpainting
from core.worker.given import Given
from core.worker.models import Base
from core.worker.samplers import eta, noise_scheduler
from core.worker.stack import Speller

OnStep = Callable[[int, int], None]
"""Called with steps done and steps in all; may raise to stop the drawing."""
Drawn = tuple[list[Image.Image], list[bool]]
"""Pictures, and which of them the model's safety checker blacked out."""


class PlainPath:
    """Draws with whatever the base model wears now."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def draw(
        self, request: ImagineRequest, speller: Speller, *, given: Given, on_step: OnStep
    ) -> Drawn:
        """Draws a resolved request."""
        own = latents.generators(request.seeds)
        size = latents.shape(self._base, request.width_px or 0, request.height_px or 0)
        noise = latents.noise(own, size, request.variation)
        scheduler = scheduler_for(self._base, request)
        options = _options(request, speller, on_step)
        options |= {"generator": own, "eta": eta(scheduler)}
        if request.start is None or given.clean is None:
            self._base.pipe.scheduler = scheduler
            result = self._base.pipe(latents=noise, **_sides_of(request), **options)
        else:
            start = given.clean.expand(len(request.seeds), -1, -1, -1)
            options |= {"image": start, "strength": request.start.strength}
            if given.mask is None:
                result = image_to_image(self._base, scheduler, noise=noise)(**options)
            else:
                options |= _masked(self._base, start, given) | _sides_of(request)
                result = inpainting(self._base, scheduler, noise=noise)(**options)
        flags = getattr(result, "nsfw_content_detected", None)
        return list(result.images), list(flags or [False] * len(request.seeds))


def scheduler_for(base: Base, request: ImagineRequest) -> Any:
    """A fresh scheduler of diffusers for a request's sampler."""
    return noise_scheduler(request.sampler or base.family.sampler, base.noise_config)


def _options(request: ImagineRequest, speller: Speller, on_step: OnStep) -> dict[str, Any]:
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


def _masked(base: Base, start: Tensor, given: Given) -> dict[str, Tensor | None]:
    """The mask in pixels, aligned to the cells of the latents."""
    scale = base.pipe.vae_scale_factor
    pixels = None if given.mask is None else functional.interpolate(given.mask, scale_factor=scale)
    return {"mask_image": pixels, "masked_image_latents": start}


def _sides_of(request: ImagineRequest) -> dict[str, int | None]:
    return {"width": request.width_px, "height": request.height_px}
