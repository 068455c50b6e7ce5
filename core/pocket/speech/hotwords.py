"""Hotwords as faster-whisper gives them: a guild's concept names before the transcript.

Half of the point is that names in the prompt may be spelled in any way and must be copied; the
other half is that names nobody said must change nothing.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.pocket.speech import grammar, lexicon, names


@dataclass(frozen=True)
class Hotwords:
    """The prompt as text, and how it spells the names that are said."""

    text: str = ""
    spelling: dict[str, str] = field(default_factory=dict)

    def respelled(self, text: str) -> str:
        """`text` with the names as the prompt spells them."""
        return " ".join(self.spelling.get(word, word) for word in text.split())


def draw_hotwords(said: Sequence[str], rng: random.Random) -> Hotwords:
    """None at all, or up to nine names of which those in `said` mostly are some."""
    if rng.random() >= (0.45 if said else 0.2):
        return Hotwords()
    spelling: dict[str, str] = {}
    for name in said:
        if rng.random() < 0.8:
            spelling[name] = names.respell(name, rng) if rng.random() < 0.45 else name
    listed = list(spelling.values()) + [_other(rng) for _ in range(rng.randint(0, 7))]
    rng.shuffle(listed)
    return Hotwords(_written(listed, rng), spelling)


def _other(rng: random.Random) -> str:
    name = grammar.trained_name(rng)
    return names.respell(name, rng) if rng.random() < 0.4 else name


def _written(listed: Sequence[str], rng: random.Random) -> str:
    """Names with commas or spaces, with their nouns or without, in any case."""
    nouns = rng.random() < 0.3
    entries = [
        f"{name} {rng.choice((*lexicon.THINGS, *lexicon.PLACES)).english}" if nouns else name
        for name in listed
    ]
    text = rng.choice((" ", ", ")).join(entries)
    case = rng.random()
    return text.title() if case < 0.07 else text.upper() if case < 0.14 else text
