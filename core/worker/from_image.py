"""Image-to-image and inpainting with starting noise that is given, as text-to-image has it."""

from typing import Any

from diffusers import (
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
)
from torch import Tensor

from core.worker.models import Base


def image_to_image(base: Base, noise_scheduler: Any, *, noise: Tensor) -> Any:
    """A pipeline over the base's own parts that begins from `noise` (one row a picture).

    Diffusers would draw noise from the generators, but bent noise has no generator. The picture is
    to be passed as latents, so that nothing else is drawn by chance either.
    """
    kind = StableDiffusionXLImg2ImgPipeline if base.xl else StableDiffusionImg2ImgPipeline
    pipe = _pipeline(kind, base, noise_scheduler)

    def prepare_latents(image: Tensor, timestep: Tensor, *_: Any, **__: Any) -> Any:
        return noise_scheduler.add_noise(image, noise.to(image), timestep)

    pipe.prepare_latents = prepare_latents
    return pipe


def inpainting(base: Base, noise_scheduler: Any, *, noise: Tensor) -> Any:
    """The same for a picture of which only what a mask says is made anew.

    Models that read the mask beside the latents begin from the mask alone, others need the
    picture after every step.
    """
    kind = StableDiffusionXLInpaintPipeline if base.xl else StableDiffusionInpaintPipeline
    pipe = _pipeline(kind, base, noise_scheduler)

    def prepare_latents(*_: Any, image: Tensor, timestep: Tensor, **options: Any) -> Any:
        drawn, clean = noise.to(base.device, base.dtype), image.to(base.device, base.dtype)
        if options["is_strength_max"]:
            latents = drawn * noise_scheduler.init_noise_sigma
        else:
            latents = noise_scheduler.add_noise(clean, drawn, timestep)
        kept = (clean,) if options["return_image_latents"] else ()
        return latents, drawn, *kept

    pipe.prepare_latents = prepare_latents
    return pipe


def _pipeline(kind: Any, base: Base, noise_scheduler: Any) -> Any:
    parts = base.pipe.components | {"scheduler": noise_scheduler}
    if base.xl:
        zeros = base.pipe.config.force_zeros_for_empty_prompt
        pipe = kind(**parts, force_zeros_for_empty_prompt=zeros)
    else:
        pipe = kind(**parts, requires_safety_checker=parts["safety_checker"] is not None)
    pipe.set_progress_bar_config(disable=True)
    return pipe
