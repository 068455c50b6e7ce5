"""Requests for pictures, in English and the same in Spanish, drawn from a seeded generator."""

import random
from functools import cache

from core.pocket.speech import lexicon, names
from core.pocket.speech.phrases import Phrase, join, scene, thing


def request(rng: random.Random) -> Phrase:
    """A whole request, as "a photo of xyz temple near a red cat at night"."""
    prefix = Phrase(*rng.choice(lexicon.PREFIXES)) if rng.random() < 0.85 else None
    parts = [prefix, thing(rng)]
    if rng.random() < 0.42:
        parts += [Phrase(*rng.choice(lexicon.RELATIONS)), thing(rng)]
    if rng.random() < 0.6:
        parts.append(scene(rng))
    return join(*parts)


def training_request(rng: random.Random) -> Phrase:
    """A request that is not kept for tests, and none of whose names is."""
    while True:
        phrase = request(rng)
        if not names.held_out(phrase.english) and not any(map(_held_name, phrase.names)):
            return phrase


def held_out_request(rng: random.Random, *, named: bool) -> Phrase:
    """A request kept for tests: with a concept name never trained on, or with no name at all."""
    while True:
        phrase = request(rng)
        if not named and not phrase.names and names.held_out(phrase.english):
            return phrase
        if named and phrase.names and all(map(_held_name, phrase.names)):
            return phrase


def word_salad(rng: random.Random, language: str) -> Phrase:
    """Two to eight words of one language in no order, with a name now and then."""
    words = vocabulary(language)
    said: list[str] = []
    named: list[str] = []
    for _ in range(rng.randint(2, 8)):
        name = trained_name(rng) if rng.random() < 0.08 else None
        named += [name] if name else []
        said.append(name or rng.choice(words))
    text = " ".join(said)
    return Phrase(text, text, tuple(named))


def chatter(rng: random.Random, language: str) -> str:
    """Speech that asks for no picture: a sentence or words of several."""
    sentences = lexicon.CHATTER[language]
    if rng.random() < 0.4:
        return rng.choice(sentences)
    words = [word for sentence in sentences for word in sentence.split()]
    return " ".join(rng.choice(words) for _ in range(rng.randint(3, 9)))


@cache
def vocabulary(language: str) -> tuple[str, ...]:
    """Every word of the grammar in "en" or "es", sorted; names are not words."""
    rng = random.Random(0)
    found: set[str] = set()
    for _ in range(20_000):
        phrase = request(rng)
        text = phrase.english if language == "en" else phrase.spanish
        found.update(word for word in text.split() if word not in phrase.names)
    return tuple(sorted(found))


def trained_name(rng: random.Random) -> str:
    """A name that is not kept for tests."""
    while _held_name(name := names.any_name(rng)):
        pass
    return name


def _held_name(name: str) -> bool:
    known = (*names.FREQUENT, *names.SOUND_ALIKE)
    return name not in known and names.held_out(name)
