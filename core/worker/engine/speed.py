"""What makes the engine faster on some machines; each is a setting (docs/performance.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch

from core.worker.engine.compiled import Compiled


@dataclass(frozen=True, slots=True)
class Speed:
    """All off: pictures are the same with all of them, but for rounding."""

    channels_last: bool = False
    """Features lie pixel by pixel, as the matrix units of newer GPUs read them."""
    compile: Literal["off", "on", "graphs"] = "off"
    """`torch.compile`, or CUDA graphs on top of it."""

    def laid_out(self, part: Any) -> Any:
        """A UNet or VAE in the layout that is wanted; the weights are moved where they are."""
        return part.to(memory_format=torch.channels_last) if self.channels_last else part

    @property
    def compiler(self) -> Callable[[Any], Compiled] | None:
        """What makes a model's compiled form, if one is wanted."""
        if self.compile == "off":
            return None
        return partial(Compiled, graphs=self.compile == "graphs")


AS_IT_IS = Speed()
