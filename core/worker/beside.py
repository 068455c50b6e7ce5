"""What the UNet of an inpaint checkpoint reads beside the latents: a mask, and what is around it.

Such a UNet has 9 input channels instead of 4: latents, the mask, and latents of the picture with
grey where it is made anew.
"""

from typing import Any

import torch
from torch import Tensor, nn

from core.worker import vae


def reads_masks(pipe: Any) -> bool:
    """The model of a pipeline is an inpaint checkpoint."""
    return bool(pipe.unet.config.in_channels == 2 * pipe.vae.config.latent_channels + 1)


def nothing_kept(pipe: Any, height: int, width: int) -> Tensor:
    """For a picture that is all made anew, (1, channels + 1, height, width) of latents."""
    factor = pipe.vae_scale_factor
    masked = vae.encode(pipe.vae, [torch.zeros(1, 3, height * factor, width * factor)])
    return torch.cat([torch.ones_like(masked[:, :1]), masked], dim=1)


def fill_in(pipe: Any) -> None:
    """Makes the UNet take latents alone as well, as text-to-image and training have them."""
    known: dict[tuple[int, ...], Tensor] = {}

    def widen(_unet: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        inputs = args[0]
        if inputs.shape[1] == pipe.unet.config.in_channels:
            return args
        size = tuple(inputs.shape[-2:])
        if size not in known:
            known.clear()
            known[size] = nothing_kept(pipe, *size)
        rows = known[size].to(inputs).expand(len(inputs), -1, -1, -1)
        return (torch.cat([inputs, rows], dim=1), *args[1:])

    pipe.unet.register_forward_pre_hook(widen)
