"""Voice messages as text, by faster-whisper."""

import time
from collections.abc import Sequence

import torch
from faster_whisper import WhisperModel

from core.dispatch.messages import Transcribed
from core.domain.jobs import Progress
from core.domain.requests import Hotword, TranscribeRequest
from core.domain.speech import Segment
from core.errors import ModelFault
from core.pocket.speech.paths import whisper_path
from core.storage import Storage
from core.worker.models import local_folder
from core.worker.sound import Samples, decode
from core.worker.ticket import Ticket

POCKET_LANGUAGES = ("en", "es")
HOTWORDS_MAX, POCKET_HOTWORDS_MAX = 60, 9
"""The pocket model was taught with up to nine names; the large ones have a prompt's worth."""


class Listener:
    """Writes down what is said; other languages than English come out in English.

    Prompts are English for the base models, so translating is what helps the person most.
    """

    def __init__(self, name: str, *, device: torch.device, threads: int, storage: Storage) -> None:
        self.name = name
        self._storage = storage
        self._model = _load(name, device, threads)
        self._pocket = name == "pocket"
        """Taught that silence and noise have no words; large models make some up."""
        languages = POCKET_LANGUAGES if self._pocket else self._model.supported_languages
        self.languages: tuple[str, ...] = tuple(languages)
        self._hotwords_max = POCKET_HOTWORDS_MAX if self._pocket else HOTWORDS_MAX

    def run(self, request: TranscribeRequest, ticket: Ticket) -> Transcribed:
        """Does a transcribe job.

        Raises:
            UserError: the sound cannot be used.
            Stopped: the job was cancelled on the way.
        """
        started_s = time.perf_counter()
        samples = decode(self._storage.get(request.audio))
        ticket.check()
        ticket.progress(Progress(0, 1, "listening"))
        language = self._language(samples)
        segments = self._segments(samples, language, request.hotwords, ticket)
        seconds = time.perf_counter() - started_s
        return Transcribed(ticket.job_id, ticket.attempt, language, segments, seconds)

    def _language(self, samples: Samples) -> str:
        """The likeliest of the languages that the model was taught."""
        if len(self.languages) == 1:
            return self.languages[0]
        _, _, chances = self._model.detect_language(samples)
        return next(str(language) for language, _ in chances if language in self.languages)

    def _segments(
        self, samples: Samples, language: str, hotwords: Sequence[Hotword], ticket: Ticket
    ) -> tuple[Segment, ...]:
        heard, _ = self._model.transcribe(
            samples,
            language=language,
            task="transcribe" if language == "en" else "translate",
            hotwords=spoken(hotwords[: self._hotwords_max]) or None,
            condition_on_previous_text=False,
            vad_filter=not self._pocket,
        )
        kept = []
        for part in heard:
            ticket.check()
            kept.append(
                Segment(
                    start=part.start,
                    end=part.end,
                    text=part.text.strip(),
                    avg_logprob=part.avg_logprob,
                    no_speech_prob=part.no_speech_prob,
                )
            )
        return tuple(kept)


def spoken(hotwords: Sequence[Hotword]) -> str:
    """What is put before the speech model's ears: concept names, each once."""
    names = dict.fromkeys(hotword.name for hotword in hotwords)
    return ", ".join(names)


def _load(name: str, device: torch.device, threads: int) -> WhisperModel:
    folder = whisper_path() if name == "pocket" else local_folder(name, pocket=whisper_path())
    on_gpu = device.type == "cuda"
    try:
        return WhisperModel(
            str(folder or name),
            device="cuda" if on_gpu else "cpu",
            compute_type="float16" if on_gpu else "int8",
            cpu_threads=threads,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelFault(f"The speech model {name} cannot be loaded: {error}") from error
