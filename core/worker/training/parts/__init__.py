"""The parts of a concept that can learn, one file each."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from core.domain.recipes import Recipe
from core.domain.requests import TrainRequest
from core.worker.families import ATTENTION
from core.worker.models import Base
from core.worker.stack import Stacks


@dataclass(frozen=True, slots=True)
class Bench:
    """What a part is made from."""

    base: Base
    stacks: Stacks
    request: TrainRequest
    recipe: Recipe
    adapter: str
    """The name of the adapter that is taught, where there is one."""

    @property
    def seed(self) -> int:
        """The recipe's, else the job's."""
        return self.recipe.seed_or(self.request.seed)

    @property
    def targets(self) -> list[str]:
        """Ends of the names of the UNet's layers that an adapter changes."""
        usual = self.base.family.lora_targets
        return list(ATTENTION if self.recipe.targets == "attention" else usual)

    def generator(self) -> torch.Generator:
        """For how a part begins; each part has its own, so none depends on another."""
        return torch.Generator("cpu").manual_seed(self.seed)


class Part(Protocol):
    """Something that learns: made in its beginning, worn on top, packed into the artifact."""

    name: str
    decay: float
    rate: float
    """The learning rate that the recipe gives it."""
    parameters: list[nn.Parameter]
    top: dict[str, Any]
    """Fields of the `Top` through which the model wears it."""
    live: dict[str, Any]
    """Fields of that `Top`'s live artifact, with the very tensors that learn."""

    def read(self) -> AbstractContextManager[None]:
        """Inside, the model reads what learns, with gradients, where it does not by itself."""

    def tensors(self) -> dict[str, Tensor]:
        """All that it has learned, in the storage that learns."""

    def write(self) -> None:
        """Makes drawing see what was learned."""

    def packed(self) -> dict[str, Any]:
        """Fields of the artifact."""

    def close(self) -> None:
        """Takes it out of the model."""


class Worn:
    """What is the same for parts that the model reads straight from the tensors that learn."""

    def read(self) -> AbstractContextManager[None]:
        """Nothing to do."""
        return nullcontext()

    def write(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do: it goes with what the model wears."""
