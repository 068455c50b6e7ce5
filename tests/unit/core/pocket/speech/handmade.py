"""Clips written by hand, for tests that must run without espeak-ng."""

import random

import numpy as np

from core.pocket.speech.clips import Clip, Utterance, Word


def english_clip() -> Clip:
    """ "a xyz cat", said between 0.5 s and 1.5 s."""
    words = (Word("a", (0.5,)), Word("xyz", (0.6, 0.8, 1.0)), Word("cat", (1.2,)))
    phonemes = ((0.5, "a#"), (1.2, "k"), (1.3, "a"), (1.4, "t"), (1.5, "_:"))
    return Clip("en", (Utterance(0.5, 1.5, words, phonemes, ("xyz",)),))


def spanish_clip() -> Clip:
    """ "un gato rojo", which is "a red cat"."""
    words = (Word("un", (0.2,)), Word("gato", (0.4,)), Word("rojo", (0.8,)))
    return Clip("es", (Utterance(0.2, 1.2, words, ((0.2, "u"),), (), "a red cat"),))


class HandMade:
    """Makes the same few clips over and over, with noise for sound."""

    def draw(self, rng: random.Random) -> tuple[np.ndarray, Clip]:
        clip = rng.choice((english_clip(), spanish_clip(), Clip(None, ()), Clip("en", ())))
        noise = np.random.default_rng(rng.randrange(1 << 31))
        count = rng.randint(24_000, 32_000)
        return (noise.standard_normal(count) * 0.1).astype(np.float32), clip
