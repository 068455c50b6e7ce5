"""What the layers of a model read while it draws, as one matrix a layer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Grams = dict[str, Tensor]
"""Layer name → Σ x xᵀ (in, in), float32, over every input x that the layer read; a convolution
reads patches."""


@contextmanager
def recording(
    model: nn.Module, layers: Sequence[str], into: Grams, *, every: int = 1
) -> Iterator[None]:
    """Inside, what these layers read of the guided half of a batch is added to `into`.

    Of a layer's calls only each `every`-th counts, the first among them: from one step of a drawing
    to the next little changes.
    """
    handles = [
        model.get_submodule(name).register_forward_pre_hook(_adds(name, into, every))
        for name in layers
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def in_groups(widths: Mapping[str, int], *, most_bytes: int) -> list[list[str]]:
    """Layers in groups whose matrices take `most_bytes` together, or one layer at the least."""
    groups: list[list[str]] = []
    left = 0
    for name, width in widths.items():
        size = 4 * width * width
        if not groups or size > left:
            groups.append([])
            left = most_bytes
        groups[-1].append(name)
        left -= size
    return groups


def _adds(name: str, into: Grams, every: int) -> Any:
    calls = count()

    @torch.no_grad()
    def hook(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if next(calls) % every:
            return
        rows = _rows(layer, inputs[0].chunk(2)[-1]).float()
        gram = rows.mT @ rows
        into[name] = into[name] + gram if name in into else gram

    return hook


def _rows(layer: Any, read: Tensor) -> Tensor:
    """What a layer multiplies with its weight, (rows, in)."""
    own = getattr(layer, "base_layer", layer)
    if not isinstance(own, nn.Conv2d):
        return read.flatten(0, -2)
    shape: dict[str, Any] = {"padding": own.padding, "stride": own.stride}
    patches = functional.unfold(read, own.kernel_size, dilation=own.dilation, **shape)
    return patches.mT.flatten(0, 1)
