"""An adapter in the UNet."""

from typing import Any

import torch
from torch import Tensor

from core.worker.adapters import lora_config
from core.worker.training.parts import Bench, Worn

DECAY = 1e-4


class Adapter(Worn):
    """LoRA on the layers that the base model's family says."""

    name = "adapter"
    decay = DECAY

    def __init__(self, bench: Bench) -> None:
        self.rate = bench.recipe.learning_rate
        self._bank, self._key = bench.stacks.adapters, bench.adapter
        config = lora_config(rank=bench.recipe.rank, targets=bench.targets)
        with torch.random.fork_rng():
            torch.manual_seed(bench.seed)
            self._bank.add(self._key, config)
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
