"""Tiny models of the large families, with random weights, in the large ones' file formats."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    PNDMScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLInpaintPipeline,
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

WIDTH = 32


def sd2(folder: Path) -> Path:
    """Stable Diffusion 2.x: linear projections, v-prediction, an old `eos_token_id`."""
    scheduler = DDIMScheduler(
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
        steps_offset=1,
    )
    return _save_sd(folder, scheduler, use_linear_projection=True)


def sd1(folder: Path) -> Path:
    """Stable Diffusion 1.x: a solver's own settings in the scheduler, epsilon prediction."""
    scheduler = PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True,
        steps_offset=1,
    )  # fmt: skip
    return _save_sd(folder, scheduler, sample_size=72)


def sdxl(folder: Path) -> Path:
    """SDXL: two text encoders, pooled text and size conditions."""
    return _save_sdxl(folder)


def sdxl_inpaint(folder: Path) -> Path:
    """An inpaint checkpoint of SDXL: 9 channels into the UNet."""
    return _save_sdxl(folder, kind=StableDiffusionXLInpaintPipeline, in_channels=9)


def inpaint(folder: Path) -> Path:
    """An inpaint checkpoint of Stable Diffusion 1.x: 9 channels into the UNet."""
    return _save_sd(folder, _linear(), kind=StableDiffusionInpaintPipeline, in_channels=9)


def control(folder: Path, unet: object, *, channels: tuple[int, ...]) -> Path:
    """A folder with a ControlNet for a UNet."""
    controlnet(unet, channels=channels).save_pretrained(folder)
    return folder


def controlnet(unet: object, *, channels: tuple[int, ...]) -> ControlNetModel:
    """It steers a UNet; `channels` has one entry a halving of the picture, and one more."""
    torch.manual_seed(1)
    net = ControlNetModel.from_unet(
        unet, conditioning_embedding_out_channels=channels, load_weights_from_unet=False
    )
    for name, weight in net.named_parameters():
        if "controlnet_" in name:  # zeros, as all ControlNets begin, would steer nothing
            torch.nn.init.normal_(weight, std=0.1)
    return net.eval().requires_grad_(False)


def sd3(folder: Path) -> Path:
    """Stable Diffusion 3 without its third text encoder, which it can do without."""
    torch.manual_seed(0)
    encoders = [CLIPTextModelWithProjection(_text_config(projection_dim=WIDTH)) for _ in "ab"]
    transformer = SD3Transformer2DModel(
        sample_size=8,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=2 * WIDTH,
        caption_projection_dim=32,
        pooled_projection_dim=2 * WIDTH,
        in_channels=4,
        out_channels=4,
    )
    pipe = StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(),
        text_encoder=encoders[0],
        tokenizer=_tokenizer(),
        text_encoder_2=encoders[1],
        tokenizer_2=_tokenizer(),
        text_encoder_3=None,
        tokenizer_3=None,
    )
    pipe.vae.register_to_config(shift_factor=0.0)
    pipe.save_pretrained(folder)
    return folder


def _linear() -> DDIMScheduler:
    return DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, steps_offset=1)


def _save_sd(
    folder: Path, scheduler: object, kind: type = StableDiffusionPipeline, **unet: object
) -> Path:
    torch.manual_seed(0)
    pipe = kind(
        vae=_vae(),
        text_encoder=CLIPTextModel(_text_config()),
        tokenizer=_tokenizer(),
        unet=_unet(cross_attention_dim=WIDTH, **unet),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return folder


def _save_sdxl(folder: Path, kind: type = StableDiffusionXLPipeline, **unet: object) -> Path:
    torch.manual_seed(0)
    second = CLIPTextModelWithProjection(_text_config(projection_dim=WIDTH))
    pipe = kind(
        vae=_vae(),
        text_encoder=CLIPTextModel(_text_config()),
        text_encoder_2=second,
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        unet=_unet(
            cross_attention_dim=2 * WIDTH,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
            **unet,
        ),
        scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear"),
    )
    pipe.save_pretrained(folder)
    return folder


def _tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(diffusion_path() / "tokenizer")


def _text_config(**changes: object) -> CLIPTextConfig:
    values = {
        "vocab_size": len(_tokenizer()),
        "hidden_size": WIDTH,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "eos_token_id": 2,  # as old checkpoints have it
    }
    return CLIPTextConfig(**values | changes)


def _unet(**changes: object) -> UNet2DConditionModel:
    values = {
        "sample_size": 8,
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "attention_head_dim": 2,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    }
    return UNet2DConditionModel(**values | changes)


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(16, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=16,
    )
