"""Captions as what the UNet takes beside the latents."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.worker.models import Base


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
    """Encodes captions just as drawing does, with gradients where they are on."""
    encoded = base.pipe.encode_prompt(
        captions,
        device=base.device,
        num_images_per_prompt=1,
        do_classifier_free_guidance=False,
    )
    return Conditions(encoded[0], encoded[2] if base.xl else None)


def predict(base: Base, latents: Tensor, timesteps: Tensor, conditions: Conditions) -> Tensor:
    """The UNet's answer for noised latents (count, channels, height, width)."""
    prediction: Tensor = base.pipe.unet(
        latents,
        timesteps,
        encoder_hidden_states=conditions.embeds,
        added_cond_kwargs=_added(base, conditions),
        return_dict=False,
    )[0]
    return prediction


def _added(base: Base, conditions: Conditions) -> dict[str, Any] | None:
    """SDXL's size conditions: pictures are whole squares of the native side."""
    if conditions.pooled is None:
        return None
    side = base.native_px
    ids = torch.tensor([[side, side, 0, 0, side, side]], device=base.device, dtype=base.dtype)
    return {
        "text_embeds": conditions.pooled,
        "time_ids": ids.repeat(len(conditions.pooled), 1),
    }
