"""Runs: one step, stopping, going on, and what they start from."""

from pathlib import Path

import pytest
import torch

from core.pocket.speech.batches import Batches
from core.pocket.speech.ctranslate import write_folder
from core.pocket.speech.export import load_run
from core.pocket.speech.losses import Student
from core.pocket.speech.model import Whisper, WhisperSize
from core.pocket.speech.starts import start_local
from core.pocket.speech.tokenizer import Vocabulary
from core.pocket.speech.train import Recipe, Trainer, new_student, run

SMALL = WhisperSize(width=24, feed_forward=32, encoder_layers=2, decoder_layers=1)
RECIPE = Recipe(6, seed=3, batch_size=4, checkpoint_every=3)


@pytest.fixture
def batches(corpus: Path, vocabulary: Vocabulary) -> Batches:
    return Batches(corpus, vocabulary, seed=RECIPE.seed, size=RECIPE.batch_size)


def _trainer(batches: Batches, vocabulary: Vocabulary) -> Trainer:
    torch.manual_seed(RECIPE.seed)
    whisper = Whisper(len(vocabulary), SMALL)
    student = Student(whisper, text_size=vocabulary.text_size, phonemes=len(batches.phonemes))
    return Trainer(student, batches, RECIPE)


def test_a_step_changes_the_weights(batches: Batches, vocabulary: Vocabulary) -> None:
    """And counts itself."""
    trainer = _trainer(batches, vocabulary)
    before = trainer.student.whisper.encoder.conv1.weight.clone()
    losses = trainer.train_step()
    assert torch.isfinite(losses.transcript)
    assert trainer.step == 1
    assert not torch.equal(before, trainer.student.whisper.encoder.conv1.weight)


def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(
    batches: Batches, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """Three steps, a checkpoint and three steps more are six steps."""
    whole = _trainer(batches, vocabulary)
    run(whole, tmp_path / "whole.pt")
    first = _trainer(batches, vocabulary)
    for _ in range(3):
        first.train_step()
    first.save(tmp_path / "checkpoint.pt")
    resumed = _trainer(batches, vocabulary)
    run(resumed, tmp_path / "checkpoint.pt")
    assert resumed.step == whole.step == 6
    for name, value in whole.student.state_dict().items():
        assert torch.equal(value, resumed.student.state_dict()[name]), name


def test_the_schedules_run_from_start_to_end() -> None:
    """The rate warms up and falls, blurring grows, the helpers fade but stay."""
    recipe = Recipe(1000, learning_rate=1e-3)
    assert recipe.rate(0) < recipe.rate(200) > recipe.rate(999)
    assert recipe.rate(1000) == pytest.approx(2e-5)
    assert recipe.strength(0) == pytest.approx(0.1)
    assert recipe.strength(500) == 1.0
    assert recipe.aligned_weight(0) == 1.0
    assert recipe.aligned_weight(1000) == pytest.approx(0.1)
    assert recipe.ctc_weight(0) > recipe.ctc_weight(999)


def test_heads_start_by_looking_to_their_side() -> None:
    """Each head of the first layer peaks at its own offset before anything is learned."""
    torch.manual_seed(0)
    whisper = Whisper(50)
    start_local(whisper.encoder)
    positions = whisper.encoder.positions[None, :200] * 3
    _, weights = whisper.encoder.layer[0].self_attention(positions)
    peaks = [weights[0, head, 100].argmax().item() - 100 for head in range(4)]
    assert all(abs(peak - at) <= 1 for peak, at in zip(peaks, (-4, -1.5, 1.5, 4), strict=True))


def test_a_warm_start_keeps_what_both_know(vocabulary: Vocabulary, tmp_path: Path) -> None:
    """Weights are taken over; a word that is new keeps its fresh embedding."""
    torch.manual_seed(1)
    taught = Whisper(len(vocabulary))
    with torch.no_grad():
        taught.decoder.embeddings.weight[vocabulary.id("Ġteal")] = 0.0
    write_folder(taught, vocabulary, tmp_path, quantization="float32")
    student = new_student(vocabulary, phonemes=2, recipe=RECIPE, warm=tmp_path)
    ours, theirs = student.whisper.decoder.embeddings.weight, taught.decoder.embeddings.weight
    cat, teal = vocabulary.id("Ġcat"), vocabulary.id("Ġteal")
    torch.testing.assert_close(ours[cat], theirs[cat])
    assert ours[teal].abs().sum() > 0
    torch.testing.assert_close(
        student.whisper.encoder.layer[3].ffn.linear_0.weight,
        taught.encoder.layer[3].ffn.linear_0.weight,
    )


def test_a_run_can_be_exported(batches: Batches, vocabulary: Vocabulary, tmp_path: Path) -> None:
    """The checkpoint without its helper heads is the model."""
    vocabulary.save(tmp_path)
    recipe = Recipe(1, batch_size=4)
    student = new_student(vocabulary, phonemes=len(batches.phonemes), recipe=recipe)
    Trainer(student, batches, recipe).save(tmp_path / "checkpoint.pt")
    whisper, loaded = load_run(tmp_path)
    assert len(loaded) == len(vocabulary)
    for name, value in student.whisper.state_dict().items():
        assert torch.equal(value, whisper.state_dict()[name])
