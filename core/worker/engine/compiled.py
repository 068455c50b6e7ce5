"""The UNet compiled for a few fixed sizes of call, so that nothing is compiled as images come and
go: calls are filled up with empty rows to the next size, and stacks to the next number of pages.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

KEPT = 128
"""Compiled forms that are kept: sizes of call times shapes of latents times widths of stacks, with
and without places and ControlNets."""

Backend = str | Callable[..., Any]


class Compiled:
    """`torch.compile` around a model; with `graphs`, CUDA replays each form as one launch."""

    def __init__(self, model: nn.Module, *, graphs: bool, backend: Backend = "inductor") -> None:
        torch._dynamo.config.recompile_limit = KEPT
        mode = "reduce-overhead" if graphs else None
        self._call: Any = torch.compile(model, dynamic=False, backend=backend, mode=mode)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What the model makes of arguments that were filled up."""
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        return _own(self._call(*args, **options))


def _own(made: Any) -> Any:
    """Copies of tensors, for the next replay writes over them."""
    if isinstance(made, Tensor):
        return made.clone()
    return made if made is None else tuple(_own(each) for each in made)


def size_of_call(rows: int) -> int:
    """1, 2, 4, 8, 16, 32, …: the smallest that holds so many rows."""
    return 1 << max(0, rows - 1).bit_length()


def filled(part: Tensor, rows: int) -> Tensor:
    """Filled up to so many rows with copies of the last one."""
    missing = rows - len(part)
    return torch.cat([part, part[-1:].expand(missing, *part.shape[1:])]) if missing else part
