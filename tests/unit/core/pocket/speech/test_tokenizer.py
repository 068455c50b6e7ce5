"""The vocabulary."""

from pathlib import Path

import pytest
from faster_whisper.tokenizer import Tokenizer as FasterWhisperTokenizer

from core.pocket.speech import grammar
from core.pocket.speech.tokenizer import Vocabulary, special_tokens


@pytest.mark.parametrize(
    "text", ["a photo of xyz temple in kar forest", "un árbol en el bosque lumo", "KAR, Zed é 7!"]
)
def test_any_text_comes_back(vocabulary: Vocabulary, text: str) -> None:
    """Words, names, capitals, accents and digits survive encoding."""
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_words_are_one_token_and_names_are_letters(vocabulary: Vocabulary) -> None:
    """The decoder spells what it does not know."""
    for language in ("en", "es"):
        assert all(len(vocabulary.encode(word)) == 1 for word in grammar.vocabulary(language))
    assert len(vocabulary.encode("lumo")) == 4
    assert vocabulary.encode("") == []


def test_special_tokens_stand_in_whispers_order(vocabulary: Vocabulary) -> None:
    """Text, the empty token, the end, languages, tasks and 1,501 timestamps."""
    tokens = vocabulary.tokens()
    assert tokens[vocabulary.text_size] == ""
    assert tokens[vocabulary.text_size + 1 :] == special_tokens()
    assert len(tokens) == len(vocabulary)
    assert vocabulary.timestamp(1.5) == vocabulary.id("<|1.50|>")
    assert tokens[-1] == "<|30.00|>"
    with pytest.raises(KeyError):
        vocabulary.id("<|klingon|>")


def test_faster_whisper_reads_the_saved_file(vocabulary: Vocabulary, tmp_path: Path) -> None:
    """Its tokenizer finds task, language and timestamps where they are."""
    vocabulary.save(tmp_path)
    loaded = Vocabulary.load(tmp_path)
    assert loaded.tokens() == vocabulary.tokens()
    theirs = FasterWhisperTokenizer(loaded.tokenizer, True, task="translate", language="es")
    assert theirs.sot_sequence == [
        vocabulary.id(f"<|{name}|>") for name in ("startoftranscript", "es", "translate")
    ]
    assert theirs.timestamp_begin == vocabulary.id("<|0.00|>")
    assert theirs.encode(" kar temple") == vocabulary.encode("kar temple")
