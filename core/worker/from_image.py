"""Image-to-image with starting noise that is given, as text-to-image has it."""

from typing import Any

from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
from torch import Tensor

from core.worker.models import Base


def image_to_image(base: Base, noise_scheduler: Any, *, noise: Tensor) -> Any:
    """A pipeline over the base's own parts that begins from `noise` (one row a picture).

    Diffusers would draw noise from the generators, but bent noise has no generator. The picture is
    to be passed as latents, so that nothing else is drawn by chance either.
    """
    pipe = _pipeline(base, base.pipe.components | {"scheduler": noise_scheduler})
    pipe.set_progress_bar_config(disable=True)

    def prepare_latents(image: Tensor, timestep: Tensor, *_: Any, **__: Any) -> Any:
        return noise_scheduler.add_noise(image, noise.to(image), timestep)

    pipe.prepare_latents = prepare_latents
    return pipe


def _pipeline(base: Base, parts: dict[str, Any]) -> Any:
    if base.xl:
        zeros = base.pipe.config.force_zeros_for_empty_prompt
        return StableDiffusionXLImg2ImgPipeline(**parts, force_zeros_for_empty_prompt=zeros)
    checks = parts["safety_checker"] is not None
    return StableDiffusionImg2ImgPipeline(**parts, requires_safety_checker=checks)
