"""The embedded model with a UNet of a tenth of the work, for what no trained weight matters to."""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel

from core.worker.models import Base, load_base

SMALL = {
    "block_out_channels": (16, 16, 32),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
}
"""Every kind of layer that the embedded UNet has, each less often, and as many levels."""


def with_small_unet(base: Base) -> Base:
    """The same base, from now on with a small UNet that knows nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = UNet2DConditionModel.from_config(dict(base.pipe.unet.config) | SMALL)
    base.pipe.register_modules(unet=unet.to(base.dtype).eval().requires_grad_(False))
    return base


def small_pocket(folder: Path) -> Path:
    """It as a folder, for a worker to load: `ATELIER_MODEL` may name any."""
    known = load_base("pocket", device=torch.device("cpu"), dtype=torch.float32)
    with_small_unet(known).pipe.save_pretrained(folder)
    return folder
