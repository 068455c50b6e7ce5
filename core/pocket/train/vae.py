"""The VAE: 64 × 64 pictures to 16 × 16 × 4 latents of mean 0 and spread 1, and back."""

import random
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor

from core.pocket.train.data import encode, to_range
from core.pocket.train.loop import Draws, Ema
from core.pocket.train.muon import MuonWithAdam, split_parameters
from core.precision import halved

BATCH = 32
CROP_PX = 32


def new_vae() -> AutoencoderKL:
    """Returns an untrained VAE of 0.9 million parameters that shrinks each side four times."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 64, 64),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=64,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


class VaeTrainer:
    """One step on crops: absolute, squared and gradient errors, and a small KL term.

    The crops come from tables of (count, height, width, 3) bytes, evenly. With `keeps_latents` the
    decoder alone learns, and a UNet that knows the latents goes on knowing them.
    """

    def __init__(
        self,
        vae: AutoencoderKL,
        tables: Sequence[Tensor],
        *,
        batch: int = BATCH,
        keeps_latents: bool = False,
    ) -> None:
        self.vae, self.tables, self.batch = vae.train(), tables, batch
        for encodes in (vae.encoder, vae.quant_conv):
            encodes.requires_grad_(not keeps_latents)
        edges = ("decoder.conv_out", "encoder.conv_in", "quant_conv")
        self.optimizer = MuonWithAdam(*split_parameters(vae, but=edges))
        self.ema = Ema(vae.parameters())

    def step(self, draws: Draws, rate: float) -> float:
        """Trains on one batch at the given rate and returns its loss."""
        pixels = to_range(self.crops(draws)).to(self.vae.device)
        with halved(self.vae.device):
            posterior = self.vae.encode(pixels).latent_dist
            noise = torch.randn(posterior.mean.shape, generator=draws.noise).to(pixels.device)
            decoded = self.vae.decode(posterior.mean + posterior.std * noise).sample.float()
        divergence = 0.5 * (
            posterior.mean.float() ** 2 + posterior.var.float() - 1 - posterior.logvar.float()
        )
        loss = picture_loss(decoded, pixels) + 1e-4 * divergence.mean()
        self.optimizer.step(loss, rate)
        self.ema.update()
        return float(loss.detach())

    def crops(self, draws: Draws) -> Tensor:
        """Returns a batch as (batch, height, width, 3) bytes."""
        tables = islice(cycle(self.tables), self.batch)
        return torch.stack([_crop(table, draws.choose) for table in tables])

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds."""
        return {
            "vae": self.vae.state_dict(),
            "optimizer": self.optimizer.state(),
            "ema": self.ema.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes a checkpoint's state."""
        self.vae.load_state_dict(state["vae"])
        self.optimizer.restore(state["optimizer"])
        self.ema.restore(state["ema"])


def _crop(pictures: Tensor, choose: random.Random) -> Tensor:
    picture, room = pictures[choose.randrange(len(pictures))], pictures.shape[1] - CROP_PX
    y, x = choose.randint(0, room), choose.randint(0, room)
    return picture[y : y + CROP_PX, x : x + CROP_PX]


def picture_loss(decoded: Tensor, pixels: Tensor) -> Tensor:
    """Compares (count, 3, height, width) pictures by their values and by their edges."""
    error = decoded - pixels
    across = (error[..., 1:] - error[..., :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return error.abs().mean() + 2 * (error**2).mean() + 0.5 * (across + down)


@torch.no_grad()
def normalise_latents(vae: AutoencoderKL, pictures: Tensor) -> None:
    """Folds the latents' mean and spread into the 1 × 1 convolutions on either side of them.

    Latents of `pictures`, (count, 64, 64, 3) bytes, have mean 0 and spread 1 a channel
    afterwards, decoding is unchanged, and the pipeline's scaling factor is 1.
    """
    means = torch.cat([encode(vae, part)[0] for part in torch.split(pictures, 100)])
    mean, spread = means.mean((0, 2, 3)), means.std((0, 2, 3))
    before, after = vae.quant_conv, vae.post_quant_conv
    before.weight[:4] /= spread.view(4, 1, 1, 1)
    before.bias[:4] = (before.bias[:4] - mean) / spread
    before.bias[4:] -= 2 * spread.log()
    after.bias += after.weight[:, :, 0, 0] @ mean
    after.weight *= spread.view(1, 4, 1, 1)
