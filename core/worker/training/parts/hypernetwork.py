"""A hypernetwork."""

from typing import Any

from torch import Tensor, nn

from core.worker.training.parts import Bench, Worn


class Hypernetwork(Worn):
    """Two layers for keys and two for values at each width of the UNet's attention."""

    name = "hypernetwork"
    decay = 0.0

    def __init__(self, bench: Bench) -> None:
        self.rate = bench.recipe.learning_rate
        begun = bench.stacks.extras.hypernetworks.begin(bench.generator())
        self._nets = {key: nn.Parameter(value) for key, value in begun.items()}
        self.parameters = list(self._nets.values())
        self.top: dict[str, Any] = {}
        self.live: dict[str, Any] = {"hyper": self._nets}

    def tensors(self) -> dict[str, Tensor]:
        """Under the web UI's keys."""
        return {key: parameter.detach() for key, parameter in self._nets.items()}

    def packed(self) -> dict[str, Any]:
        """All nets."""
        return {"hyper": self.tensors()}
