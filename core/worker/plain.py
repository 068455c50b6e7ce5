"""The plain path: one request at a time through diffusers' own pipelines.

The reference that the engine is compared with, and the way for what the engine does not know.
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from PIL import Image
from torch.nn import functional

from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.worker import latents, vae
from core.worker.controls import net_of, steered
from core.worker.from_image import image_to_image, inpainting
from core.worker.given import Given
from core.worker.models import Base
from core.worker.samplers import eta, noise_scheduler, schedule_of
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
        noise = latents.noise(own, size, request.variation).to(self._base.dtype)
        scheduler = scheduler_for(self._base, request)
        options = _options(request, speller, on_step)
        options |= {"generator": own, "eta": eta(scheduler)}
        options |= _from_picture(self._base, request, given)
        if given.mask is not None:
            pipe = inpainting(self._base, scheduler, noise=noise)
        elif given.clean is not None:
            pipe = image_to_image(self._base, scheduler, noise=noise)
        else:
            pipe = self._base.pipe
            pipe.scheduler = scheduler
            options["latents"] = noise
        vae.tile(self._base.pipe.vae, max(request.width_px or 0, request.height_px or 0))
        with _led(self._base, request, given):
            result = pipe(**options | _rescaled(pipe, request))
        flags = getattr(result, "nsfw_content_detected", None)
        return list(result.images), list(flags or [False] * len(request.seeds))


def scheduler_for(base: Base, request: ImagineRequest) -> Any:
    """A fresh scheduler of diffusers for a request's sampler."""
    schedule = schedule_of(request, base.noise_config)
    return noise_scheduler(request.sampler or base.family.sampler, schedule)


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


def _from_picture(base: Base, request: ImagineRequest, given: Given) -> dict[str, Any]:
    """Sides, the picture that it begins from, and its mask in pixels, cell by cell."""
    sides = {"width": request.width_px, "height": request.height_px}
    if given.clean is None or request.start is None:
        return sides
    start = given.clean.expand(len(request.seeds), -1, -1, -1)
    options = {"image": start, "strength": request.start.strength}
    if given.mask is None:
        return options
    pixels = functional.interpolate(given.mask, scale_factor=base.pipe.vae_scale_factor)
    masked = start if given.masked is None else given.masked
    return options | sides | {"mask_image": pixels, "masked_image_latents": masked}


def _led(base: Base, request: ImagineRequest, given: Given) -> AbstractContextManager[None]:
    """The ControlNet that was asked for, while drawing lasts."""
    if request.control is None or given.control is None:
        return nullcontext()
    net = net_of(base.controls, request.control.kind)
    return steered(base, net, given.control, request.control)


def _rescaled(pipe: Any, request: ImagineRequest) -> dict[str, float]:
    if request.guidance_rescale == 0:
        return {}
    if "guidance_rescale" not in inspect.signature(pipe.__call__).parameters:
        raise InvalidInput(
            "With this sampler or these concepts, `rescale` does not work on a picture that is "
            "changed. Leave it out."
        )
    return {"guidance_rescale": request.guidance_rescale}
