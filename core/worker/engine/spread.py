"""How the adapters of a stack are kept apart: each works on its own words and in its own place.

Summed adapters change every place and every word, and two subjects blend. Here the picture itself
says where each belongs: regions follow the cross-attention to its words (docs/concepts.md).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.worker.engine.gaze import Phrases
from core.worker.engine.reach import Where

SHARPNESS = 2.0
"""How clearly a place has to look at one concept's words to be that concept's alone."""
MEMORY = 0.5
"""How much of the last regions stays when a step has looked anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The plan of one image: whose words are where, and how far each reaches at first."""

    phrases: Phrases
    first: Where

    def after(self, step: int, maps: Tensor, before: Where) -> Where:
        """How far the adapters reach once a step has looked (adapters, height, width)."""
        named = [index for index, words in enumerate(self.phrases) if words]
        shares = torch.ones_like(maps)
        shares[named] = compete(maps[named])
        if before.regions is not None:
            shares = torch.lerp(shares, before.regions.to(shares), MEMORY)
        return Where(shares, before.words)


def plan(phrases: Phrases, *, tokens: int) -> Spread | None:
    """How to keep adapters apart; None where fewer than two have words of their own."""
    if sum(bool(words) for words in phrases) < 2:
        return None
    return Spread(phrases, Where(words=own_words(phrases, tokens)))


def own_words(phrases: Phrases, tokens: int) -> Tensor:
    """(adapters, tokens): 0 at the words of the others, 1 elsewhere."""
    reach = torch.ones(len(phrases), tokens)
    for index in range(len(phrases)):
        for other, words in enumerate(phrases):
            if other != index:
                reach[index, list(words)] = 0
    return reach


def compete(maps: Tensor) -> Tensor:
    """Shares of every place (adapters, height, width) that add up to 1.

    Each map is measured by its own mean, so a word that is looked at more everywhere wins nothing.
    """
    relative = maps / maps.mean((1, 2), keepdim=True).clamp(min=1e-6)
    return (relative.clamp(min=1e-6).log() * SHARPNESS).softmax(0)
