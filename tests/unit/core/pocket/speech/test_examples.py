"""Clips as labels."""

import random

import numpy as np
import pytest

from core.pocket.speech.clips import Clip
from core.pocket.speech.examples import Example, ExampleMaker
from core.pocket.speech.tokenizer import Vocabulary
from tests.unit.core.pocket.speech.handmade import english_clip, spanish_clip


def _drawn(vocabulary: Vocabulary, clip: Clip, count: int = 80) -> list[Example]:
    maker = ExampleMaker(vocabulary)
    return [maker.make(clip, random.Random(seed)) for seed in range(count)]


def _targets(vocabulary: Vocabulary, example: Example) -> list[str]:
    """The tokens that are learned."""
    tokens = vocabulary.tokens()
    kept = zip(example.targets, example.weights, strict=True)
    return [tokens[token] for token, weight in kept if weight]


def test_targets_are_the_input_one_token_on(vocabulary: Vocabulary) -> None:
    """Teacher forcing: each token is predicted from those before it."""
    for example in _drawn(vocabulary, english_clip(), 20):
        assert np.array_equal(example.tokens[1:], example.targets[:-1])
        assert example.targets[-1] == vocabulary.id("<|endoftext|>")


def test_an_utterance_is_written_with_its_times_rounded_outwards(vocabulary: Vocabulary) -> None:
    """Timestamps of 0.1 s stand around the text where timestamps are asked for."""
    expected = ["<|en|>", "<|0.50|>", "Ġa", "Ġx", "y", "z", "Ġcat", "<|1.50|>", "<|endoftext|>"]
    assert expected in [_targets(vocabulary, e) for e in _drawn(vocabulary, english_clip())]


def test_letters_look_at_their_own_moment(vocabulary: Vocabulary) -> None:
    """The z of "xyz", said from 1.0 to 1.2 s, looks at 20 ms positions about there."""
    example = _drawn(vocabulary, english_clip(), 1)[0]
    at = int(np.flatnonzero(example.targets == vocabulary.id("z"))[-1])
    first, last = example.windows[at]
    assert first == pytest.approx(44, abs=1)
    assert last == pytest.approx(66, abs=1)


def test_spanish_is_transcribed_or_translated(vocabulary: Vocabulary) -> None:
    """Both tasks are drawn; only what is really said has times."""
    written = {" ".join(_targets(vocabulary, e)): e for e in _drawn(vocabulary, spanish_clip())}
    translated = next(e for text, e in written.items() if "Ġred Ġcat" in text)
    transcribed = next(e for text, e in written.items() if "Ġgato Ġrojo" in text)
    assert (translated.windows == -1).all()
    assert (transcribed.windows >= 0).any()
    assert translated.said == transcribed.said == vocabulary.encode("un gato rojo")


@pytest.mark.parametrize("language", [None, "en"])
def test_nothing_to_hear_is_no_speech(vocabulary: Vocabulary, language: str | None) -> None:
    """Noise and chatter end at once, and what follows the start says so."""
    for example in _drawn(vocabulary, Clip(language, ()), 10):
        learned = _targets(vocabulary, example)
        assert learned[0] == "<|nospeech|>"
        assert learned[-1] == "<|endoftext|>"
        assert set(learned[1:-1]) <= {"<|0.00|>"}
        assert example.said == []


def test_prompts_are_given_but_not_learned(vocabulary: Vocabulary) -> None:
    """Hotwords stand after <|startofprev|> with no weight."""
    previous = vocabulary.id("<|startofprev|>")
    prompted = [e for e in _drawn(vocabulary, english_clip()) if e.tokens[0] == previous]
    assert prompted
    for example in prompted:
        start = int(np.flatnonzero(example.tokens == vocabulary.id("<|startoftranscript|>"))[0])
        assert not example.weights[:start].any()


def test_phonemes_are_named_without_marks_and_pauses(vocabulary: Vocabulary) -> None:
    """ "a#" is "a", "_:" is nothing."""
    example = _drawn(vocabulary, english_clip(), 1)[0]
    assert [name for *_, name in example.phonemes] == ["a", "k", "a", "t"]
