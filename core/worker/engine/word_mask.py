"""Words that only parts of a picture may look at, in the UNet's cross-attention.

Source: Kim et al., Dense text-to-image generation with attention modulation (2023), section 3.2,
whose modulation is here a mask: what lies outside a word's box does not see the word at all.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.worker.engine.gaze import Phrases
from core.worker.engine.reach import halvings

HIDDEN = -1e4
"""Added to the attention scores of words that a place may not look at; float16 holds it."""
DRAWN = math.exp(2)
"""How much more a place looks at the words that belong there; hidden elsewhere alone, the second
thing of a sentence loses its colour to the first (docs/log.md)."""


class WordMask:
    """Hooks on every cross-attention of a UNet; without words to hide they change nothing."""

    def __init__(self, unet: nn.Module) -> None:
        self._biases: Mapping[int, Tensor] | None = None
        for name, attention in unet.named_modules():
            if name.endswith(".attn2"):
                attention.register_forward_pre_hook(self._hide, with_kwargs=True)

    def show(self, shown: Sequence[Tensor | None], *, like: Tensor) -> None:
        """For each row of the next calls what `shown_words` says; None lets all see all."""
        told = next((each for each in shown if each is not None), None)
        self._biases = None if told is None else _biases(shown, tuple(told.shape), like)

    def _hide(
        self, _attention: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Inputs begin with (rows, positions, width)."""
        bias = None if self._biases is None else self._biases.get(inputs[0].shape[1])
        return None if bias is None else (inputs, options | {"attention_mask": bias})


def shown_words(phrases: Phrases, places: Sequence[Tensor | None], *, tokens: int) -> Tensor | None:
    """How much each place looks at each word, (tokens, height, width): 1 as ever, 0 not at all.

    A concept's words are seen from its place (height, width) alone, where it has one. None where
    none has.
    """
    told = [
        (list(words), place)
        for words, place in zip(phrases, places, strict=True)
        if words and place is not None
    ]
    if not told:
        return None
    shown = torch.ones(tokens, *told[0][1].shape)
    for words, place in told:
        shown[words] = DRAWN * place
    return shown


def _biases(
    shown: Sequence[Tensor | None], shape: tuple[int, ...], like: Tensor
) -> dict[int, Tensor]:
    """(rows, positions, tokens), by the number of positions of a feature map."""
    table = torch.ones(len(shown), *shape, device=like.device)
    for row, own in zip(table, shown, strict=True):
        if own is not None:
            row.copy_(own)
    made: dict[int, Tensor] = {}
    for smaller in halvings((shape[1], shape[2])):
        shares = functional.interpolate(table, smaller, mode="area").flatten(2).mT
        bias = shares.log().clamp(min=HIDDEN).to(like.dtype)
        made.setdefault(bias.shape[1], bias.contiguous())
    return made
