"""Every weight of the UNet."""

from typing import Any

import torch
from torch import Tensor

from core.worker.training.parts import Bench, Worn


class Weights(Worn):
    """The UNet's own weights, in storage of their own that is exchanged for the base's.

    They begin with what the parents' differences make of them.
    """

    name = "weights"

    def __init__(self, bench: Bench) -> None:
        self.rate, self.decay = bench.recipe.learning_rate, bench.recipe.weight_decay
        stacks = bench.stacks
        parents = [(stacks.adapters.load(p.artifact), p.weight) for p in bench.request.parents]
        own = stacks.extras.differences
        self._start = own.begin([(a.delta, weight) for a, weight in parents if a.delta])
        self._learned = {key: value.clone() for key, value in self._start.items()}
        self.parameters = list(own.parameters.values())
        self.top: dict[str, Any] = {}
        self.live: dict[str, Any] = {"delta": self._learned}

    def tensors(self) -> dict[str, Tensor]:
        """Whole weights, by their names in the bare UNet."""
        return dict(self._learned)

    def packed(self) -> dict[str, Any]:
        """What was learned, as differences in half precision: half the size of the UNet itself."""
        pairs = self._learned.items()
        return {"delta": {key: (value - self._start[key]).to(torch.half) for key, value in pairs}}
