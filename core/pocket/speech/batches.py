"""Batches of clips, each a function of seed and step alone, so that a run can be resumed."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.pocket.speech.augment import blurred
from core.pocket.speech.clips import Clip
from core.pocket.speech.corpus import read_shards
from core.pocket.speech.examples import (
    POSITIONS_PER_SECOND,
    UNKNOWN,
    Example,
    ExampleMaker,
    phonemes_of,
)
from core.pocket.speech.features import BINS, clamped
from core.pocket.speech.model import WINDOW_FRAMES
from core.pocket.speech.tokenizer import Vocabulary

BATCHES_PER_POOL = 16
SPANISH_WEIGHT = 1.5
FULL_WINDOW_SHARE = 0.1
FULL_WINDOW_CLIPS = 8


@dataclass(frozen=True)
class Batch:
    """Tensors of `size` clips; positions are 20 ms.

    mel (size, 80, frames) · tokens, targets, weights (size, length) · windows (size, length, 2) ·
    said (all clips' text tokens in a row) with said_lengths (size) · phonemes (size, positions),
    their numbers, 0 for none and UNKNOWN where no loss counts.
    """

    mel: Tensor
    tokens: Tensor
    targets: Tensor
    weights: Tensor
    windows: Tensor
    said: Tensor
    said_lengths: Tensor
    phonemes: Tensor


class Batches:
    """The corpus as an endless series of batches."""

    def __init__(self, folder: Path, vocabulary: Vocabulary, *, seed: int, size: int) -> None:
        self._clips = list(read_shards(folder))
        if not self._clips:
            raise FileNotFoundError(f"no shards in {folder}; make them with the corpus command")
        self._maker = ExampleMaker(vocabulary)
        self._vocabulary = vocabulary
        self._seed, self._size = seed, size
        self._weights = [SPANISH_WEIGHT if c.language == "es" else 1.0 for _, c in self._clips]
        self.phonemes = _phoneme_numbers(clip for _, clip in self._clips)
        self._pool: tuple[int, list[list[int]]] = (-1, [])

    def __len__(self) -> int:
        return len(self._clips)

    def batch(self, step: int, *, strength: float) -> Batch:
        """The batch of one step; `strength` in [0, 1] scales the blurring of the spectrograms."""
        rng = random.Random(self._seed * 1_000_003 + step)
        chosen = self._chosen(step)
        frames = min(WINDOW_FRAMES, self._longest(chosen) + rng.randint(4, 30))
        frames = min(WINDOW_FRAMES, math.ceil(frames / 40) * 40)
        if rng.random() < FULL_WINDOW_SHARE:
            chosen, frames = chosen[:FULL_WINDOW_CLIPS], WINDOW_FRAMES
        clips = [self._clips[number] for number in chosen]
        noise = np.random.default_rng(rng.randrange(1 << 31))
        mels = [clamped(blurred(mel.astype(np.float32), rng, noise, strength)) for mel, _ in clips]
        examples = [self._maker.make(clip, rng) for _, clip in clips]
        return self._collated(mels, examples, frames)

    def _chosen(self, step: int) -> list[int]:
        """Clip numbers of a batch: a pool of draws is sorted by length and cut in batches."""
        pool = step // BATCHES_PER_POOL
        if self._pool[0] != pool:
            rng = random.Random(f"{self._seed} {pool}")
            count = BATCHES_PER_POOL * self._size
            drawn = rng.choices(range(len(self._clips)), self._weights, k=count)
            drawn.sort(key=lambda number: len(self._clips[number][0]))
            cuts = [drawn[at : at + self._size] for at in range(0, count, self._size)]
            rng.shuffle(cuts)
            self._pool = (pool, [rng.sample(cut, len(cut)) for cut in cuts])
        return self._pool[1][step % BATCHES_PER_POOL]

    def _longest(self, chosen: Sequence[int]) -> int:
        return max(len(self._clips[number][0]) for number in chosen)

    def _collated(
        self, mels: Sequence[npt.NDArray[np.float32]], examples: Sequence[Example], frames: int
    ) -> Batch:
        mel = np.zeros((len(mels), BINS, frames), np.float32)
        for row, each in zip(mel, mels, strict=True):
            row[:, : len(each)] = each.T[:, :frames]
        length = math.ceil(max(len(example.tokens) for example in examples) / 4) * 4
        positions = frames // 2
        end = self._vocabulary.id("<|endoftext|>")
        return Batch(
            torch.from_numpy(mel),
            _padded([example.tokens for example in examples], length, end),
            _padded([example.targets for example in examples], length, end),
            _padded([example.weights for example in examples], length, 0),
            _padded([example.windows for example in examples], length, -1),
            torch.tensor([token for example in examples for token in example.said]),
            torch.tensor([len(example.said) for example in examples]),
            torch.from_numpy(np.stack([self._phonemes_at(each, positions) for each in examples])),
        )

    def _phonemes_at(self, example: Example, positions: int) -> npt.NDArray[np.int64]:
        labels = np.zeros(positions, np.int64)
        for start, end, name in example.phonemes:
            labels[_slice(start, end)] = self.phonemes.get(name, UNKNOWN)
        return labels


def _slice(start_s: float, end_s: float) -> slice:
    return slice(int(start_s * POSITIONS_PER_SECOND), int(end_s * POSITIONS_PER_SECOND))


def _padded(rows: Sequence[np.ndarray], length: int, value: int) -> Tensor:
    padded = np.full((len(rows), length, *rows[0].shape[1:]), value, rows[0].dtype)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(padded)


def _phoneme_numbers(clips: Iterable[Clip]) -> dict[str, int]:
    """A number for each phoneme of the corpus, from 1; 0 is no phoneme."""
    names = {name for clip in clips for each in clip.utterances for *_, name in phonemes_of(each)}
    return {name: number for number, name in enumerate(sorted(names), 1)}
