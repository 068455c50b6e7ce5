"""Hypernetworks: small nets that change what attention takes its keys and values from.

The form is that of the AUTOMATIC1111 web UI: for each width of an input one net for keys (`0`) and
one for values (`1`), each `x + weight · net(x)`, at every attention whose input has that width.
Keys are `WIDTH.0.linear.N.weight`; how its files are read: `core.worker.formats.hypernetworks`.
Source: the web UI's modules/hypernetworks/hypernetwork.py, apply_single_hypernetwork.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

INITIAL_SPREAD = 0.01
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "relu": functional.relu,
    "leakyrelu": functional.leaky_relu,
    "elu": functional.elu,
    "swish": functional.hardswish,  # what the web UI means by the name
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "mish": functional.mish,
    "selu": functional.selu,
    "silu": functional.silu,
    "softsign": functional.softsign,
}
Nets = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Activation:
    """What lies between the layers of a net."""

    name: str = "linear"
    last_too: bool = False
    """It follows the last layer too."""


class Hypernetworks:
    """Puts hypernetworks on a UNet; several are applied one after the other."""

    def __init__(self, unet: Any) -> None:
        self._unet = unet
        self._handles: list[RemovableHandle] = []

    @property
    def widths(self) -> frozenset[int]:
        """Of all inputs of attention's keys and values."""
        return frozenset(width for width, _, _ in self._inputs())

    def wear(self, worn: Sequence[tuple[Nets, Activation, float]]) -> None:
        """Puts exactly these on, each with its activation and weight.

        The hooks sit on whatever the attention calls now, an adapter's layers included.
        """
        for handle in self._handles:
            handle.remove()
        self._handles = [
            module.register_forward_pre_hook(_changes(part, activation, weight))
            for nets, activation, weight in worn
            for width, index, module in self._inputs()
            if (part := _net(nets, width, index))
        ]

    def begin(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The float32 weights of a new hypernetwork for all widths; so far it does next to nothing.

        Two layers of twice the width between them, as the web UI makes them by default.
        """
        device = next(self._unet.parameters()).device
        made: dict[str, Tensor] = {}
        for width in sorted({width for width, _, _ in self._inputs()}):
            for name in (f"{width}.0.linear", f"{width}.1.linear"):
                for layer, shape in enumerate(((2 * width, width), (width, 2 * width))):
                    spread = torch.randn(shape, generator=generator) * INITIAL_SPREAD
                    made[f"{name}.{layer}.weight"] = spread.to(device)
                    made[f"{name}.{layer}.bias"] = torch.zeros(shape[0], device=device)
        return made

    def fits(self, nets: Nets) -> bool:
        """Every net leads from a width back to the same, and this UNet has such an input."""
        known = {(width, index) for width, index, _ in self._inputs()}
        found = {pair for pair in known if _net(nets, *pair)}
        used = sum(len(layer) for pair in found for layer in _net(nets, *pair))
        return used == len(nets) > 0 and all(_closes(_net(nets, *pair), pair[0]) for pair in found)

    def _inputs(self) -> Iterator[tuple[int, int, nn.Module]]:
        """Width of the input, 0 for keys or 1 for values, and the layer that takes it."""
        for module in self._unet.modules():
            if hasattr(module, "to_k") and hasattr(module, "to_v"):
                for index, layer in enumerate((module.to_k, module.to_v)):
                    yield int(layer.in_features), index, layer


def _net(nets: Nets, width: int, index: int) -> list[dict[str, Tensor]]:
    """The layers of one net in order, each with its `weight` and perhaps `bias`."""
    prefix = f"{width}.{index}.linear."
    layers: dict[int, dict[str, Tensor]] = {}
    for key, value in nets.items():
        number, _, kind = key.removeprefix(prefix).partition(".")
        if key.startswith(prefix) and number.isdigit() and kind in {"weight", "bias"}:
            layers.setdefault(int(number), {})[kind] = value
    return [layers[number] for number in sorted(layers)]


def _changes(layers: Sequence[Mapping[str, Tensor]], act: Activation, weight: float) -> Any:
    def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        x = inputs[0]
        return (x + weight * _run(layers, act, x), *inputs[1:])

    return hook


def _run(layers: Sequence[Mapping[str, Tensor]], act: Activation, x: Tensor) -> Tensor:
    """Linear layers with the activation between them; a vector for a weight is a layer norm."""
    last = max(i for i, layer in enumerate(layers) if layer["weight"].dim() == 2)
    for index, layer in enumerate(layers):
        weight, bias = layer["weight"].to(x), layer["bias"].to(x) if "bias" in layer else None
        if weight.dim() == 1:
            x = functional.layer_norm(x, weight.shape, weight, bias)
        else:
            x = functional.linear(x, weight, bias)
            x = x if index == last and not act.last_too else ACTIVATIONS[act.name](x)
    return x


def _closes(layers: Sequence[Mapping[str, Tensor]], width: int) -> bool:
    """Shapes fit one another from the width back to the width."""
    at = width
    for layer in layers:
        weight = layer.get("weight")
        if weight is None or weight.dim() not in {1, 2} or weight.shape[-1] != at:
            return False
        at = len(weight)
        if "bias" in layer and layer["bias"].shape != (at,):
            return False
    return at == width and any(layer["weight"].dim() == 2 for layer in layers)
