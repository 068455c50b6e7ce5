"""Prompts as what the UNet reads, encoded once for each prompt and stack."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from core.domain.concepts import StackEntry
from core.domain.recipes import VECTORS_MAX
from core.worker.engine.draft import Conditions
from core.worker.engine.gaze import Phrases
from core.worker.engine.phrases import find_phrases
from core.worker.models import Base
from core.worker.stack import Stacks

KEPT = 256
"""Encoded pairs of prompts that are remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A prompt, and its unconditional half where it is guided; each one row."""

    prompt: Conditions
    negative: Conditions | None
    phrases: Phrases
    """For each concept of the stack the positions of its words."""


class Prompts:
    """Encodes prompts with a stack's words, through diffusers' own `encode_prompt`."""

    def __init__(self, base: Base, stacks: Stacks) -> None:
        self._base, self._stacks = base, stacks
        self._known: OrderedDict[tuple[object, ...], Encoded] = OrderedDict()

    def encode(
        self,
        prompt: str,
        negative: str,
        stack: Sequence[StackEntry],
        *,
        guided: bool,
        apart: bool,
    ) -> Encoded:
        """Encodes a prompt with the words of a stack; remembers what it encoded.

        With `apart` each concept's words are told as if the other concepts were plain.
        """
        worn = tuple((entry.name, entry.artifact, entry.weight) for entry in stack)
        key = (prompt, negative, worn, guided, apart)
        if key not in self._known:
            said = self._encode(prompt, negative, stack, guided=guided)
            self._known[key] = self._told_apart(prompt, stack, said) if apart else said
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _told_apart(self, prompt: str, stack: Sequence[StackEntry], said: Encoded) -> Encoded:
        """A text encoder lets later words take on the colours of earlier ones; this undoes it."""
        if sum(map(bool, said.phrases)) < 2:
            return said
        embeds = said.prompt.embeds.clone()
        for index, words in enumerate(said.phrases):
            if words:
                alone = [
                    entry if at == index else entry.model_copy(update={"weight": 0.0})
                    for at, entry in enumerate(stack)
                ]
                own = self._encode(prompt, "", alone, guided=False).prompt.embeds
                embeds[:, list(words)] = own[:, list(words)]
        return replace(said, prompt=replace(said.prompt, embeds=embeds))

    @torch.no_grad()
    def _encode(
        self, prompt: str, negative: str, stack: Sequence[StackEntry], *, guided: bool
    ) -> Encoded:
        speller = self._stacks.speak(stack)
        spelled = speller(prompt)
        encoded = self._base.pipe.encode_prompt(
            spelled,
            device=self._base.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=guided,
            negative_prompt=speller(negative) if negative else None,
        )
        pooled = encoded[2:4] if self._base.xl else (None, None)
        return Encoded(
            Conditions(encoded[0], pooled[0]),
            Conditions(encoded[1], pooled[1]) if guided else None,
            find_phrases(self._base.tokenizers[0], spelled, self._words(stack)),
        )

    def _words(self, stack: Sequence[StackEntry]) -> list[tuple[list[int], str]]:
        tokens = self._stacks.tokens
        return [
            ([tokens.ids(slot, vector=v)[0] for v in range(VECTORS_MAX)], entry.class_noun)
            for slot, entry in enumerate(stack)
        ]
