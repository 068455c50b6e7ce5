"""Voice messages as text, with the pocket speech model and recordings of espeak's voices."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.domain.requests import Hotword, TranscribeRequest
from core.errors import InvalidInput, ModelFault
from core.worker.process import ENVIRONMENT
from core.worker.speech import Listener, spoken
from core.worker.ticket import Stopped, Ticket
from tests.integration.workshop import hum
from tests.unit.core.worker.conftest import CPU

ROOT = Path(__file__).parents[4]
VOICE = ROOT / "tests" / "data" / "voice"
CLIPS = {clip["file"]: clip for clip in json.loads((VOICE / "manifest.json").read_text())}


@pytest.fixture(scope="module")
def listener(storage):
    return Listener("pocket", device=CPU, threads=1, storage=storage)


@pytest.fixture
def hear(listener, storage, ticket):
    def hear(data, *names):
        hotwords = tuple(
            Hotword(concept_id=i, name=name, class_noun="temple") for i, name in enumerate(names)
        )
        request = TranscribeRequest(audio=storage.put(data), hotwords=hotwords)
        return listener.run(request, ticket)

    return hear


def text(transcribed):
    return " ".join(segment.text for segment in transcribed.segments)


def recording(name):
    return (VOICE / name).read_bytes()


def test_plain_request_is_written_down(hear):
    """Words, language and confidence of an English recording."""
    heard = hear(recording("red-star-forest.ogg"))
    assert heard.language == "en"
    assert text(heard) == CLIPS["red-star-forest.ogg"]["english"]
    assert all(segment.start < segment.end for segment in heard.segments)
    assert heard.segments[0].avg_logprob > -0.5


def test_concept_names_are_heard(hear):
    """A spelled name among hotwords comes out as the guild writes it."""
    assert "xyz temple" in text(hear(recording("key-plain.ogg"), "xyz", "kar"))


def test_spanish_comes_out_in_english(hear):
    """Prompts are English, so other languages are translated."""
    heard = hear(recording("estrella-roja.ogg"))
    assert heard.language == "es"
    assert "red star" in text(heard)


@pytest.mark.parametrize("name", ["silence.ogg", "hiss.ogg", "hum.ogg"])
def test_what_is_no_speech_has_no_text(hear, name):
    """Nothing is made up."""
    assert text(hear(recording(name))) == ""


def test_progress_is_told_before_listening(hear, told):
    """The person sees that it is being worked on."""
    hear(hum(1))
    assert told[0].progress.note == "listening"


def test_bad_sound_is_its_persons_to_mend(hear):
    """The sentence reaches the person as it is."""
    with pytest.raises(InvalidInput, match="not a sound"):
        hear(b"no sound")


def test_cancelled_before_it_listens(listener, storage):
    """A job that nobody wants is not transcribed."""
    ticket = Ticket(1, 1, print, lambda: True, lambda: False)
    with pytest.raises(Stopped):
        listener.run(TranscribeRequest(audio=storage.put(hum(1))), ticket)


def test_languages_of_the_pocket_model(listener):
    """Only those that it was taught are ever guessed."""
    assert listener.languages == ("en", "es")


def test_hotwords_are_names_each_once():
    """Two versions of a name are one word."""
    words = [Hotword(concept_id=i, name=n, class_noun="cat") for i, n in enumerate("aba")]
    assert spoken(words) == "a, b"
    assert spoken(()) == ""


@pytest.mark.parametrize("name", ["./no-such-model", "/no/such/model"])
def test_missing_model_folder_is_refused(storage, name):
    """The hub is not asked for what is written as a path."""
    with pytest.raises(ModelFault, match="There is no model folder"):
        Listener(name, device=CPU, threads=1, storage=storage)


def test_folder_without_a_speech_model_is_refused(storage, tmp_path):
    """A wrong folder is named."""
    with pytest.raises(ModelFault, match="cannot be loaded"):
        Listener(str(tmp_path), device=CPU, threads=1, storage=storage)


def test_no_library_keeps_or_reports_how_it_is_used(tmp_path: Path) -> None:
    """ONNX Runtime would write down a number for this machine and what it is to send."""
    environment = ENVIRONMENT | {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    script = "import core.worker.speech, onnxruntime"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
