"""The denoising UNet and its text encoder, trained together on latents and captions."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from core.pocket.train.loop import Draws, Ema
from core.pocket.train.muon import MuonWithAdam, split_parameters
from core.pocket.world.captions import caption
from core.pocket.world.scene import Scene
from core.precision import halved

EDGES = ("conv_in", "conv_out", "time_embedding", "embeddings")
BATCH = 32


def new_unet() -> UNet2DConditionModel:
    """Returns an untrained UNet of 4.4 million parameters for 16 × 16 × 4 latents."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(48, 96, 128),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=128,
        attention_head_dim=2,
        norm_num_groups=16,
    )


def new_noise_scheduler() -> DDIMScheduler:
    """Returns the scheduler of training and sampling: v-prediction, zero terminal SNR, trailing."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


@dataclass(frozen=True, slots=True)
class Latents:
    """What the UNet learns from: scenes and the posterior of their pictures' latents."""

    scenes: Sequence[Scene]
    means: Tensor
    spread: float


class UNetTrainer:
    """One step: v-prediction loss on a batch, weighted by min-SNR-5 (Hang et al. 2023)."""

    def __init__(
        self,
        unet: UNet2DConditionModel,
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        data: Latents,
        *,
        batch: int = BATCH,
    ) -> None:
        # Plain attention: the fused kernel's backward is slow on a CPU with heads this narrow.
        unet.set_attn_processor(AttnProcessor())
        text_encoder.set_attn_implementation("eager")
        # On a Xeon with AMX a step takes a quarter less time, on a Zen 5 a tenth more.
        unet.to(memory_format=torch.channels_last)
        self.unet, self.text_encoder = unet.train(), text_encoder.train()
        self.tokenizer, self.data, self.batch = tokenizer, data, batch
        self.device = unet.device
        self.alphas = new_noise_scheduler().alphas_cumprod.to(self.device)
        matrices, others = split_parameters(unet, but=EDGES)
        text_matrices, text_others = split_parameters(text_encoder, but=EDGES)
        self.optimizer = MuonWithAdam(matrices + text_matrices, others + text_others)
        self.modules = torch.nn.ModuleList([unet, text_encoder])
        self.ema = Ema(self.modules.parameters())

    def step(self, draws: Draws, rate: float) -> float:
        """Trains on one batch at the given rate and returns its loss."""
        indices = [draws.choose.randrange(len(self.data.scenes)) for _ in range(self.batch)]
        captions = [training_caption(self.data.scenes[i], draws.choose) for i in indices]
        latents = self.data.means[indices].float()
        latents = latents + self.data.spread * _normal_like(latents, draws)
        noise, timesteps = _normal_like(latents, draws), stratified(self.batch, draws)
        loss, plain = self.loss(
            latents.to(self.device), noise.to(self.device), timesteps.to(self.device), captions
        )
        self.optimizer.step(loss, rate)
        self.ema.update()
        return plain

    def loss(
        self, latents: Tensor, noise: Tensor, timesteps: Tensor, captions: list[str]
    ) -> tuple[Tensor, float]:
        """Returns the weighted loss to descend, and the plain mean squared error of v."""
        alpha = self.alphas[timesteps].view(-1, 1, 1, 1)
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        target = alpha.sqrt() * noise - (1 - alpha).sqrt() * latents
        with halved(self.device):
            words = self.text_encoder(input_ids=self.token_ids(captions))[0]
            predicted = self.unet(noisy, timesteps, words, return_dict=False)[0]
        errors = ((predicted.float() - target) ** 2).mean((1, 2, 3))
        return (snr_weights(alpha.flatten()) * errors).mean(), errors.mean().item()

    def token_ids(self, captions: list[str]) -> Tensor:
        """Returns padded token ids, (captions, tokens)."""
        ids = self.tokenizer(captions, padding="max_length", max_length=77, truncation=True)
        return torch.tensor(ids.input_ids, device=self.device)

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds."""
        return {
            "modules": self.modules.state_dict(),
            "optimizer": self.optimizer.state(),
            "ema": self.ema.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes a checkpoint's state."""
        self.modules.load_state_dict(state["modules"])
        self.optimizer.restore(state["optimizer"])
        self.ema.restore(state["ema"])


def training_caption(scene: Scene, choose: random.Random) -> str:
    """Says the scene, or nothing one time in ten, which is what guidance needs."""
    return "" if choose.random() < 0.1 else caption(scene, choose)


def stratified(count: int, draws: Draws) -> Tensor:
    """Draws timesteps spread evenly over 0..999, in random order."""
    offset = torch.rand(1, generator=draws.noise)
    steps = ((torch.arange(count) + offset) / count * 1000).long().clamp(0, 999)
    return steps[torch.randperm(count, generator=draws.noise)]


def snr_weights(alpha: Tensor) -> Tensor:
    """Weighs v-prediction errors: min(SNR, 5) / (SNR + 1), and a little everywhere."""
    snr = alpha / (1 - alpha).clamp(min=1e-6)
    return snr.clamp(max=5.0) / (snr + 1) + 0.15


def _normal_like(tensor: Tensor, draws: Draws) -> Tensor:
    return torch.randn(tensor.shape, generator=draws.noise)
