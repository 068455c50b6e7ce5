"""The VAE as drawing uses it: in full precision where it must be, in tiles where it is large."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

TILED_FROM_PX = 1536
"""Sides from which it works tile by tile, so that its memory stays that of one tile."""


def tile(vae: Any, side_px: int) -> None:
    """Sets it up for pictures whose longer side has so many pixels."""
    (vae.enable_tiling if side_px >= TILED_FROM_PX else vae.disable_tiling)()


@torch.no_grad()
def encode(vae: Any, rows: Sequence[Tensor]) -> Tensor:
    """Pictures (count, 3, height, width) in -1 to 1 as scaled latents in the VAE's dtype.

    The mean of the encoder's distribution is taken: no chance is involved.
    """
    dtype, device = vae.dtype, next(vae.parameters()).device
    tile(vae, max(rows[0].shape[-2:]))
    upcast = dtype == torch.float16 and vae.config.force_upcast
    if upcast:
        vae.to(torch.float32)
    means = [vae.encode(row.to(device, vae.dtype)).latent_dist.mean for row in rows]
    if upcast:
        vae.to(dtype)
    scaling: float = vae.config.scaling_factor
    return (torch.cat(means) * scaling).to(dtype)
