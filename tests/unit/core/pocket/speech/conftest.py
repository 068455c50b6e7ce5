"""What the speech tests share: the voices, hand-made clips and the shipped model."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.pocket.speech.corpus import write_shard
from core.pocket.speech.espeak import Espeak, EspeakMissing
from core.pocket.speech.evaluate import Ear
from core.pocket.speech.paths import whisper_path
from core.pocket.speech.tokenizer import Vocabulary, build_tokenizer
from tests.unit.core.pocket.speech.handmade import HandMade

VOICE_FOLDER = Path(__file__).parents[4] / "data" / "voice"


@pytest.fixture(scope="session")
def espeak() -> Espeak:
    """espeak-ng; where it is missing the test skips, but not in CI."""
    try:
        return Espeak()
    except EspeakMissing as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The vocabulary of the grammar as it stands."""
    return Vocabulary(build_tokenizer())


@pytest.fixture(scope="session")
def ear() -> Ear:
    """The shipped model through faster-whisper."""
    return Ear(whisper_path())


@pytest.fixture(scope="session")
def voice_files() -> list[dict[str, Any]]:
    """The manifest of the shipped spoken files, with the bytes of each."""
    entries = json.loads((VOICE_FOLDER / "manifest.json").read_text())
    return [{**entry, "opus": (VOICE_FOLDER / entry["file"]).read_bytes()} for entry in entries]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards of twelve hand-made clips."""
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(2):
        write_shard(folder, f"shard-{number}", HandMade(), seed=number, clips=12)  # type: ignore[arg-type]
    return folder
