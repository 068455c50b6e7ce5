"""Spoken clips: utterances with the time of each word, and silence around them."""

import random
from dataclasses import dataclass

import numpy as np

from core.pocket.speech import names
from core.pocket.speech.audio import SAMPLE_RATE_HZ, Samples, resample
from core.pocket.speech.espeak import Espeak, Voice
from core.pocket.speech.phrases import Phrase

LONGEST_S = 9.9  # Whisper's window here is 10 s


@dataclass(frozen=True)
class Word:
    """A written word and when each piece of it is said: one piece, or one a letter."""

    text: str
    starts: tuple[float, ...]


@dataclass(frozen=True)
class Utterance:
    """One request as said: its words in time and the phonemes espeak made of them.

    `translation` is the English of a Spanish utterance; None where there is none.
    """

    start_s: float
    end_s: float
    words: tuple[Word, ...]
    phonemes: tuple[tuple[float, str], ...]
    names: tuple[str, ...] = ()
    translation: str | None = None


@dataclass(frozen=True)
class Clip:
    """What is in a clip: its language, or None where nobody speaks; no utterance for chatter."""

    language: str | None
    utterances: tuple[Utterance, ...]


def spoken(text: str, concept_names: tuple[str, ...]) -> str:
    """`text` as espeak must read it: names without a vowel letter by letter."""
    letters = {name for name in concept_names if names.is_spelled(name)}
    return " ".join(" ".join(word) if word in letters else word for word in text.split())


class Speaker:
    """Says phrases by espeak, in time."""

    def __init__(self, espeak: Espeak) -> None:
        self._espeak = espeak

    def say(
        self, phrase: Phrase, voice: Voice, *, speed: float = 1.0, start_s: float = 0.0
    ) -> tuple[Samples, Utterance]:
        """A phrase in the voice's language, without silence around it, shifted to `start_s`.

        `speed` stretches rate and pitch together, which makes another speaker of a voice.
        """
        spanish = voice.language.startswith("es")
        text = phrase.spanish if spanish else phrase.english
        said = self._espeak.say(spoken(text, phrase.names), voice)
        samples = resample(said.samples, int(said.sample_rate_hz * speed), SAMPLE_RATE_HZ)
        first, last = _sounding(samples)
        shift = start_s - first / SAMPLE_RATE_HZ

        def placed(seconds: float) -> float:
            return round(max(seconds / speed + shift, start_s), 3)

        utterance = Utterance(
            start_s,
            start_s + (last - first) / SAMPLE_RATE_HZ,
            _timed(text, phrase.names, [placed(start) for start in said.word_starts]),
            tuple((placed(at), phoneme) for at, phoneme in said.phonemes),
            phrase.names,
            phrase.english if spanish else None,
        )
        return samples[first:last], utterance

    def clip(
        self, phrases: list[Phrase], voice: Voice, rng: random.Random, *, vary: bool = True
    ) -> tuple[Samples, tuple[Utterance, ...]]:
        """Phrases one after another by one speaker, with pauses before, between and after."""
        speed = rng.uniform(0.9, 1.12) if vary else 1.0
        pieces: list[Samples] = []
        utterances: list[Utterance] = []
        at = rng.uniform(0.05, 0.9)
        for phrase in phrases:
            samples, utterance = self.say(phrase, voice, speed=speed, start_s=at)
            pieces.append(samples)
            utterances.append(utterance)
            at = utterance.end_s + rng.uniform(0.6, 1.6)
        length = int(SAMPLE_RATE_HZ * (utterances[-1].end_s + rng.uniform(0.1, 1.1)))
        mixed = np.zeros(length, np.float32)
        for samples, utterance in zip(pieces, utterances, strict=True):
            first = int(utterance.start_s * SAMPLE_RATE_HZ)
            mixed[first : first + len(samples)] = samples[: length - first]
        return mixed, tuple(utterances)


def _sounding(samples: Samples) -> tuple[int, int]:
    """Where the speech begins and ends, with a breath at both ends."""
    loud = np.abs(samples)
    (sounding,) = np.nonzero(loud > 0.01 * loud.max())
    if not len(sounding):
        return 0, len(samples)
    return max(0, int(sounding[0]) - 200), min(len(samples), int(sounding[-1]) + 400)


def _timed(text: str, concept_names: tuple[str, ...], starts: list[float]) -> tuple[Word, ...]:
    """The words of `text`, each with the starts of its spoken pieces."""
    words: list[Word] = []
    at = 0
    for word in text.split():
        count = len(spoken(word, concept_names).split())
        words.append(Word(word, tuple(starts[at : at + count])))
        at += count
    return tuple(words)
