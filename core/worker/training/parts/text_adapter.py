"""Adapters in the text encoders."""

from typing import Any

from torch import Tensor, nn

from core.worker.training.parts import Bench, Worn


class TextAdapter(Worn):
    """LoRA on attention and feed-forward of every text encoder."""

    name = "text"

    def __init__(self, bench: Bench) -> None:
        self.rate, self.decay = bench.recipe.text_learning_rate, bench.recipe.weight_decay
        begun = bench.stacks.extras.text.begin(bench.recipe.rank, bench.generator())
        self._encoders = [
            {key: nn.Parameter(value) for key, value in part.items()} for part in begun
        ]
        self.parameters = [p for part in self._encoders for p in part.values()]
        self.top: dict[str, Any] = {}
        self.live: dict[str, Any] = {"text": tuple(self._encoders)}

    def tensors(self) -> dict[str, Tensor]:
        """By the number of the text encoder and the layer."""
        return {
            f"{index}.{key}": parameter.detach()
            for index, part in enumerate(self._encoders)
            for key, parameter in part.items()
        }

    def packed(self) -> dict[str, Any]:
        """One adapter an encoder."""
        return {"text": tuple({k: p.detach() for k, p in part.items()} for part in self._encoders)}
