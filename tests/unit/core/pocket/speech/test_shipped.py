"""The shipped model on the shipped spoken files, which needs no espeak-ng."""

from pathlib import Path
from typing import Any

import pytest

from core.pocket.speech import paths
from core.pocket.speech.evaluate import Ear, word_errors
from core.pocket.speech.paths import whisper_path

LIMIT_BYTES = 5_000_000
VoiceFiles = list[dict[str, Any]]


def _spelled(entry: dict[str, Any], text: str) -> str:
    return " ".join(entry["names"].get(word, word) for word in text.split())


def _key(voice_files: VoiceFiles) -> VoiceFiles:
    return [entry for entry in voice_files if entry["file"].startswith("key-")]


def _errors(pairs: list[tuple[str, str]]) -> float:
    errors = sum(word_errors(expected.split(), heard.split()) for expected, heard in pairs)
    return errors / sum(len(expected.split()) for expected, _ in pairs)


def test_the_weights_are_small_and_all_there() -> None:
    """Five megabytes at most, and every file that faster-whisper reads."""
    files = {path.name: path.stat().st_size for path in whisper_path().iterdir()}
    assert sum(files.values()) <= LIMIT_BYTES
    assert set(files) == {
        "config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json",
    }  # fmt: skip


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """WhisperModel would ask a hub for a folder that is not there; this says which is missing."""
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "speech" / "paths.py"))
    with pytest.raises(FileNotFoundError, match="whisper"):
        whisper_path()


def test_english_is_written_down(ear: Ear, voice_files: VoiceFiles) -> None:
    """At most 3 % of the words of the English files are wrong."""
    pairs = [
        (entry["text"], ear.hear(entry["opus"], language="en"))
        for entry in voice_files
        if entry["language"] == "en"
    ]
    assert _errors(pairs) <= 0.03, pairs


def test_the_key_sentence_is_exact(ear: Ear, voice_files: VoiceFiles) -> None:
    """In every voice, whichever way "car" is spelled."""
    for entry in _key(voice_files):
        heard = ear.hear(entry["opus"], language=None)
        assert heard in (entry["text"], _spelled(entry, entry["text"])), entry["file"]


def test_the_key_sentence_survives_hotwords(ear: Ear, voice_files: VoiceFiles) -> None:
    """With the guild's names before it, at most one name is spelled in a third way."""
    for entry in _key(voice_files):
        heard = ear.hear(entry["opus"], language="en", hotwords="zelu, xyz, kar").split()
        spellings = (entry["text"], _spelled(entry, entry["text"]))
        assert min(word_errors(text.split(), heard) for text in spellings) <= 1, entry["file"]


def test_spanish_is_translated(ear: Ear, voice_files: VoiceFiles) -> None:
    """At most 8 % of the words are wrong; asked for no translation, it writes Spanish."""
    spanish = [entry for entry in voice_files if entry["language"] == "es"]
    said = [(entry["text"], ear.hear(entry["opus"], language="es")) for entry in spanish]
    meant = [
        (entry["english"], ear.hear(entry["opus"], language="es", task="translate"))
        for entry in spanish
    ]
    assert _errors(said) <= 0.15, said
    assert _errors(meant) <= 0.08, meant


@pytest.mark.parametrize("hotwords", ["", "xyz, kar, lumo"])
def test_silence_and_noise_give_no_text(ear: Ear, voice_files: VoiceFiles, hotwords: str) -> None:
    """Whether the guild has names or not."""
    silent = [entry for entry in voice_files if entry["language"] is None]
    assert len(silent) == 5
    for entry in silent:
        assert ear.hear(entry["opus"], language=None, hotwords=hotwords) == "", entry["file"]


def test_unrelated_hotwords_change_nothing(ear: Ear, voice_files: VoiceFiles) -> None:
    """A long list of other names does not push its words into what was said."""
    hotwords = "zelu, mirax, dobo, TIVEN, rkw, Sanu lamp, fivo"
    pairs = [
        (entry["text"], ear.hear(entry["opus"], language="en", hotwords=hotwords))
        for entry in voice_files
        if entry["language"] == "en" and not entry["names"]
    ]
    assert _errors(pairs) <= 0.03, pairs
