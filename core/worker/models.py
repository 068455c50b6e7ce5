"""The base model: found, checked, loaded once, and shared by drawing and teaching."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    DiffusionPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from diffusers.utils.logging import disable_progress_bar
from transformers.utils.logging import disable_progress_bar as disable_loading_bar

from core.domain.drawing import ControlKind
from core.errors import ModelFault
from core.pocket.paths import diffusion_path
from core.worker.beside import fill_in, reads_masks
from core.worker.families import FAMILIES, Family
from core.worker.weights import weights_of

PIPELINES = {
    "StableDiffusionPipeline": StableDiffusionPipeline,
    "StableDiffusionXLPipeline": StableDiffusionXLPipeline,
    # Inpaint checkpoints: the same parts, with a UNet that reads a mask beside the latents.
    "StableDiffusionInpaintPipeline": StableDiffusionPipeline,
    "StableDiffusionXLInpaintPipeline": StableDiffusionXLPipeline,
}
POCKET_NATIVE_PX = 128


@dataclass(frozen=True, slots=True)
class Base:
    """A loaded base model; nothing in it asks for gradients."""

    name: str
    """As the operator named it."""
    family: Family
    pipe: Any
    """A text-to-image pipeline of diffusers; its UNet takes latents alone in any case."""
    noise_config: Mapping[str, Any]
    """The checkpoint's own noise schedule; samplers come and go in `pipe`, this stays."""
    device: torch.device
    dtype: torch.dtype
    controls: Mapping[ControlKind, Any] = field(default_factory=dict)
    """ControlNets that can lead it."""

    @property
    def xl(self) -> bool:
        """It has SDXL's second text encoder and its size conditions."""
        return self.family.name == "sdxl"

    @property
    def weights(self) -> str:
        """SHA-256 of its UNet's files; empty where it did not come from files."""
        return weights_of(self.pipe.unet)

    @property
    def reads_masks(self) -> bool:
        """It is an inpaint checkpoint."""
        return reads_masks(self.pipe)

    @property
    def tokenizers(self) -> list[Any]:
        """One or two tokenizers, in the order of `text_encoders`."""
        return [self.pipe.tokenizer, *([self.pipe.tokenizer_2] if self.xl else [])]

    @property
    def text_encoders(self) -> list[Any]:
        """One or two text encoders."""
        return [self.pipe.text_encoder, *([self.pipe.text_encoder_2] if self.xl else [])]

    @property
    def native_px(self) -> int:
        """The side of the square that it was trained on."""
        return int(self.pipe.unet.config.sample_size * self.pipe.vae_scale_factor)

    @property
    def size_step_px(self) -> int:
        """Sides must be a multiple of this for every level of the UNet to halve evenly."""
        levels = len(self.pipe.unet.config.block_out_channels)
        return int(self.pipe.vae_scale_factor * 2 ** (levels - 1))


def load_base(name: str, *, device: torch.device, dtype: torch.dtype) -> Base:
    """Loads a Stable Diffusion 1.x, 2.x or SDXL model from safetensors files.

    Raises:
        ModelFault: there is no such folder, or it holds something else.
    """
    source, kind = local_folder(name, pocket=diffusion_path()), kind_of(name)
    try:
        pipe = _pipeline_class(name, kind).from_pretrained(
            source or name, dtype=dtype, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        raise ModelFault(f"The model {name} cannot be loaded: {error}") from error
    _prepare(pipe, device)
    return Base(name, _family(pipe), pipe, dict(pipe.scheduler.config), device, dtype)


def kind_of(name: str) -> str | None:
    """The class of pipeline that a model was saved as.

    Raises:
        ModelFault: there is no such model.
    """
    source = local_folder(name, pocket=diffusion_path())
    disable_progress_bar()
    disable_loading_bar()
    try:
        kind: str | None = DiffusionPipeline.load_config(source or name).get("_class_name")
    except (OSError, ValueError) as error:
        raise ModelFault(f"The model {name} cannot be loaded: {error}") from error
    return kind


def local_folder(name: str, *, pocket: Path | None) -> Path | None:
    """The folder that a model setting means; None when it is an id for the hub.

    `pocket` is the embedded model of the kind, where there is one.

    Raises:
        ModelFault: it is written as a path and there is nothing; asking the hub would be no help.
    """
    path = pocket if pocket and name == "pocket" else Path(name).expanduser()
    if path.is_dir():
        return path
    if name == "pocket" or name.startswith((".", "~", "/")) or name.count("/") > 1:
        raise ModelFault(f"There is no model folder {path}.")
    return None


def _pipeline_class(name: str, kind: str | None) -> Any:
    if kind not in PIPELINES:
        raise ModelFault(
            f"The model {name} is a {kind}; Atelier draws with Stable Diffusion 1.x, 2.x and SDXL."
        )
    return PIPELINES[kind]


def _prepare(pipe: Any, device: torch.device) -> None:
    pipe.set_progress_bar_config(disable=True)
    if getattr(pipe, "feature_extractor", None) is None and hasattr(pipe, "safety_checker"):
        pipe.safety_checker = None  # it cannot run without one
    pipe.to(device)
    pipe.vae.enable_slicing()  # one picture at a time: memory does not grow with the count
    for part in _modules(pipe):
        part.requires_grad_(False).eval()
    if reads_masks(pipe):
        fill_in(pipe)


def _modules(pipe: Any) -> Sequence[torch.nn.Module]:
    return [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]


def _family(pipe: Any) -> Family:
    """Read from the shape of the UNet, since a checkpoint does not say its family."""
    if isinstance(pipe, StableDiffusionXLPipeline):
        return FAMILIES["sdxl"]
    if pipe.unet.config.use_linear_projection:
        return FAMILIES["sd2"]
    native_px = pipe.unet.config.sample_size * pipe.vae_scale_factor
    return FAMILIES["pocket" if native_px <= POCKET_NATIVE_PX else "sd1"]
