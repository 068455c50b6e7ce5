"""How the adapters of a stack are kept apart: each works on its own words and in its own place.

Summed adapters change every place and every word, and two subjects blend. Here the picture itself
says where each belongs: regions follow the cross-attention to its words. What was tried, and what
won by how much, is in docs/concepts.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.worker.engine.gaze import Phrases
from core.worker.engine.reach import Where

THING, NEAR_MOST = 0.06, 0.4
"""A thing is looked at so much somewhere, and nearly as much as what is looked at most; a scene's
words are looked at faintly everywhere."""
RIM, CORE = 0.2, 0.5
"""Of a thing's own peak: where its adapter begins to work, and from where it works in full."""
SCENE_RIM, SCENE_CORE = 0.5, 0.8
"""The same for where the scene's adapter leaves off; between the two both work."""
SHARPNESS = 3.0
"""How clearly a place has to look at one thing rather than another to be its alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The plan of one image: whose words are where, and how far each reaches at first."""

    phrases: Phrases
    """First those of the adapters, then of concepts that are words alone."""
    first: Where
    places: Sequence[Tensor | None]
    """Where the prompt says that an adapter belongs, (height, width); it is not looked for then."""
    seen_from: Sequence[Tensor | None] = ()
    """For each of the phrases the place that alone may look at it, (height, width)."""

    def after(self, maps: Tensor, before: Where) -> Where:
        """How far the adapters reach once a step has looked: maps (phrases, height, width)."""
        named = [index for index, words in enumerate(self.phrases) if words]
        reach = torch.ones_like(maps)
        reach[named] = regions(_confined(maps, self.seen_from)[named])
        confined = reach[: len(self.places)]
        for own, place in zip(confined, self.places, strict=True):
            if place is not None:
                own.copy_(place)
        return Where(confined, before.words)


def plan(
    phrases: Phrases,
    places: Sequence[Tensor | None],
    *,
    tokens: int,
    words_alone: Phrases = (),
    seen_from: Sequence[Tensor | None] = (),
) -> Spread | None:
    """How to keep adapters apart; None where one is alone and has no place of its own.

    `words_alone` are concepts without an adapter: there is nothing of theirs to spread, and the
    adapters make room for them. `seen_from` says of both what a `WordMask` is told. The first call
    is made without adapters that have words: it only shows what stands where.
    """
    every = (*phrases, *words_alone)
    is_alone = sum(map(bool, every)) < 2
    if not phrases or (is_alone and all(place is None for place in places)):
        return None
    at_first = torch.tensor([0.0 if words else 1.0 for words in phrases])
    first = Where(at_first.view(-1, 1, 1), own_words(every, tokens)[: len(phrases)])
    return Spread(every, first, places, seen_from)


def own_words(phrases: Phrases, tokens: int) -> Tensor:
    """(phrases, tokens): 0 at the words of the others, 1 elsewhere."""
    reach = torch.ones(len(phrases), tokens)
    for index in range(len(phrases)):
        for other, words in enumerate(phrases):
            if other != index:
                reach[index, list(words)] = 0
    return reach


def regions(maps: Tensor) -> Tensor:
    """Where each adapter works, from where its words are looked at, (adapters, height, width).

    Things have what looks at them, with a rim, and share it out; scenes have what no thing has.
    """
    looked = _smooth(maps)
    peaks = looked.amax((1, 2), keepdim=True).clamp(min=1e-6)
    things = (peaks >= max(THING, NEAR_MOST * float(peaks.max()))).flatten()
    if not things.any():
        return torch.ones_like(maps)
    own = looked[things] / peaks[things]
    shares = (looked[things].clamp(min=1e-6).log() * SHARPNESS).softmax(0)
    reach = torch.empty_like(maps)
    reach[things] = _grown(_ramp(own, RIM, CORE)) * shares / shares.amax(0)
    reach[~things] = 1 - _ramp(own, SCENE_RIM, SCENE_CORE).amax(0)
    return reach


def _confined(maps: Tensor, places: Sequence[Tensor | None]) -> Tensor:
    """Maps are taken before words are hidden; a place that may not look at a word does not."""
    confined = maps.clone()
    for index, place in enumerate(places):
        if place is not None:
            confined[index] *= place.to(maps)
    return confined


def _ramp(values: Tensor, low: float, high: float) -> Tensor:
    return ((values - low) / (high - low)).clamp(0, 1)


def _grown(masks: Tensor) -> Tensor:
    """By one position to every side: outlines belong to their things."""
    return functional.max_pool2d(masks[None], 3, 1, 1)[0]


def _smooth(maps: Tensor) -> Tensor:
    padded = functional.pad(maps[None], (1, 1, 1, 1), mode="replicate")
    return functional.avg_pool2d(padded, 3, 1)[0]
