"""An adapter as other tools read it."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from core.worker.formats.low_rank import Adapter, LowRank
from core.worker.formats.names import flat, original_paths, text_path, unet_path
from core.worker.formats.parts import DOWN, UP, scaled

Tensors = dict[str, Tensor]


def write_kohya(adapter: Adapter, modules: Iterable[str], *, sdxl: bool) -> Tensors:
    """Kohya's keys, which A1111 and ComfyUI read: down, up and alpha of each module.

    `modules` are all of the model's own: SDXL files count its blocks as the original code does. All
    alphas are one and the same, the largest rank: where they differ, diffusers 0.42 looks for those
    of attention under names of its past and does without them.
    """
    alpha = float(max((change.rank for change in adapter.values()), default=1))
    original = original_paths(filter(None, map(unet_path, modules))) if sdxl else {}
    tensors: Tensors = {}
    for module, change in adapter.items():
        name = _kohya_name(module, original, sdxl=sdxl)
        tensors[f"{name}.lora_down.weight"] = change.A.contiguous()
        rest = replace(change, scale=change.alpha / alpha)
        tensors[f"{name}.lora_up.weight"] = scaled(rest).contiguous()
        tensors[f"{name}.alpha"] = torch.tensor(alpha, dtype=torch.float32)
    return tensors


def write_diffusers(adapter: Adapter) -> Tensors:
    """Diffusers' keys; it has no room for alpha, so the scale is multiplied into B."""
    return _pairs((_diffusers_name(module), change) for module, change in adapter.items())


def write_peft(adapter: Adapter) -> Tensors:
    """PEFT's own keys, as `save_pretrained` writes them for one model; the scale is in B.

    Raises:
        ValueError: the adapter changes more than one model, which such a file has no room for.
    """
    if len({module.split(".")[0] for module in adapter}) > 1:
        raise ValueError("a PEFT file holds the adapter of one model")
    return _pairs(
        (f"base_model.model.{_path(module)}", change) for module, change in adapter.items()
    )


def _pairs(named: Iterable[tuple[str, LowRank]]) -> Tensors:
    tensors: Tensors = {}
    for name, change in named:
        tensors[name + DOWN] = change.A.contiguous()
        tensors[name + UP] = scaled(change).contiguous()
    return tensors


def _kohya_name(module: str, original: dict[str, str], *, sdxl: bool) -> str:
    path = unet_path(module)
    if path:
        return f"lora_unet_{flat(original.get(path, path))}"
    index, path = text_path(module)
    return f"lora_te{index + 1 if sdxl else ''}_{flat(path)}"


def _diffusers_name(module: str) -> str:
    path = unet_path(module)
    if path:
        return f"unet.{path}"
    index, path = text_path(module)
    return f"text_encoder{'_2' if index else ''}.{path}"


def _path(module: str) -> str:
    return unet_path(module) or text_path(module)[1]
