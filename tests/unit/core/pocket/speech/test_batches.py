"""Batches from shards."""

from pathlib import Path

import pytest
import torch

from core.pocket.speech.batches import Batches
from core.pocket.speech.tokenizer import Vocabulary


def test_a_batch_depends_on_seed_and_step_alone(corpus: Path, vocabulary: Vocabulary) -> None:
    """Whatever was drawn before, which is what lets a run be resumed."""
    first = Batches(corpus, vocabulary, seed=2, size=4)
    first.batch(0, strength=1.0)
    again = Batches(corpus, vocabulary, seed=2, size=4).batch(17, strength=1.0)
    for name, value in vars(first.batch(17, strength=1.0)).items():
        assert torch.equal(value, getattr(again, name)), name
    other = Batches(corpus, vocabulary, seed=3, size=4).batch(17, strength=1.0)
    assert other.mel.shape != again.mel.shape or not torch.equal(other.mel, again.mel)


def test_shapes_fit_together(corpus: Path, vocabulary: Vocabulary) -> None:
    """One row a clip, positions half of the frames, all that is said in a row."""
    batches = Batches(corpus, vocabulary, seed=1, size=4)
    assert len(batches) == 24
    for step in range(20):
        batch = batches.batch(step, strength=0.5)
        assert batch.tokens.shape == batch.targets.shape == batch.weights.shape
        assert batch.windows.shape == (*batch.tokens.shape, 2)
        assert batch.phonemes.shape == (len(batch.mel), batch.mel.shape[2] // 2)
        assert len(batch.said) == batch.said_lengths.sum()
        assert batch.mel.shape[2] <= 1000


def test_no_corpus_says_how_to_make_one(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """An empty folder is named."""
    with pytest.raises(FileNotFoundError, match="corpus command"):
        Batches(tmp_path, vocabulary, seed=1, size=4)
