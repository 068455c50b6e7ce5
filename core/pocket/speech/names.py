"""Names a guild could give to a concept: made-up words, spelled words, words that sound alike.

A name has one plain spelling, which is how it is said. People spell differently, so a name that
was announced (a hotword) may be written in another way that sounds the same: `respell`.
"""

import random
import zlib
from functools import cache

from core.pocket.speech import lexicon

ONSETS = tuple("bdfhklmnprstvz")
VOWELS = tuple("aeiou")
CODAS = tuple("klmnprtxd")
SHAPES = ("cvc", "cvcv", "cvcv", "cvcvc", "vcv", "cvcvcv")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FREQUENT = ("xyz", "kar", "zed", "lumo", "bqt", "sks")

# Words of the lexicon that people also use as names, in a spelling of their own.
SOUND_ALIKE = {
    "car": "kar",
    "cat": "kat",
    "moon": "moone",
    "sun": "sunn",
    "star": "starr",
    "cake": "kake",
    "boat": "bote",
    "bear": "bair",
    "fish": "phish",
    "bell": "belle",
    "planet": "planette",
}

_RULES = (
    ("k", "c"),
    ("x", "ks"),
    ("f", "ph"),
    ("u", "oo"),
    ("z", "zz"),
    ("l", "ll"),
    ("m", "mm"),
    ("n", "nn"),
    ("r", "rr"),
    ("i", "ee"),
    ("i", "y"),
    ("s", "ss"),
    ("t", "tt"),
)


def held_out(text: str) -> bool:
    """Whether `text` (a sentence or a name) is kept for tests: one in twenty, by CRC-32."""
    return zlib.crc32(text.encode()) % 20 == 0


def is_spelled(name: str) -> bool:
    """Whether a name is said letter by letter: it has no vowel, as "xyz" or "bqt"."""
    return not set(name) & set(VOWELS)


def made_up(rng: random.Random) -> str:
    """A pronounceable name, as "lumo", that is no word of the lexicon."""
    while True:
        parts = {"c": ONSETS, "v": VOWELS}
        shape = rng.choice(SHAPES)
        letters = [rng.choice(parts[kind]) for kind in shape]
        if shape.endswith("c"):
            letters[-1] = rng.choice(CODAS)
        name = "".join(letters)
        if not name.endswith("e") and name not in _known_words():  # a last e would be silent
            return name


def spelled(rng: random.Random) -> str:
    """A name of two to four letters without a vowel, as "xyz"."""
    consonants = [letter for letter in LETTERS if letter not in VOWELS]
    return "".join(rng.choice(consonants) for _ in range(rng.choice((2, 3, 3, 3, 4))))


def any_name(rng: random.Random) -> str:
    """A name as it is said: frequent, made up, spelled or sounding like a word of the lexicon."""
    draw = rng.random()
    if draw < 0.2:
        return _heard(rng.choice(FREQUENT))
    if draw < 0.7:
        return made_up(rng)
    return spelled(rng) if draw < 0.88 else rng.choice(sorted(SOUND_ALIKE))


def respell(name: str, rng: random.Random) -> str:
    """Another spelling that sounds like `name`; the name itself where there is none."""
    if name in SOUND_ALIKE:
        return SOUND_ALIKE[name]
    rules = [rule for rule in _RULES if rule[0] in name]
    if is_spelled(name) or not rules:
        return name
    plain, other = rng.choice(rules)
    return name.replace(plain, other, 1)


def _heard(name: str) -> str:
    """The plain spelling of a name that sounds like a word: "car" for "kar"."""
    return next((word for word, other in SOUND_ALIKE.items() if other == name), name)


@cache
def _known_words() -> frozenset[str]:
    nouns = (*lexicon.THINGS, *lexicon.PLACES, *lexicon.ATTACHMENTS)
    adjectives = (*lexicon.COLOURS, *lexicon.QUALITIES)
    english = {noun.english for noun in nouns} | {word.english for word in adjectives}
    spanish = {noun.spanish for noun in nouns} | {word.masculine for word in adjectives}
    return frozenset(english | spanish)
