"""A clip as what the decoder must write and the times that teach it where to look."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from core.pocket.speech.clips import Clip, Utterance
from core.pocket.speech.hotwords import Hotwords, draw_hotwords
from core.pocket.speech.tokenizer import TAUGHT_LANGUAGES, Vocabulary

POSITIONS_PER_SECOND = 50
UNKNOWN = -100  # a label that no loss counts
_TIMESTAMP_WEIGHT = 0.3
_EARLY_S, _LATE_S = 0.12, 0.12  # how far beside its time a token may look


@dataclass(frozen=True)
class Timed:
    """A text token and when it is said, in seconds; None where nobody knows."""

    token: int
    span: tuple[float, float] | None = None


@dataclass(frozen=True)
class Example:
    """One clip's labels: decoder input, targets and weights (length), look-at windows
    (length, 2) in encoder positions or -1, what is said in order and each phoneme in time.
    """

    tokens: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]
    windows: npt.NDArray[np.int64]
    said: list[int]
    phonemes: tuple[tuple[float, float, str], ...]


class ExampleMaker:
    """Turns clips into examples; the same generator state gives the same example."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._cache: dict[str, list[int]] = {}

    def make(self, clip: Clip, rng: random.Random) -> Example:
        """An example with drawn hotwords, task and timestamps."""
        said = [name for utterance in clip.utterances for name in utterance.names]
        hotwords = draw_hotwords(said, rng)
        translate = self._task(clip, rng)
        timed = [self._transcript(utterance, hotwords) for utterance in clip.utterances]
        written = timed
        if translate and clip.language == "es":
            written = [self._translation(each, hotwords) for each in clip.utterances]
        language = clip.language or rng.choice(TAUGHT_LANGUAGES)
        sequence = self._head(language, hotwords, translate=translate)
        sequence += self._body(clip.utterances, written, timestamps=rng.random() < 0.5)
        ids = [token.token for token, _ in sequence]
        targets = list(ids)
        if not clip.utterances:  # what follows <|startoftranscript|>
            targets[ids.index(self._id("<|startoftranscript|>")) + 1] = self._id("<|nospeech|>")
        return Example(
            np.array(ids[:-1]),
            np.array(targets[1:]),
            np.array([weight for _, weight in sequence[1:]], np.float32),
            np.array([_window(token.span) for token, _ in sequence[1:]]),
            [token.token for tokens in timed for token in tokens],
            tuple(phoneme for utterance in clip.utterances for phoneme in phonemes_of(utterance)),
        )

    def _task(self, clip: Clip, rng: random.Random) -> bool:
        """Whether to translate: English now and then, Spanish mostly, where it can be."""
        translatable = all(each.translation is not None for each in clip.utterances)
        if clip.language == "es":
            return translatable and rng.random() < 0.7
        return rng.random() < 0.15

    def _head(
        self, language: str, hotwords: Hotwords, *, translate: bool
    ) -> list[tuple[Timed, float]]:
        """Hotwords, language and task; of these only the language is learned."""
        prompt = self._encode(hotwords.text)
        ids = [self._id("<|startofprev|>"), *prompt] if hotwords.text else []
        head = [(Timed(token), 0.0) for token in ids]
        head.append((Timed(self._id("<|startoftranscript|>")), 0.0))
        head.append((Timed(self._id(f"<|{language}|>")), 1.0))
        task = "<|translate|>" if translate else "<|transcribe|>"
        return [*head, (Timed(self._id(task)), 0.0)]

    def _body(
        self,
        utterances: Sequence[Utterance],
        written: Sequence[Sequence[Timed]],
        *,
        timestamps: bool,
    ) -> list[tuple[Timed, float]]:
        """Text and end, with timestamps of 0.1 s around each utterance or with none."""
        body: list[tuple[Timed, float]] = []
        if not timestamps:
            body.append((Timed(self._id("<|notimestamps|>")), 0.0))
        elif not utterances:
            body.append((Timed(self._vocabulary.timestamp(0)), _TIMESTAMP_WEIGHT))
        for utterance, tokens in zip(utterances, written, strict=True):
            start, end = _tenths(utterance)
            if timestamps:
                body.append((Timed(self._vocabulary.timestamp(start)), _TIMESTAMP_WEIGHT))
            body += [(token, 1.0) for token in tokens]
            if timestamps:
                body.append((Timed(self._vocabulary.timestamp(end)), _TIMESTAMP_WEIGHT))
        return [*body, (Timed(self._id("<|endoftext|>")), 1.0)]

    def _transcript(self, utterance: Utterance, hotwords: Hotwords) -> list[Timed]:
        """The words as said, each token with its time: a word's tokens share the word evenly."""
        timed: list[Timed] = []
        ends = [word.starts[0] for word in utterance.words[1:]] + [utterance.end_s]
        for word, end in zip(utterance.words, ends, strict=True):
            ids = self._encode(hotwords.respelled(word.text))
            starts = [*word.starts, end]
            if len(word.starts) != len(ids):
                starts = list(np.linspace(word.starts[0], end, len(ids) + 1))
            spans = pairwise(starts)
            timed += [Timed(token, span) for token, span in zip(ids, spans, strict=True)]
        return timed

    def _translation(self, utterance: Utterance, hotwords: Hotwords) -> list[Timed]:
        text = hotwords.respelled(utterance.translation or "")
        return [Timed(token) for token in self._encode(text)]

    def _encode(self, text: str) -> list[int]:
        if text not in self._cache:
            if len(self._cache) > 100_000:
                self._cache.clear()
            self._cache[text] = self._vocabulary.encode(text)
        return self._cache[text]

    def _id(self, token: str) -> int:
        return self._vocabulary.id(token)


def _tenths(utterance: Utterance) -> tuple[float, float]:
    """Start and end rounded outwards to 0.1 s, within the 10 s window."""
    start, end = int(utterance.start_s * 10) / 10, -int(-utterance.end_s * 10 // 1) / 10
    return min(start, 10.0), min(max(end, start + 0.1), 10.0)


def _window(span: tuple[float, float] | None) -> tuple[int, int]:
    if span is None:
        return (-1, -1)
    first = int((span[0] - _EARLY_S) * POSITIONS_PER_SECOND)
    return max(0, first), int((span[1] + _LATE_S) * POSITIONS_PER_SECOND)


def phonemes_of(utterance: Utterance) -> list[tuple[float, float, str]]:
    """Phonemes as (start, end, name) without pauses and stress marks."""
    ends = [at for at, _ in utterance.phonemes[1:]] + [utterance.end_s]
    spans = zip(utterance.phonemes, ends, strict=True)
    named = [(at, min(end, utterance.end_s), name.strip("#;:-!'|2")) for (at, name), end in spans]
    return [each for each in named if each[2] and not each[2].startswith("_")]
