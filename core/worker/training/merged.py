"""Linear layers in full precision: one product forward, with however many adapters.

A layer and its adapters are one matrix, W + B A, put together anew at every step, so that nothing
is cut out of a wider answer and added to the rest. What the adapter learns by is small products
with the inputs; they are written with the rank as rows, since with the rank as columns they take a
CPU two to twelve times as long. In half precision W would swallow what is learned.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from core.worker.training.layer import LAST, Layer, picture_of, rows_of


class Merged(Layer):
    """One layer: y = (W + B A) x + b."""

    def __init__(self, module: Any, taught: str) -> None:
        super().__init__(module, taught)
        base = module.base_layer
        self._own, self._bias = base.weight.detach().flatten(1), base.bias
        self._whole = torch.empty_like(self._own)

    def take(self) -> None:
        """Puts weights and adapters together."""
        summed = self._own
        for up, down in zip(self.ups, self.downs, strict=True):
            torch.addmm(summed, up.flatten(1), down.flatten(1), out=self._whole)
            summed = self._whole

    def work(self, x: Tensor) -> Tensor:
        """What the layer gives, of rows or of pictures."""
        if x.dim() < 4:
            return self._product(x)
        x = x.contiguous(memory_format=LAST)
        return picture_of(self._product(rows_of(x)), x)

    def _product(self, rows: Tensor) -> Tensor:
        made: Tensor = _Product.apply(rows, self._whole, self._bias, *self.learning)  # type: ignore[no-untyped-call]
        return made


class _Product(torch.autograd.Function):
    """x (..., in), whole (out, in); `down` (rank, in, …) and `up` (out, rank, …) take gradients.

    What they hold is in `whole` already.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, whole: Tensor, bias: Tensor | None, down: Tensor, up: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x.flatten(0, -2), whole, down.detach(), up.detach())
        return functional.linear(x, whole, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        rows, whole, down, up = ctx.saved_tensors
        of_rows = gradient.reshape(-1, len(whole))
        of_x = (of_rows @ whole).view(*gradient.shape[:-1], -1) if ctx.needs_input_grad[0] else None
        if not any(ctx.needs_input_grad[3:]):
            return of_x, None, None, None, None
        of_inner, inner = up.flatten(1).mT @ of_rows.mT, down.flatten(1) @ rows.mT
        of_down, of_up = of_inner @ rows, (inner @ of_rows).mT
        return of_x, None, None, of_down.view_as(down), of_up.reshape(up.shape)
