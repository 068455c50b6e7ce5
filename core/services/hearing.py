"""What was heard, with a guild's concepts put in: "car forest" → "<kar> forest". Pure.

A name is taken where it was heard as written or spelled letter by letter. A word that only
sounds or looks like it is taken where the concept's class noun follows, which is how people
say it; without the noun only a long name that sounds the same, with no article before it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.domain.concepts import token_of
from core.domain.requests import Hotword
from core.domain.speech import Change
from core.services.sounding import LETTERS, SAME_SOUND, closeness


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


WORD = re.compile(r"<[^<>]*>|[^\W_]+")
JOINED_MAX = 3
"""Most words that one name is written as, apart from letters."""
LONG_NAME = 5

ARTICLES = word_set("""
    a an the this that these those my your his her its our their some any no every each
""")
FUNCTION_WORDS = ARTICLES | word_set("""
    in on at of by to from with and or as over under near into behind before beside between
    is are was be
""")
# Words that stand before a noun in any prompt, so that likeness alone says nothing.
ORDINARY = FUNCTION_WORDS | word_set("""
    red green blue yellow white black grey gray brown pink purple orange gold golden silver
    dark light bright pale big small large little tiny huge tall long short wide old new young
    one two three four five many few far near high low deep dry wet hot cold warm cool icy snowy
    sunny rainy foggy misty wooden stone glass metal paper striped plain dotted checked round
    square flat thin thick wild calm quiet empty full ruined broken clean dirty pretty nice rare
    real dead burnt lone lost great good bad best same other another photo picture image
    painting drawing day night winter summer spring autumn fall ice fire water rain snow
""")
# Letters that are also everyday words prove nothing by themselves.
EVERYDAY_LETTERS = word_set("a i o be see sea eye oh owe pea tea are you why to for one two")


@dataclass(frozen=True, slots=True)
class Understood:
    """A prompt, and every place where it is not what was heard."""

    prompt: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    glued: bool
    """Only space or a hyphen parts it from the word before."""


@dataclass(frozen=True, slots=True)
class _Match:
    hotword: Hotword
    first: int
    count: int
    score: float
    before_noun: bool


def understand(heard: str, hotwords: Sequence[Hotword]) -> Understood:
    """Put the tokens of this guild's concepts where their names were heard."""
    words = tuple(_words(heard))
    parts: list[str] = []
    changes: list[Change] = []
    at, position = 0, 0
    while position < len(words):
        match = _best(words, position, hotwords)
        if match is None:
            position += 1
            continue
        start, end = words[position].start, _end(heard, words, match)
        token = token_of(match.hotword.name)
        parts += heard[at:start], token
        changes.append(Change(heard=heard[start:end], token=token))
        at, position = end, position + match.count
    return Understood("".join((*parts, heard[at:])), tuple(changes))


def _words(text: str) -> Iterator[_Word]:
    end = 0
    for found in WORD.finditer(text):
        glued = text[end : found.start()].strip(" -_") == ""
        yield _Word(found[0].lower(), found.start(), found.end(), glued)
        end = found.end()


def _end(heard: str, words: Sequence[_Word], match: _Match) -> int:
    """Where the match ends; dots between letters ("X.Y.Z. temple") belong to it."""
    last = match.first + match.count - 1
    end = words[last].end
    if match.count > 1 and match.before_noun and len(words[last].text) == 1:
        return end + (heard[end : end + 1] in {".", ","})
    return end


def _best(words: Sequence[_Word], first: int, hotwords: Sequence[Hotword]) -> _Match | None:
    """The likeliest concept that begins at a word; None when none does, or two do equally."""
    found = sorted(
        (match for hotword in hotwords for match in _matches(words, first, hotword)),
        key=lambda match: (match.score, match.before_noun, match.count),
        reverse=True,
    )
    rivals = [match for match in found if match.hotword != found[0].hotword]
    if not found or (rivals and _rank(rivals[0]) == _rank(found[0])):
        return None
    return found[0]


def _rank(match: _Match) -> tuple[float, bool, int]:
    return (match.score, match.before_noun, match.count)


def _matches(words: Sequence[_Word], first: int, hotword: Hotword) -> Iterator[_Match]:
    """Every way in which `hotword` may have been said from a word on."""
    name = re.sub(r"[-_]", "", hotword.name)
    for count in _spelled(words, first, name):
        noun = _noun_follows(words, first + count, hotword.class_noun)
        if noun or _plainly_spelled(words[first : first + count]):
            yield _Match(hotword, first, count, 1.0, noun)
    for count in range(1, JOINED_MAX + 1):
        said = words[first : first + count]
        if len(said) == count and all(word.glued for word in said[1:]):
            noun = _noun_follows(words, first + count, hotword.class_noun, glued=True)
            score = _said_score("".join(word.text for word in said), name, said, noun=noun)
            if score and (noun or score == 1 or not _after_article(words, first)):
                yield _Match(hotword, first, count, score, noun)


def _said_score(joined: str, name: str, said: Sequence[_Word], *, noun: bool) -> float:
    """How far words that are said as one are to be taken for `name`; 0 for not at all."""
    score = closeness(joined, name)
    if score == 1:
        return score
    if any(word.text in ORDINARY for word in said) and (len(said) == 1 or score < SAME_SOUND):
        return 0
    if noun:
        return score
    return score if score >= SAME_SOUND and len(name) >= LONG_NAME and len(said) == 1 else 0


def _spelled(words: Sequence[_Word], first: int, name: str) -> Iterator[int]:
    """Counts of words, two or more, that spell `name` letter by letter or in groups."""
    ends = {first: 0}  # word → letters of the name that are spelled before it
    for position in range(first, min(first + len(name) + 1, len(words))):
        if position not in ends:
            return
        done = ends[position]
        size = _letters(words, position, name[done:])
        if size == 0:
            return
        ends[position + 1] = done + size
        if done + size == len(name):
            if position > first:
                yield position + 1 - first
            return


def _letters(words: Sequence[_Word], position: int, rest: str) -> int:
    """How many letters of `rest` one word spells."""
    text = words[position].text
    if rest and text in LETTERS.get(rest[0], ()):
        return 1
    return len(text) if len(text) <= 3 and rest.startswith(text) else 0


def _plainly_spelled(said: Sequence[_Word]) -> bool:
    """Whether it can only be spelling: three words or more, at most one of them everyday."""
    everyday = sum(word.text in EVERYDAY_LETTERS for word in said)
    return len(said) >= 3 and everyday <= 1


def _noun_follows(
    words: Sequence[_Word], position: int, class_noun: str, *, glued: bool = False
) -> bool:
    nouns = re.findall(r"[^\W_]+", class_noun.lower())
    said = words[position : position + len(nouns)]
    if len(said) < len(nouns) or (glued and not said[0].glued):
        return False
    texts = [word.text for word in said]
    return texts[:-1] == nouns[:-1] and texts[-1] in {nouns[-1], f"{nouns[-1]}s", f"{nouns[-1]}es"}


def _after_article(words: Sequence[_Word], first: int) -> bool:
    """Whether an article stands before it, with at most two words in between."""
    before = [words[first], *reversed(words[max(0, first - 3) : first])]
    for later, word in pairwise(before):
        if not later.glued:
            return False
        if word.text in FUNCTION_WORDS:
            return word.text in ARTICLES
    return False
