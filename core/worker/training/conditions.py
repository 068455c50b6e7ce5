"""Captions as what the UNet takes beside the latents."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.worker.models import Base

CELLS_AT_ONCE = 4 * 64 * 64
"""Of latents that the model is asked of in one call: those of four pictures of 512 pixels."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Encoded captions, one row each; SDXL also has a pooled vector a caption."""

    embeds: Tensor
    pooled: Tensor | None = None

    def rows(self, index: Tensor) -> "Conditions":
        """Some of the captions, with repeats as asked."""
        picked = index.to(self.embeds.device)
        return Conditions(self.embeds[picked], None if self.pooled is None else self.pooled[picked])

    def followed_by(self, other: "Conditions") -> "Conditions":
        """These captions, then the others."""
        if self.pooled is None or other.pooled is None:
            return Conditions(torch.cat([self.embeds, other.embeds]))
        return Conditions(
            torch.cat([self.embeds, other.embeds]), torch.cat([self.pooled, other.pooled])
        )


def encode_captions(base: Base, captions: list[str]) -> Conditions:
    """Encodes captions just as drawing does, each once, with gradients where they are on."""
    unique = list(dict.fromkeys(captions))
    encoded = base.pipe.encode_prompt(
        unique,
        device=base.device,
        num_images_per_prompt=1,
        do_classifier_free_guidance=False,
    )
    told = Conditions(encoded[0], encoded[2] if base.xl else None)
    if len(unique) == len(captions):
        return told
    return told.rows(torch.tensor([unique.index(caption) for caption in captions]))


def predict(
    base: Base,
    latents: Tensor,
    timesteps: Tensor,
    conditions: Conditions,
    sizes: Tensor | None = None,
) -> Tensor:
    """The UNet's answer for noised latents (count, channels, height, width).

    SDXL is told `sizes` (count, 6) of each; None: these are whole pictures of just that size.
    """
    prediction: Tensor = base.pipe.unet(
        latents,
        timesteps,
        encoder_hidden_states=conditions.embeds,
        added_cond_kwargs=_added(base, latents, conditions, sizes),
        return_dict=False,
    )[0]
    return prediction


def predict_by_parts(
    base: Base,
    latents: Tensor,
    timesteps: Tensor,
    conditions: Conditions,
    sizes: Tensor | None = None,
) -> Tensor:
    """The same for any number of rows, a few in a call."""
    at_once = max(1, CELLS_AT_ONCE // latents[0, 0].numel())
    rows = torch.arange(len(latents))
    parts = [rows[first : first + at_once] for first in range(0, len(rows), at_once)]
    answers = [
        predict(
            base,
            latents[part],
            timesteps[part],
            conditions.rows(part),
            None if sizes is None else sizes[part],
        )
        for part in parts
    ]
    return torch.cat(answers)


def _added(
    base: Base, latents: Tensor, conditions: Conditions, sizes: Tensor | None
) -> dict[str, Any] | None:
    """SDXL's pooled text and size conditions."""
    if conditions.pooled is None:
        return None
    told = _whole(base, latents) if sizes is None else sizes
    return {"text_embeds": conditions.pooled, "time_ids": told}


def _whole(base: Base, latents: Tensor) -> Tensor:
    """Sizes of pictures of which nothing was scaled or cut."""
    height, width = (int(side * base.pipe.vae_scale_factor) for side in latents.shape[-2:])
    told = [[height, width, 0, 0, height, width]] * len(latents)
    return torch.tensor(told, device=base.device, dtype=base.dtype)
