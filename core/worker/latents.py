"""Pictures and noise as latents."""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from core.domain.drawing import Variation
from core.worker import vae
from core.worker.models import Base


def shape(base: Base, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """The shape of one picture's latents: (1, channels, height, width)."""
    factor = base.pipe.vae_scale_factor
    channels = base.pipe.vae.config.latent_channels
    return 1, channels, height_px // factor, width_px // factor


def generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """One CPU generator a picture, so that its noise depends on nothing but its own seed."""
    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]


def noise(
    own: Sequence[torch.Generator], size: tuple[int, ...], variation: Variation | None
) -> Tensor:
    """Standard normal noise, float32 on the CPU, one row a generator.

    With a variation, row i is bent towards the noise of its i-th seed (the last one repeats).
    """
    rows = torch.cat([torch.randn(size, generator=generator) for generator in own])
    if variation is None:
        return rows
    seeds = [variation.seeds[min(i, len(variation.seeds) - 1)] for i in range(len(own))]
    others = torch.cat([torch.randn(size, generator=generator) for generator in generators(seeds)])
    return slerp(rows, others, variation.strength)


def slerp(start: Tensor, end: Tensor, amount: float) -> Tensor:
    """Spherical interpolation row by row: 0 is `start`, 1 is `end`; the spread stays that of noise.

    Source: Shoemake, Animating rotation with quaternion curves (1985), section 3.3.
    """
    a, b = start.flatten(1).double(), end.flatten(1).double()
    cosine = torch.nn.functional.cosine_similarity(a, b, dim=1).clamp(-1, 1)
    angle = torch.arccos(cosine).unsqueeze(1)
    bent = (torch.sin((1 - amount) * angle) * a + torch.sin(amount * angle) * b) / torch.sin(angle)
    return bent.to(start.dtype).view_as(start)


def encode(base: Base, pictures: Sequence[Image.Image]) -> Tensor:
    """Pictures of one size as scaled latents (count, channels, height, width) in the base's dtype.

    No chance is involved.
    """
    processor = base.pipe.image_processor
    return vae.encode(base.pipe.vae, [processor.preprocess(picture) for picture in pictures])
