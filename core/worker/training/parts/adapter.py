"""An adapter in the UNet."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from core.worker.adapters import lora_config
from core.worker.training.parts import Bench, Worn
from core.worker.training.slots import slot_rows


class Adapter(Worn):
    """LoRA on the layers that the base model's family says.

    With a slot its A lies there from the beginning and stays, and B alone learns.
    """

    name = "adapter"

    def __init__(self, bench: Bench) -> None:
        self.rate, self.decay = bench.recipe.learning_rate, bench.recipe.weight_decay
        self._bank, self._key = bench.stacks.adapters, bench.adapter
        config = lora_config(rank=bench.recipe.rank, targets=bench.targets)
        with torch.random.fork_rng():
            torch.manual_seed(bench.seed)
            self._bank.add(self._key, config)
        if bench.recipe.freeze_a and bench.recipe.slot is not None:
            self._bank.fix_down(self._key, _rows_of(bench.recipe.slot))
        self.parameters = self._bank.parameters(self._key)
        for weight in self.parameters:
            weight.data = weight.data.float()
        self.top: dict[str, Any] = {"adapter": self._key}
        self.live: dict[str, Any] = {}

    def tensors(self) -> dict[str, Tensor]:
        """Under peft's own keys."""
        return self._bank.weights(self._key)

    def packed(self) -> dict[str, Any]:
        """The adapter's weights."""
        return {"lora": self.tensors()}

    def close(self) -> None:
        """Takes the adapter out of the UNet."""
        self._bank.remove(self._key)


def _rows_of(slot: int) -> Callable[[Tensor], Tensor]:
    """A in its slot, with rows as long as those that an adapter usually begins with."""

    def rows(down: Tensor) -> Tensor:
        rank, width = len(down), down[0].numel()
        usual = math.sqrt(width) / rank
        return (usual * slot_rows(slot, rank=rank, width=width)).view_as(down)

    return rows
