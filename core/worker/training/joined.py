"""Layers that work out their adapters together with their own product, while something is taught.

peft calls a layer, then two more for each adapter, and brings activations to the adapter's
precision and back; autocast brings the frozen weights to half precision in every forward. With
narrow layers on a CPU that costs as much as the products themselves. Here the adapters' first
halves are further rows of the layer's own weight, which is converted once, and backward keeps
little but the input. Convolutions work channels last, where oneDNN needs no other order of its own
and a picture is rows of pixels, as for a linear layer. The sums are the same up to rounding.
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

NO_BIAS, ONCE, NO_MORE = [0], [1, 1], [0, 0]
PLAINLY = AttnProcessor()
LAST = torch.channels_last


class Joined:
    """The layers of a UNet that one adapter changes, for as long as it is taught.

    Whenever it is worn, the same other adapters and the same own weights must be, too. While it is
    not, layers do what peft makes of them.
    """

    def __init__(self, unet: Any, taught: str, dtype: torch.dtype) -> None:
        halves = dtype != torch.float32
        self._attentions = [one for one in unet.modules() if halves and isinstance(one, Attention)]
        self._layers = [
            _Layer(module, taught, dtype) for module in unet.modules() if _fits(module, taught)
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


class _Layer:
    """One layer: y = Wx + b + B(Ax), with W and all A in one tensor, the taught A last."""

    def __init__(self, module: Any, taught: str, dtype: torch.dtype) -> None:
        self._module, self._taught = module, taught
        others = [name for name in module.active_adapters if name != taught]
        self._names = [*(name for name in others if name in module.lora_A), taught]
        base, rank = module.base_layer, sum(module.r[name] for name in self._names)
        own = base.weight.detach().to(dtype)
        self._own = len(own)
        both = torch.cat([own, own.new_zeros((rank, *own.shape[1:]))])
        self._on_rows = both.dim() == 2 or _is_pointwise(base)
        self._both = both.flatten(1) if self._on_rows else both.contiguous(memory_format=LAST)
        self._up = own.new_zeros((self._own, rank))
        self._bias = None if base.bias is None else functional.pad(base.bias, (0, rank)).to(dtype)
        self._how = () if self._on_rows else (base.stride, base.padding)

    @torch.no_grad()
    def begin(self) -> None:
        """Takes the adapters as they are now, and the place of the layer's own forward."""
        module, at = self._module, 0
        for name in self._names:
            until = at + module.r[name]
            down = self._both[self._own + at : self._own + until]
            down.copy_(module.lora_A[name].weight.view_as(down))
            up = module.lora_B[name].weight.flatten(1)
            self._up[:, at:until].copy_(
                up if module.scaling[name] == 1 else up * module.scaling[name]
            )
            at = until
        module.forward = self._forward

    def end(self) -> None:
        """Gives the layer its own forward back."""
        del self._module.forward

    def _forward(self, x: Tensor) -> Tensor:
        module, taught = self._module, self._taught
        if module.disable_adapters or taught not in module.active_adapters:
            return type(module).forward(module, x)  # type: ignore[no-any-return]
        x = x.to(self._both.dtype)
        if not self._on_rows:
            return self._joined(_Convolution, x)
        if x.dim() < 4:
            return self._joined(_Linear, x)
        x = x.contiguous(memory_format=LAST)
        return _picture(self._joined(_Linear, _rows(x)), x)

    def _joined(self, way: type[torch.autograd.Function], x: Tensor) -> Tensor:
        down, up = (
            getattr(self._module, half)[self._taught].weight for half in ("lora_A", "lora_B")
        )
        given = (x, self._both, self._bias, self._up, down, up, *self._how)
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
        rows = _rows(out)
        inner = rows[:, len(ups) :].contiguous()
        ctx.save_for_backward(x, both, ups, inner)
        ctx.rank, ctx.how = len(down), (stride, padding)
        return _picture(torch.addmm(rows[:, : len(ups)], inner, ups.mT), out)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        x, both, ups, inner = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=LAST)
        of_own = _rows(gradient)
        of_inner = of_own @ ups
        of_x = of_down = of_up = None
        if ctx.needs_input_grad[0]:
            whole = _picture(torch.cat([of_own, of_inner], 1), gradient)
            of_x = _backward(ctx, whole, x, both, [True, False, False])[0]
        if ctx.needs_input_grad[4]:
            taught = _picture(of_inner[:, -ctx.rank :].contiguous(), gradient)
            down = both[-ctx.rank :]
            of_down = _backward(ctx, taught, x, down, [False, True, False])[1].float()
        if ctx.needs_input_grad[5]:
            of_up = (of_own.mT @ inner[:, -ctx.rank :])[..., None, None].float()
        return of_x, None, None, None, of_down, of_up, None, None


def _backward(ctx: Any, gradient: Tensor, x: Tensor, weight: Tensor, wanted: list[bool]) -> Any:
    stride, padding = ctx.how
    return torch.ops.aten.convolution_backward(
        gradient, x, weight, NO_BIAS, stride, padding, ONCE, False, NO_MORE, 1, wanted
    )


def _is_pointwise(layer: Any) -> bool:
    """A convolution of one pixel: what it does to a picture a linear layer does to its rows."""
    return not any((*layer.padding, *(side != 1 for side in (*layer.kernel_size, *layer.stride))))


def _rows(picture: Tensor) -> Tensor:
    """(count, channels, height, width), channels last, as (pixels, channels)."""
    return picture.permute(0, 2, 3, 1).flatten(0, 2)


def _picture(rows: Tensor, like: Tensor) -> Tensor:
    """The way back, of as many pictures as large."""
    count, _, height, width = like.shape
    return rows.view(count, height, width, -1).permute(0, 3, 1, 2)


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
