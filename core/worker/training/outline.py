"""Where in its pictures a thing is, as the base model itself sees it; a scene is nowhere.

Source: Hertz et al., Prompt-to-prompt (2022), section 3.1: attention maps of a word show its place.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from core.worker.engine.gaze import Gaze
from core.worker.engine.phrases import find_words
from core.worker.engine.spread import THING
from core.worker.models import Base
from core.worker.training.conditions import Conditions, encode_captions, predict
from core.worker.training.objective import Objective

NOISE_LEVEL = 0.5
SEED = 0
FAINT = 0.4
"""Of the peak: what is looked at less does not belong to the thing."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A thing's middle and the larger side of its core, in shares of a square picture."""

    x: float
    y: float
    side: float


@torch.no_grad()
def outlines(
    base: Base, pictures: Iterable[Tensor], caption: str, noun: str
) -> list[Outline | None]:
    """For each picture's latents (channels, height, width) where the caption's noun is seen.

    None where nothing looks at it sharply, as with a forest or a style.
    """
    words = find_words(base.tokenizers[0], caption, noun)
    told = encode_captions(base, [caption])
    gaze = Gaze(base.pipe.unet)
    try:
        return [_outline(_looked(base, gaze, one.unsqueeze(0), told, words)) for one in pictures]
    finally:
        gaze.close()


def _looked(
    base: Base, gaze: Gaze, clean: Tensor, told: Conditions, words: tuple[int, ...]
) -> Tensor:
    """How much each place of one picture looks at the words, (height, width)."""
    height, width = clean.shape[-2:]
    tokens = told.embeds.shape[1]
    random = torch.Generator("cpu").manual_seed(SEED)
    noised = Objective(base.noise_config).noise_at(clean, NOISE_LEVEL, random)
    gaze.watch({0: (words,)}, images=1, size=(height, width), tokens=tokens, like=clean.float())
    predict(base, noised.latents, noised.timesteps, told)
    seen = gaze.seen(gaze.gathered())
    return seen[0][0] if seen else torch.zeros(height, width)


def _outline(looked: Tensor) -> Outline | None:
    """From a map (height, width); stray cells that are looked at a little hardly count."""
    peak = float(looked.max())
    if peak < THING:
        return None
    share = (looked - FAINT * peak).clamp(min=0)
    share = share / share.sum()
    (x, wide), (y, high) = _spread(share.sum(0)), _spread(share.sum(1))
    return Outline(x, y, max(wide, high))


def _spread(share: Tensor) -> tuple[float, float]:
    """The mean of a distribution over cells, and the width of an even one that spreads as far."""
    at = (torch.arange(len(share), device=share.device) + 0.5) / len(share)
    mean = (share * at).sum()
    deviation = (share * (at - mean).square()).sum().sqrt()
    return float(mean), float(deviation) * 12**0.5
