"""Sampled latents as pictures, several of one size in a call."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from core.worker.engine.draft import Draft
from core.worker.vae import tile


class Decoder:
    """The VAE of a base model."""

    def __init__(self, vae: Any, *, pixels_a_latent: int) -> None:
        self._vae = vae
        self.pixels_a_latent = pixels_a_latent

    @torch.no_grad()
    def decode(self, drafts: Sequence[Draft]) -> None:
        """Gives every draft its picture; all have latents of one shape."""
        pictures = self.pictures(torch.stack([draft.latents for draft in drafts]))
        for draft, picture in zip(drafts, pictures, strict=True):
            draft.picture = picture

    def pictures(self, latents: Tensor) -> Tensor:
        """Latents (count, channels, height, width) as pictures (count, 3, …) in -1 to 1 or so."""
        vae = self._vae
        tile(vae, max(latents.shape[-2:]) * self.pixels_a_latent)
        full = vae.dtype == torch.float16 and vae.config.force_upcast
        if full:
            vae.to(torch.float32)
        scaled = (latents / vae.config.scaling_factor).to(vae.dtype)
        decoded = vae.decode(scaled, return_dict=False)[0]
        if full:
            vae.to(torch.float16)
        return torch.as_tensor(decoded)
