"""Adapters of the text encoders: low-rank changes of attention and feed-forward, as hooks.

The encoders themselves stay as they are; taking the hooks off leaves nothing behind.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.utils.hooks import RemovableHandle

TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
Weights = Mapping[str, Tensor]
"""Keys as peft has them: a module's name and `.lora_A.weight` (rank, in) or `.lora_B.weight`."""


class TextAdapters:
    """Puts adapters on the text encoders; several are added up."""

    def __init__(self, encoders: Sequence[Any]) -> None:
        self._linears = [dict(linears_of(encoder)) for encoder in encoders]
        self._handles: list[RemovableHandle] = []

    def wear(self, worn: Sequence[tuple[Sequence[Weights], float]]) -> None:
        """Puts exactly these on, each with its weight: an adapter has one part an encoder."""
        for handle in self._handles:
            handle.remove()
        self._handles = [
            linears[name].register_forward_hook(_adds(part[name + DOWN], part[name + UP], weight))
            for parts, weight in worn
            for linears, part in zip(self._linears, parts, strict=True)
            for name in linears
            if name + DOWN in part
        ]

    def begin(self, rank: int, generator: torch.Generator) -> list[dict[str, Tensor]]:
        """For each encoder the float32 weights of a new adapter, without effect so far."""
        return [
            dict(
                pair
                for name, module in linears.items()
                for pair in _new_pair(name, module, rank, generator)
            )
            for linears in self._linears
        ]

    def fits(self, parts: Sequence[Weights]) -> bool:
        """Every weight has a place here, and its pair, and the right shape."""
        return len(parts) == len(self._linears) and all(
            _fits(linears, part) for linears, part in zip(self._linears, parts, strict=True)
        )


def linears_of(encoder: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """The layers that an adapter changes; names without the outer `text_model.`."""
    for name, module in encoder.named_modules():
        if isinstance(module, nn.Linear) and name.rpartition(".")[2] in TARGETS:
            yield name.removeprefix("text_model."), module


def _adds(down: Tensor, up: Tensor, weight: float) -> Any:
    def hook(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        inner = linear(inputs[0], down.to(inputs[0]))
        return output + weight * linear(inner, up.to(inner))

    return hook


def _new_pair(
    name: str, module: nn.Linear, rank: int, generator: torch.Generator
) -> Iterator[tuple[str, Tensor]]:
    """Gaussian below and zero above, as peft begins an adapter."""
    down = torch.randn((rank, module.in_features), generator=generator) / rank
    yield name + DOWN, down.to(module.weight.device)
    yield name + UP, torch.zeros((module.out_features, rank), device=module.weight.device)


def _fits(linears: Mapping[str, nn.Linear], part: Weights) -> bool:
    names = {key.removesuffix(DOWN).removesuffix(UP) for key in part}
    if not names <= linears.keys() or len(part) != 2 * len(names):
        return False
    return all(
        part[name + DOWN].shape[1:] == (linears[name].in_features,)
        and part[name + UP].shape == (linears[name].out_features, len(part[name + DOWN]))
        for name in names
    )
