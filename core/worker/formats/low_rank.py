"""What an adapter is to one module, whatever file it came from."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

Shape = tuple[int, ...]
Modules = Mapping[str, Shape]
"""Module name → shape of its weight. Names are `unet.<path>` and `text.<encoder>.<path>`."""


@dataclass(frozen=True, slots=True)
class LowRank:
    """A change of rank r to one module's weight W: W + scale · B·A.

    Source: Hu et al., LoRA (2021), section 4.1.
    """

    A: Tensor
    """(r, in) for a linear layer, (r, in, height, width) for a convolution."""
    B: Tensor
    """(out, r), or (out, r, 1, 1) for a convolution."""
    scale: float
    """alpha / rank: what A and B were trained to be multiplied with."""

    @property
    def rank(self) -> int:
        """The inner size."""
        return int(self.A.shape[0])

    @property
    def alpha(self) -> float:
        """The scale as files state it."""
        return self.scale * self.rank


Adapter = Mapping[str, LowRank]
"""Module name → its change."""
