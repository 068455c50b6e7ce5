"""Which of a prompt's tokens speak of which concept."""

from collections.abc import Sequence
from typing import Any

from core.worker.engine.gaze import Phrases


def find_phrases(tokenizer: Any, text: str, words: Sequence[tuple[Sequence[int], str]]) -> Phrases:
    """Positions of each concept's own tokens and of the class noun right after them.

    `text` is spelled for the tokenizer; `words` holds for each concept the ids of its own tokens
    and its class noun. A concept that the prompt does not name has no positions.
    """
    ids = list(tokenizer(text, padding="max_length", truncation=True).input_ids)
    return tuple(_positions(ids, set(own), _noun_ids(tokenizer, noun)) for own, noun in words)


def find_words(tokenizer: Any, text: str, words: str) -> tuple[int, ...]:
    """Positions of the first mention of some words among a text's tokens; none if it has none."""
    ids = list(tokenizer(text, padding="max_length", truncation=True).input_ids)
    wanted = _noun_ids(tokenizer, words)
    starts = range(len(ids) - len(wanted) + 1)
    found = next((at for at in starts if ids[at : at + len(wanted)] == wanted), None)
    return () if found is None else tuple(range(found, found + len(wanted)))


def _positions(ids: Sequence[int], own: set[int], noun: Sequence[int]) -> tuple[int, ...]:
    found: list[int] = []
    for position, token in enumerate(ids):
        if token in own:
            found.append(position)
            after = position + 1
            if list(ids[after : after + len(noun)]) == list(noun):
                found += range(after, after + len(noun))
    return tuple(found)


def _noun_ids(tokenizer: Any, noun: str) -> list[int]:
    return list(tokenizer(noun, add_special_tokens=False).input_ids)
