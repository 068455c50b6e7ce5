"""Hooks that add adapters to what a layer computes, other ones for every row of the batch."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.worker.engine.reach import Reach


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The adapters of every row, side by side along the rank axis.

    `down` is (rows, rank, in · kernel height · kernel width), `up` is (rows, rank, out) with the
    weights of the stack multiplied in.
    """

    down: Tensor
    up: Tensor


class Banked(Protocol):
    """What the bank sees of a layer."""

    worn: Columns | None
    reach: Reach | None
    """None where every adapter works everywhere."""
    in_size: int
    out_size: int


class BankedLinear:
    """y = Wx + (s ⊙ (xA))B for a linear layer; s may differ over positions. y is written over Wx.

    Source: Hu et al., LoRA (2022), equation 3; one (A, B) a row as in Chen et al., Punica (2023).
    """

    def __init__(self, layer: nn.Linear, *, reads_words: bool) -> None:
        self.worn: Columns | None = None
        self.reach: Reach | None = None
        self.in_size, self.out_size = layer.in_features, layer.out_features
        self._reads_words = reads_words
        layer.register_forward_hook(self)

    def __call__(self, _layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        """Inputs (rows, [positions,] in), output (rows, [positions,] out)."""
        worn = self.worn
        if worn is None:
            return output
        rows = len(worn.down)
        inner = torch.bmm(inputs[0].reshape(rows, -1, self.in_size), worn.down.mT)
        if self.reach is not None and inputs[0].ndim > 2:
            inner = self._confined(self.reach, inner)
        flat = output.reshape(rows, -1, self.out_size)
        return flat.baddbmm_(inner, worn.up).view_as(output)

    def _confined(self, reach: Reach, inner: Tensor) -> Tensor:
        factors = reach.words if self._reads_words else reach.pixels.get(inner.shape[1])
        return inner if factors is None else inner * factors


class BankedConv:
    """The same for a convolution: A has its kernel, B is 1 × 1.

    All rows are one grouped convolution, which on the CPU was three to eight times as fast as
    unfolding; a kernel of one pixel is a matrix product, twice as fast again (docs/log.md).
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        self.worn: Columns | None = None
        self.reach: Reach | None = None
        self.in_size = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
        self.out_size = layer.out_channels
        self._one_pixel = layer.kernel_size == layer.stride == (1, 1) and not any(layer.padding)
        layer.register_forward_hook(self)

    def __call__(self, layer: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        """Inputs (rows, in, height, width), output (rows, out, height', width')."""
        worn = self.worn
        if worn is None:
            return output
        inner = self._inner(layer, inputs[0], worn.down)
        factors = None if self.reach is None else self.reach.pixels.get(inner.shape[2])
        if factors is not None:
            inner = inner * factors.mT
        flat = output.reshape(len(inner), self.out_size, -1)
        return flat.baddbmm_(worn.up.mT, inner).view_as(output)

    def _inner(self, layer: nn.Conv2d, pixels: Tensor, down: Tensor) -> Tensor:
        """What A makes of the pixels, (rows, rank, positions)."""
        rows, rank, _ = down.shape
        if self._one_pixel:
            return torch.bmm(down, pixels.flatten(2))
        made = functional.conv2d(
            pixels.reshape(1, -1, *pixels.shape[2:]),
            down.view(rows * rank, layer.in_channels, *layer.kernel_size),
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=rows,
        )
        return made.view(rows, rank, -1)
