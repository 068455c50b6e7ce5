"""Base models in the exact shapes of SD 1.5 and SDXL with random weights, built without a download.

Speed and memory depend on shapes alone. `tiny` has the same parts in a size for a CPU.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from core.pocket.paths import diffusion_path
from core.worker.families import FAMILIES
from core.worker.models import Base, _prepare

Values = Mapping[str, Any]
CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
UP_CROSS, UP = "CrossAttnUpBlock2D", "UpBlock2D"

SD15: Values = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": (CROSS, CROSS, CROSS, PLAIN),
    "up_block_types": (UP, UP_CROSS, UP_CROSS, UP_CROSS),
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
SDXL: Values = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": (PLAIN, CROSS, CROSS),
    "up_block_types": (UP_CROSS, UP_CROSS, UP),
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "transformer_layers_per_block": (1, 2, 10),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
SMALLER: Values = {"sample_size": 8, "layers_per_block": 1, "norm_num_groups": 8}
TINY15: Values = {
    **SD15, **SMALLER, "block_out_channels": (16, 32), "attention_head_dim": 2,
    "down_block_types": (CROSS, PLAIN), "up_block_types": (UP, UP_CROSS),
    "cross_attention_dim": 32,
}  # fmt: skip
TINYXL: Values = {
    **SDXL, **SMALLER, "block_out_channels": (16, 32), "attention_head_dim": (1, 2),
    "down_block_types": (PLAIN, CROSS), "up_block_types": (UP_CROSS, UP),
    "cross_attention_dim": 64, "transformer_layers_per_block": (1, 2),
    "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 6 * 8 + 32,
}  # fmt: skip
CLIP_L: Values = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
    "num_attention_heads": 12, "hidden_act": "quick_gelu",
}  # fmt: skip
CLIP_G: Values = {
    "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32,
    "num_attention_heads": 20, "hidden_act": "gelu", "projection_dim": 1280,
}  # fmt: skip
CLIP_TINY: Values = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 2, "projection_dim": 32,
}  # fmt: skip
NOISE: Values = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1,
}  # fmt: skip


def sd15(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Base:
    """Stable Diffusion 1.5: a UNet of 860 million weights."""
    with _made_on(device, dtype):
        pipe = StableDiffusionPipeline(
            vae=_vae(tiny=tiny),
            text_encoder=CLIPTextModel(_text(CLIP_TINY if tiny else CLIP_L)),
            tokenizer=_tokenizer(),
            unet=UNet2DConditionModel(**(TINY15 if tiny else SD15)),
            scheduler=DPMSolverMultistepScheduler(**NOISE),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _base("sd1", pipe, device, dtype)


def sdxl(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Base:
    """SDXL: a UNet of 2,567 million weights, two text encoders."""
    with _made_on(device, dtype):
        pipe = StableDiffusionXLPipeline(
            vae=_vae(tiny=tiny, scaling_factor=0.13025),
            text_encoder=CLIPTextModel(_text(CLIP_TINY if tiny else CLIP_L)),
            text_encoder_2=CLIPTextModelWithProjection(_text(CLIP_TINY if tiny else CLIP_G)),
            tokenizer=_tokenizer(),
            tokenizer_2=_tokenizer(),
            unet=UNet2DConditionModel(**(TINYXL if tiny else SDXL)),
            scheduler=DPMSolverMultistepScheduler(**NOISE),
        )
    return _base("sdxl", pipe, device, dtype)


def _base(family: str, pipe: Any, device: torch.device, dtype: torch.dtype) -> Base:
    _prepare(pipe, device)
    return Base(family, FAMILIES[family], pipe, dict(pipe.scheduler.config), device, dtype)


@contextmanager
def _made_on(device: torch.device, dtype: torch.dtype) -> Any:
    """Weights are drawn where they will be, in their dtype: a large model is there in seconds."""
    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    try:
        with device:
            yield
    finally:
        torch.set_default_dtype(before)


def _tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(diffusion_path() / "tokenizer")


def _text(values: Values) -> CLIPTextConfig:
    return CLIPTextConfig(vocab_size=len(_tokenizer()), **values)


def _vae(*, tiny: bool, scaling_factor: float = 0.18215) -> AutoencoderKL:
    widths = (8, 8, 16, 16) if tiny else (128, 256, 512, 512)
    return AutoencoderKL(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1 if tiny else 2,
        latent_channels=4,
        norm_num_groups=8 if tiny else 32,
        scaling_factor=scaling_factor,
        sample_size=64 if tiny else 512,
    )
