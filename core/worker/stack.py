"""A request's stack put on the shared model, and taken off for the next one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from core.domain.concepts import StackEntry
from core.domain.requests import STACK_MAX
from core.errors import Conflict
from core.storage import Storage
from core.worker.adapters import AdapterBank
from core.worker.artifact import Artifact, unpack
from core.worker.models import Base
from core.worker.tokens import TokenSlots, spell

TOP_SLOT = STACK_MAX
Speller = Callable[[str], str]
"""Turns a prompt with `<name>`s into what the tokenizers know."""


@dataclass(frozen=True, slots=True)
class Top:
    """A concept that is being taught: its adapter lies on a stack, its token in `TOP_SLOT`."""

    adapter: str
    name: str


class Stacks:
    """Owns what the base model wears: adapters in the UNet, vectors in the text encoders."""

    def __init__(self, base: Base, storage: Storage) -> None:
        self._family = base.family.name
        self._storage = storage
        self.adapters = AdapterBank(base.pipe.unet, self._fetch)
        self.tokens = TokenSlots(base.tokenizers, base.text_encoders)

    def wear(self, entries: Sequence[StackEntry], *, on_top: Top | None = None) -> Speller:
        """Applies a stack, and nothing else, from now on.

        The stack is added up in the order of its entries. What is being taught on top is at work
        too, at full weight, and is the only thing that takes gradients.

        Raises:
            Conflict: a concept was taught on another family of base models.
            ModelFault: an artifact cannot be loaded whole.
        """
        for slot, entry in enumerate(entries):
            artifact = self.adapters.load(entry.artifact)
            self.tokens.fill(slot, weighted(artifact.tokens, entry.weight))
        worn = tuple((entry.artifact, entry.weight) for entry in entries)
        slots = {entry.name: slot for slot, entry in enumerate(entries)}
        if on_top is None:
            self.adapters.wear(worn)
        else:
            self.adapters.wear((*worn, (on_top.adapter, 1.0)), trainable=on_top.adapter)
            slots[on_top.name] = TOP_SLOT
        return lambda prompt: spell(prompt, slots)

    def _fetch(self, key: str) -> Artifact:
        artifact = unpack(self._storage.get(key))
        if artifact.family != self._family:
            raise Conflict(
                f"<{artifact.facts['name']}> was taught on {artifact.facts['model']}, which is of "
                "another kind than the model that runs now. Teach it again with /train."
            )
        return artifact


def weighted(tokens: Sequence[Tensor], weight: float) -> list[Tensor]:
    """Vectors between where they began (weight 0) and what was learned (weight 1)."""
    return [start + weight * (learned - start) for learned, start in tokens]
