"""Full differences in the UNet's weights: put on and taken off by exchanging storage."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Difference = Mapping[str, Tensor]
"""What is added to weights, by the name that a weight has in the bare UNet."""
Worn = Sequence[tuple[Difference, float]]


class Differences:
    """Owns which storage the UNet's own weights have; the originals are kept, not computed back."""

    def __init__(self, unet: Any) -> None:
        self._parameters = own_parameters(unet)
        self._bare: dict[str, Tensor] = {}
        self._made_for: Worn = ()
        self._made: dict[str, Tensor] = {}

    @property
    def parameters(self) -> Mapping[str, nn.Parameter]:
        """The UNet's own weights; adapters are not among them."""
        return self._parameters

    def wear(self, worn: Worn, learned: Mapping[str, Tensor] | None = None) -> None:
        """Gives the UNet its original weights plus these differences, each with its weight.

        `learned` holds whole weights that are being taught; they go in as they are, instead.
        """
        self._take_off()
        for key, storage in (learned or self._sums(worn)).items():
            parameter = self._parameters[key]
            self._bare[key] = parameter.data
            parameter.data = storage

    def begin(self, worn: Worn) -> dict[str, Tensor]:
        """Float32 copies of all weights with these differences, from which learning begins."""
        self._take_off()
        changed = self._sums(worn)
        return {
            key: changed.get(key, parameter.data).detach().float().clone()
            for key, parameter in self._parameters.items()
        }

    def fits(self, difference: Difference) -> bool:
        """Every weight has a place here, and the right shape."""
        known = self._parameters
        return all(
            key in known and known[key].shape == value.shape for key, value in difference.items()
        )

    def _take_off(self) -> None:
        for key, original in self._bare.items():
            self._parameters[key].data = original
        self._bare = {}

    def _sums(self, worn: Worn) -> dict[str, Tensor]:
        """Weights with what is added; those of the last stack are kept, since it often returns."""
        if not _same(worn, self._made_for):
            keys = {key for difference, _ in worn for key in difference}
            self._made_for = tuple(worn)
            self._made = {key: self._sum(key, worn) for key in sorted(keys)}
        return self._made

    @torch.no_grad()
    def _sum(self, key: str, worn: Worn) -> Tensor:
        original = self._parameters[key].data
        total = original.float()
        for difference, weight in worn:
            if key in difference:
                total = total + weight * difference[key].to(total)
        return total.to(original.dtype)


def _same(one: Worn, other: Worn) -> bool:
    """The very same differences with the same weights; their numbers are not looked at."""
    return len(one) == len(other) and all(
        a is b and v == w for (a, v), (b, w) in zip(one, other, strict=True)
    )


def own_parameters(unet: nn.Module) -> dict[str, nn.Parameter]:
    """A UNet's own weights under the names that they have while no adapter is in it."""
    return {
        key.replace(".base_layer", ""): parameter
        for key, parameter in unet.named_parameters()
        if ".lora_" not in key
    }
