"""Prompts as what the UNet reads, encoded once for each prompt and stack."""

from collections import OrderedDict
from collections.abc import Sequence

import torch

from core.domain.concepts import StackEntry
from core.worker.engine.draft import Conditions
from core.worker.models import Base
from core.worker.stack import Stacks

KEPT = 256
"""Encoded pairs of prompts that are remembered."""

Pair = tuple[Conditions, Conditions | None]


class Prompts:
    """Encodes prompts with a stack's words, through diffusers' own `encode_prompt`."""

    def __init__(self, base: Base, stacks: Stacks) -> None:
        self._base, self._stacks = base, stacks
        self._known: OrderedDict[tuple[object, ...], Pair] = OrderedDict()

    def encode(
        self, prompt: str, negative: str, stack: Sequence[StackEntry], *, guided: bool
    ) -> Pair:
        """The prompt, and its unconditional half where it is guided; each one row."""
        worn = tuple((entry.name, entry.artifact, entry.weight) for entry in stack)
        key = (prompt, negative, worn, guided)
        if key not in self._known:
            self._known[key] = self._encode(prompt, negative, stack, guided=guided)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    @torch.no_grad()
    def _encode(
        self, prompt: str, negative: str, stack: Sequence[StackEntry], *, guided: bool
    ) -> Pair:
        speller = self._stacks.speak(stack)
        encoded = self._base.pipe.encode_prompt(
            speller(prompt),
            device=self._base.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=guided,
            negative_prompt=speller(negative) if negative else None,
        )
        pooled = encoded[2:4] if self._base.xl else (None, None)
        conditional = Conditions(encoded[0], pooled[0])
        return conditional, Conditions(encoded[1], pooled[1]) if guided else None
