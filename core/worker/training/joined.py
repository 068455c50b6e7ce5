"""Layers that work out their adapters together with their own product, while something is taught.

peft calls a layer, then two more for each adapter, and brings activations to the adapter's
precision and back; autocast brings the frozen weights to half precision in every forward. With
narrow layers on a CPU that costs as much as the products themselves. Here the adapters' first
halves are further rows of the layer's own weight, which is converted once, and backward keeps
little but the input. In full precision linear layers are merged instead. Convolutions work channels
last, where oneDNN needs no other order of its own and a picture is rows of pixels, as for a linear
layer. The sums are the same up to rounding.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from core.worker.training.layer import LAST, Layer, picture_of, rows_of, works_on_rows
from core.worker.training.merged import Merged

NO_BIAS, ONCE, NO_MORE = [0], [1, 1], [0, 0]
PLAINLY = AttnProcessor()


class Joined:
    """The layers of a UNet that one adapter changes, for as long as it is taught.

    Whenever it is worn, the same other adapters and the same own weights must be, too. While it is
    not, layers do what peft makes of them.
    """

    def __init__(self, unet: Any, taught: str, dtype: torch.dtype) -> None:
        halves = dtype != torch.float32
        self._attentions = [one for one in unet.modules() if halves and isinstance(one, Attention)]
        self._layers = [
            _layer(module, taught, dtype) for module in unet.modules() if _fits(module, taught)
        ]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside, forward and backward go this way; adapters must not learn meanwhile.

        In half precision attention is two plain products and a softmax: in one kernel, or with
        torch's own way of doing it by parts, its backward takes three times as long on a CPU.
        """
        processors = [attention.processor for attention in self._attentions]
        for layer in self._layers:
            layer.begin()
        self._attend([PLAINLY] * len(processors))
        try:
            yield
        finally:
            self._attend(processors)
            for layer in self._layers:
                layer.end()

    def _attend(self, processors: Sequence[Any]) -> None:
        """One for each; the UNet's own way to set them walks through all modules, at every step."""
        for attention, processor in zip(self._attentions, processors, strict=True):
            attention.set_processor(processor)


class _Joined(Layer):
    """One layer: y = Wx + b + B(Ax), with W and all A in one tensor, the taught A last."""

    def __init__(self, module: Any, taught: str, dtype: torch.dtype) -> None:
        super().__init__(module, taught)
        base = module.base_layer
        own = base.weight.detach().to(dtype)
        self._own = len(own)
        both = torch.cat([own, own.new_zeros((self.rank, *own.shape[1:]))])
        self._on_rows = works_on_rows(base)
        self._both = both.flatten(1) if self._on_rows else both.contiguous(memory_format=LAST)
        self._up = own.new_zeros((self._own, self.rank))
        bias = base.bias
        self._bias = None if bias is None else functional.pad(bias, (0, self.rank)).to(dtype)
        self._how = () if self._on_rows else (base.stride, base.padding)

    def take(self) -> None:
        """Puts weights and adapters together."""
        at = 0
        for down, up in zip(self.downs, self.ups, strict=True):
            until = at + len(down)
            place = self._both[self._own + at : self._own + until]
            place.copy_(down.view_as(place))
            self._up[:, at:until].copy_(up.flatten(1))
            at = until

    def work(self, x: Tensor) -> Tensor:
        """What the layer gives, of rows or of pictures."""
        x = x.to(self._both.dtype)
        if not self._on_rows:
            return self._joined(_Convolution, x)
        if x.dim() < 4:
            return self._joined(_Linear, x)
        x = x.contiguous(memory_format=LAST)
        return picture_of(self._joined(_Linear, rows_of(x)), x)

    def _joined(self, way: type[torch.autograd.Function], x: Tensor) -> Tensor:
        given = (x, self._both, self._bias, self._up, *self.learning, *self._how)
        return way.apply(*given)  # type: ignore[no-any-return, no-untyped-call]


class _Linear(torch.autograd.Function):
    """x (..., in), both (out + ranks, in), ups (out, ranks); `down` and `up` take gradients.

    Those may have one pixel, where the rows are the pixels of pictures.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, both: Tensor, bias: Any, ups: Tensor, down: Tensor, up: Tensor
    ) -> Tensor:
        rows = x.flatten(0, -2)
        out = functional.linear(rows, both, bias)
        inner = out[:, len(ups) :].contiguous()
        ctx.save_for_backward(rows, both, ups, inner)
        ctx.rank, ctx.shapes = len(down), (down.shape, up.shape)
        return torch.addmm(out[:, : len(ups)], inner, ups.mT).view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        rows, both, ups, inner = ctx.saved_tensors
        of_own = gradient.reshape(-1, len(ups))
        of_inner = of_own @ ups
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = torch.mm(of_own, both[: len(ups)]).addmm_(of_inner, both[len(ups) :])
            of_x = of_x.view(*gradient.shape[:-1], -1)
        of_down = of_up = None
        if ctx.needs_input_grad[4]:
            of_down = (of_inner[:, -ctx.rank :].mT @ rows).view(ctx.shapes[0]).float()
        if ctx.needs_input_grad[5]:
            of_up = (of_own.mT @ inner[:, -ctx.rank :]).view(ctx.shapes[1]).float()
        return of_x, None, None, None, of_down, of_up


class _Convolution(torch.autograd.Function):
    """The same for x (count, in, height, width); A has the layer's own kernel, B one pixel."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, both: Tensor, bias: Any, ups: Tensor, down: Tensor, up: Tensor,
        stride: Any, padding: Any,
    ) -> Tensor:  # fmt: skip
        x = x.contiguous(memory_format=LAST)
        out = functional.conv2d(x, both, bias, stride, padding)
        rows = rows_of(out)
        inner = rows[:, len(ups) :].contiguous()
        ctx.save_for_backward(x, both, ups, inner)
        ctx.rank, ctx.how = len(down), (stride, padding)
        return picture_of(torch.addmm(rows[:, : len(ups)], inner, ups.mT), out)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        x, both, ups, inner = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=LAST)
        of_own = rows_of(gradient)
        of_inner = (ups.mT @ of_own.mT).mT
        of_x = of_down = of_up = None
        if ctx.needs_input_grad[0]:
            whole = picture_of(torch.cat([of_own, of_inner], 1), gradient)
            of_x = _backward(ctx, whole, x, both, [True, False, False])[0]
        if ctx.needs_input_grad[4]:
            taught = picture_of(of_inner[:, -ctx.rank :].contiguous(), gradient)
            down = both[-ctx.rank :]
            of_down = _backward(ctx, taught, x, down, [False, True, False])[1].float()
        if ctx.needs_input_grad[5]:
            of_up = (inner[:, -ctx.rank :].mT @ of_own).mT[..., None, None].float()
        return of_x, None, None, None, of_down, of_up, None, None


def _backward(ctx: Any, gradient: Tensor, x: Tensor, weight: Tensor, wanted: list[bool]) -> Any:
    stride, padding = ctx.how
    return torch.ops.aten.convolution_backward(
        gradient, x, weight, NO_BIAS, stride, padding, ONCE, False, NO_MORE, 1, wanted
    )


def _layer(module: Any, taught: str, dtype: torch.dtype) -> Layer:
    if dtype == torch.float32 and works_on_rows(module.base_layer):
        return Merged(module, taught)
    return _Joined(module, taught, dtype)


def _fits(module: nn.Module, taught: str) -> bool:
    """A linear or plain convolution layer that the taught adapter changes, at full weight."""
    if not isinstance(module, LoraLayer) or taught not in module.lora_A:
        return False
    if module.scaling[taught] != 1 or taught in module.lora_variant:
        return False
    base = module.base_layer
    plain = isinstance(base, nn.Linear) or (
        isinstance(base, nn.Conv2d)
        and base.dilation == (1, 1)
        and base.groups == 1
        and base.padding_mode == "zeros"
        and not isinstance(base.padding, str)
    )
    return plain and not base.weight.requires_grad
