"""The loss: what the UNet should have said about noised latents, in the checkpoint's own terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.domain.drawing import Sampler
from core.worker.samplers import noise_scheduler

SNR_CAP = 5.0


@dataclass(frozen=True, slots=True)
class Noised:
    """Latents (count, channels, height, width) at `timesteps` (count,), and the right answer."""

    latents: Tensor
    timesteps: Tensor
    target: Tensor
    weight: Tensor
    """(count,): how much each row counts."""

    def repeated(self, times: int) -> "Noised":
        """All rows so many times over."""
        return Noised(
            latents=self.latents.repeat(times, 1, 1, 1),
            timesteps=self.timesteps.repeat(times),
            target=self.target.repeat(times, 1, 1, 1),
            weight=self.weight.repeat(times),
        )

    @classmethod
    def all_of(cls, each: Sequence["Noised"]) -> "Noised":
        """The rows of all, one after the other."""
        return cls(
            latents=torch.cat([one.latents for one in each]),
            timesteps=torch.cat([one.timesteps for one in each]),
            target=torch.cat([one.target for one in each]),
            weight=torch.cat([one.weight for one in each]),
        )


class Objective:
    """Noises latents and weighs the error: min-SNR, so that almost clean rows do not outweigh.

    Source: Hang et al., Efficient diffusion training via min-SNR weighting strategy (2023), eq. 8.
    For v-prediction 1 is added above and below. With the paper's own weight, SNR / (SNR + 1), rows
    that are all noise would count nothing, and those decide the colours of a picture.
    """

    def __init__(
        self,
        noise_config: Mapping[str, Any],
        *,
        snr_cap: float | None = SNR_CAP,
        noise_offset: float = 0.0,
    ) -> None:
        self._snr_cap, self._noise_offset = snr_cap, noise_offset
        self._schedule = noise_scheduler(Sampler.DDIM, noise_config)
        self._levels = int(self._schedule.config.num_train_timesteps)
        self._kind = str(self._schedule.config.prediction_type)

    def noise(self, clean: Tensor, generator: torch.Generator) -> Noised:
        """Draws noise and timesteps from a CPU generator, whatever the device of `clean`."""
        timesteps = torch.randint(0, self._levels, (len(clean),), generator=generator)
        return self._noised(clean, timesteps, generator)

    def noise_at(self, clean: Tensor, level: float, generator: torch.Generator) -> Noised:
        """The same at one level of noise, 0 to 1."""
        timesteps = torch.full((len(clean),), int(level * (self._levels - 1)))
        return self._noised(clean, timesteps, generator)

    def _noised(self, clean: Tensor, timesteps: Tensor, generator: torch.Generator) -> Noised:
        noise = torch.randn(clean.shape, generator=generator).to(clean)
        if self._noise_offset:
            each = torch.randn((*clean.shape[:2], 1, 1), generator=generator).to(clean)
            noise = noise + self._noise_offset * each
        timesteps = timesteps.to(clean.device)
        return Noised(
            latents=self._schedule.add_noise(clean, noise, timesteps),
            timesteps=timesteps,
            target=self._target(clean, noise, timesteps),
            weight=self._weight(timesteps),
        )

    def losses(self, prediction: Tensor, noised: Noised, cells: Tensor | None = None) -> Tensor:
        """The weighted squared error of each row, (count,), float32.

        With `cells` (count, 1, height, width) it is the mean over cells by these weights, so that
        a small mask teaches as strongly as a large one.
        """
        error = (prediction.float() - noised.target.float()).square()
        if cells is None:
            return error.flatten(1).mean(1) * noised.weight
        share = cells.float() / cells.float().mean((1, 2, 3), keepdim=True)
        return (error * share).flatten(1).mean(1) * noised.weight

    def _target(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        if self._kind == "v_prediction":
            velocity: Tensor = self._schedule.get_velocity(clean, noise, timesteps)
            return velocity
        return clean if self._kind == "sample" else noise

    def _weight(self, timesteps: Tensor) -> Tensor:
        if self._snr_cap is None:
            return torch.ones(len(timesteps), device=timesteps.device)
        kept: Tensor = self._schedule.alphas_cumprod.to(timesteps.device)[timesteps].double()
        snr = kept / (1 - kept)
        capped = snr.clamp(max=self._snr_cap)
        if self._kind == "v_prediction":
            weight = (capped + 1) / (snr + 1)
        elif self._kind == "sample":
            weight = capped
        else:
            weight = torch.where(snr > 0, capped / snr, 1.0)
        return weight.float()
