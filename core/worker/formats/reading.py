"""An adapter read from another tool's file: every weight finds its place, or none is used."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from peft.utils.other import get_pattern_key
from torch import Tensor

from core.errors import InvalidInput
from core.worker.formats.low_rank import Adapter, LowRank, Modules, Shape
from core.worker.formats.names import by_file_name, text_path, unet_path

RANK_MAX = 1024
NAMED_MAX = 3
PEFT_METADATA = "lora_adapter_metadata"
"""Under this name diffusers writes PEFT's configuration into a file's metadata, as JSON."""

_PARTS = {
    "A": re.compile(
        r"(.+?)(\.lora_down|(_|\.)lora\.down|\.lora_linear_layer\.down|\.lora_A(\.\w+)?)\.weight"
    ),
    "B": re.compile(
        r"(.+?)(\.lora_up|(_|\.)lora\.up|\.lora_linear_layer\.up|\.lora_B(\.\w+)?)\.weight"
    ),
    "alpha": re.compile(r"(.+)\.alpha"),
}
_OTHER_METHODS = {
    "dora_scale": "DoRA",
    "lora_magnitude_vector": "DoRA",
    "hada_": "LoHa",
    "lokr_": "LoKr",
    "oft_": "OFT",
    "lora_mid": "CP-decomposed LoCon",
    "diff": "whole differences of weights",
}
_WIDTH_OF = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "SDXL"}
"""Width of the text that a UNet attends to → family."""


@dataclass(slots=True)
class _Parts:
    """What a file holds for one module."""

    A: Tensor | None = None
    B: Tensor | None = None
    alpha: Tensor | None = None
    keys: list[str] = field(default_factory=list)

    def put(self, which: str, key: str, tensor: Tensor) -> None:
        """Keeps a tensor as `A`, `B` or `alpha`."""
        if getattr(self, which) is not None:
            raise InvalidInput(f"The file holds the same weights twice: {_quoted([key])}.")
        setattr(self, which, tensor)
        self.keys.append(key)


def read_adapter(
    tensors: Mapping[str, Tensor], modules: Modules, metadata: Mapping[str, str] | None = None
) -> Adapter:
    """The adapter that a file's tensors are, in kohya's, diffusers' or PEFT's keys.

    `modules` are the model's own. Where a file states no alpha, alpha is the rank, as diffusers has
    it.

    Raises:
        InvalidInput: a tensor is of no module of this model, has another shape or is no number;
            nothing of the file may be used then.
    """
    aliases = by_file_name(modules)
    parts, unknown = _sorted(tensors, aliases)
    if unknown:
        raise InvalidInput(_unknown(unknown, tensors, known=len(parts)))
    if not parts:
        raise InvalidInput("There are no LoRA weights in this file.")
    stated = _Stated(metadata or {})
    return {
        module: _low_rank(module, parts[module], modules[module], stated)
        for module in modules
        if module in parts
    }


def form_of(tensors: Mapping[str, Tensor]) -> Literal["kohya", "diffusers", "peft"]:
    """Whose keys these are."""
    if any(key.startswith(("lora_unet_", "lora_te")) for key in tensors):
        return "kohya"
    return "peft" if any(key.startswith("base_model.") for key in tensors) else "diffusers"


def _sorted(
    tensors: Mapping[str, Tensor], aliases: Mapping[str, str]
) -> tuple[dict[str, _Parts], list[str]]:
    parts: dict[str, _Parts] = {}
    unknown = []
    for key, tensor in tensors.items():
        name, which = _place(key)
        if name in aliases:
            parts.setdefault(aliases[name], _Parts()).put(which, key, tensor)
        else:
            unknown.append(key)
    return parts, unknown


def _place(key: str) -> tuple[str, str]:
    """The module that a key names, and which part of its change; empty when it is no such key."""
    # Old files of diffusers name attention's processor and leave out the list of `to_out`.
    tidied = key.replace(".processor.", ".").replace(".to_out_lora.", ".to_out.0.lora.")
    for which, pattern in _PARTS.items():
        if match := pattern.fullmatch(tidied):
            return match[1], which
    return "", ""


def _low_rank(module: str, parts: _Parts, shape: Shape, stated: "_Stated") -> LowRank:
    down, up = parts.A, parts.B
    if down is None or up is None:
        raise InvalidInput(f"Half of a pair of weights is missing beside {_quoted(parts.keys)}.")
    for tensor in (down, up, *([] if parts.alpha is None else [parts.alpha])):
        _check_numbers(tensor, parts.keys)
    down, up = _fitted(down, len(shape)), _fitted(up, len(shape))
    rank = down.shape[0] if down.dim() else 0
    _check_shape(parts.keys, down, (rank, *shape[1:]))
    _check_shape(parts.keys, up, (shape[0], rank, *(1,) * (len(shape) - 2)))
    if not 1 <= rank <= RANK_MAX:
        raise InvalidInput(f"A rank of {rank} is out of bounds; 1 to {RANK_MAX} can be used.")
    scale = stated.scale(module, rank) if parts.alpha is None else _number(parts.alpha) / rank
    return LowRank(down, up, scale)


def _fitted(tensor: Tensor, dimensions: int) -> Tensor:
    """A layer of 1 × 1 may be kept as a linear one or as a convolution."""
    if tensor.dim() == 4 and dimensions == 2 and tensor.shape[2:] == (1, 1):
        return tensor[:, :, 0, 0]
    if tensor.dim() == 2 and dimensions == 4:
        return tensor[:, :, None, None]
    return tensor


def _check_numbers(tensor: Tensor, keys: Sequence[str]) -> None:
    if not tensor.is_floating_point() or tensor.element_size() < 2:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise InvalidInput(
            f"The weights {_quoted(keys)} are of type {kind}; float32, float16 and bfloat16 can "
            "be used."
        )
    if not bool(torch.isfinite(tensor).all()):
        raise InvalidInput(
            f"The file is damaged: {_quoted(keys)} holds values that are no numbers."
        )


def _check_shape(keys: Sequence[str], tensor: Tensor, wanted: Shape) -> None:
    if tuple(tensor.shape) != wanted:
        has, needs = (" × ".join(map(str, shape)) for shape in (tensor.shape, wanted))
        raise InvalidInput(
            f"The weights {_quoted(keys)} are {has} where this model needs {needs}: the file was "
            f"made for another base model{_made_for(keys, tensor)}."
        )


def _made_for(keys: Sequence[str], tensor: Tensor) -> str:
    width = tensor.shape[1] if tensor.dim() > 1 else 0
    attends = any("attn2" in key and ("to_k" in key or "to_v" in key) for key in keys)
    return f", {_WIDTH_OF[width]}" if attends and width in _WIDTH_OF else ""


def _number(alpha: Tensor) -> float:
    if alpha.numel() != 1:
        raise InvalidInput("The file is damaged: an alpha in it is not one number.")
    return float(alpha)


def _unknown(keys: Sequence[str], tensors: Mapping[str, Tensor], *, known: int) -> str:
    for mark, method in _OTHER_METHODS.items():
        if any(mark in key.rsplit(".", 2)[-1] or f".{mark}" in key for key in keys):
            return (
                f"This is {method}, not a plain LoRA or LoCon, and cannot be used: {_some(keys)}."
            )
    if not any("lora" in key for key in tensors):
        return f"This is not a LoRA file; it holds {_some(keys)}."
    if not known:
        return f"Nothing in this file fits the model that runs here; it holds {_some(keys)}."
    return (
        f"{len(keys)} of {len(tensors)} weights have no place in the model that runs here, so none "
        f"is used: {_some(keys)}. The file was made for another base model."
    )


def _some(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - NAMED_MAX} more" if len(keys) > NAMED_MAX else ""
    return _quoted(keys[:NAMED_MAX]) + more


def _quoted(keys: Sequence[str]) -> str:
    return ", ".join(f"“{key[:120]}”" for key in keys[:NAMED_MAX])


class _Stated:
    """The alphas that PEFT's configuration states, where a file carries it."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        try:
            found = json.loads(metadata.get(PEFT_METADATA) or "{}")
        except ValueError as error:
            raise InvalidInput("The file is damaged: its metadata is no JSON.") from error
        self._all = found if isinstance(found, dict) else {}

    def scale(self, module: str, rank: int) -> float:
        part, paths = _component(module)
        alpha = self._all.get(f"{part}.lora_alpha")
        pattern = self._all.get(f"{part}.alpha_pattern") or {}
        if isinstance(pattern, dict):
            for path in paths:
                alpha = pattern.get(get_pattern_key(pattern.keys(), path), alpha)
        if alpha is None:
            return 1.0
        if not isinstance(alpha, int | float) or not math.isfinite(alpha):
            raise InvalidInput("The file is damaged: an alpha in its metadata is no number.")
        return alpha / (math.sqrt(rank) if self._all.get(f"{part}.use_rslora") else rank)


def _component(module: str) -> tuple[str, tuple[str, ...]]:
    path = unet_path(module)
    if path:
        return "unet", (path,)
    index, path = text_path(module)
    return ("text_encoder_2" if index else "text_encoder"), (path, path.removeprefix("text_model."))
