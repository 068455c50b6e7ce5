"""One layer of a UNet that does its adapters' work itself while a concept is taught."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

LAST = torch.channels_last


class Layer(ABC):
    """Takes the place of a layer's forward for as long as a step lasts.

    `taught` is the adapter that learns; others at work on the layer stay as they are.
    """

    def __init__(self, module: Any, taught: str) -> None:
        self.module, self.taught = module, taught
        others = [name for name in module.active_adapters if name != taught]
        self.names = [*(name for name in others if name in module.lora_A), taught]
        self.rank = sum(module.r[name] for name in self.names)

    def begin(self) -> None:
        """Takes the adapters as they are now, and the place of the layer's own forward."""
        with torch.no_grad():
            self.take()
        self.module.forward = self._forward

    def end(self) -> None:
        """Gives the layer its own forward back."""
        del self.module.forward

    @property
    def downs(self) -> list[Tensor]:
        """A of each adapter, by `names`."""
        return [self.module.lora_A[name].weight for name in self.names]

    @property
    def ups(self) -> list[Tensor]:
        """B of each adapter, as it is scaled."""
        of, scaling = self.module.lora_B, self.module.scaling
        return [
            of[name].weight if scaling[name] == 1 else of[name].weight * scaling[name]
            for name in self.names
        ]

    @property
    def learning(self) -> tuple[Tensor, Tensor]:
        """A and B of the taught adapter, which take gradients."""
        return self.module.lora_A[self.taught].weight, self.module.lora_B[self.taught].weight

    @abstractmethod
    def take(self) -> None:
        """Puts weights and adapters together."""

    @abstractmethod
    def work(self, x: Tensor) -> Tensor:
        """What the layer gives."""

    def _forward(self, x: Tensor) -> Tensor:
        module = self.module
        if module.disable_adapters or self.taught not in module.active_adapters:
            return type(module).forward(module, x)  # type: ignore[no-any-return]
        return self.work(x)


def works_on_rows(layer: Any) -> bool:
    """It is linear, or a convolution of one pixel, which does the same to the rows of a picture."""
    if isinstance(layer, nn.Linear):
        return True
    return not any((*layer.padding, *(side != 1 for side in (*layer.kernel_size, *layer.stride))))


def rows_of(picture: Tensor) -> Tensor:
    """(count, channels, height, width), channels last, as (pixels, channels)."""
    return picture.permute(0, 2, 3, 1).flatten(0, 2)


def picture_of(rows: Tensor, like: Tensor) -> Tensor:
    """The way back, of as many pictures as large."""
    count, _, height, width = like.shape
    return rows.view(count, height, width, -1).permute(0, 3, 1, 2)
