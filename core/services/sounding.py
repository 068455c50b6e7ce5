"""How alike two words sound, and how letters are called. Pure."""

import re
from functools import lru_cache

import jellyfish
from rapidfuzz.distance import OSA, JaroWinkler

SAME_SOUND = 0.9
"""Closeness of words that sound the same and are spelled differently."""

# English spelling towards sound, in this order; vowels are kept, unlike in Metaphone.
_RULES = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^(k|g)n", "n"),
        (r"^wr", "r"),
        (r"^wh", "w"),
        (r"ph", "f"),
        (r"ck", "k"),
        (r"sch", "sh"),
        (r"t?ch", "C"),
        (r"c(?=[eiy])", "s"),
        (r"c|q(?=u)|q", "k"),
        (r"x", "ks"),
        (r"ea(?=r)|ai|ay|ei", "e"),
        (r"oo|ou|ue|ew", "u"),
        (r"ee|ea|ie|ey", "i"),
        (r"oa|ow|oh|au|aw", "o"),
        (r"ah", "a"),
        (r"y", "i"),
        (r"([a-zC])\1+", r"\1"),
        (r"(?<=[a-zC]{2})e$", ""),
    )
)

LETTERS: dict[str, frozenset[str]] = {
    letter: frozenset((letter, *names.split()))
    for letter, names in {
        "a": "ay eh",
        "b": "be bee",
        "c": "see sea cee",
        "d": "dee",
        "e": "ee",
        "f": "ef eff",
        "g": "gee jee",
        "h": "aitch haitch",
        "i": "eye aye",
        "j": "jay",
        "k": "kay",
        "l": "el ell",
        "m": "em",
        "n": "en",
        "o": "oh owe zero",
        "p": "pee pea",
        "q": "cue queue kew",
        "r": "are ar",
        "s": "es ess",
        "t": "tee tea",
        "u": "you yu",
        "v": "vee ve",
        "w": "doubleu",
        "x": "ex eks",
        "y": "why wye",
        "z": "zed zee",
        "0": "zero oh o",
        "1": "one",
        "2": "two to",
        "3": "three",
        "4": "four for",
        "5": "five",
        "6": "six",
        "7": "seven",
        "8": "eight",
        "9": "nine",
    }.items()
}


@lru_cache(maxsize=4096)
def sound_of(word: str) -> str:
    """A lower-case word written as it sounds, roughly: "carr" and "kar" are both "kar"."""
    for pattern, sound in _RULES:
        word = pattern.sub(sound, word)
    return word


def closeness(heard: str, name: str) -> float:
    """How likely `heard` was meant as `name`, both lower case: 1 the same word, 0 not at all.

    Words that sound the same are at least `SAME_SOUND`. Below that the sounds may differ in
    one place of four, or more where the consonants agree (Metaphone, Philips 1990).
    """
    if heard == name:
        return 1.0
    sounds = sound_of(heard), sound_of(name)
    if sounds[0] == sounds[1]:
        return SAME_SOUND + 0.09 * JaroWinkler.similarity(heard, name)
    alike = OSA.normalized_similarity(*sounds)
    same_consonants = jellyfish.metaphone(heard) == jellyfish.metaphone(name)
    enough = 0.6 if same_consonants and sounds[0][:1] == sounds[1][:1] else 0.75
    likely = alike >= enough or _one_letter_off(heard, name)
    return alike * SAME_SOUND if likely else 0.0


def _one_letter_off(heard: str, name: str) -> bool:
    """Both are letters without a vowel, as names that are spelled out are, and one is wrong."""
    spelled = not set("aeiou") & set(heard + name) and len(heard) == len(name) >= 3
    return spelled and OSA.distance(heard, name) == 1
