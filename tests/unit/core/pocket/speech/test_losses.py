"""What is minimised."""

from pathlib import Path

import torch

from core.pocket.speech.batches import Batches
from core.pocket.speech.losses import Student, attention_loss
from core.pocket.speech.model import Whisper, WhisperSize
from core.pocket.speech.tokenizer import Vocabulary

SMALL = WhisperSize(width=24, feed_forward=32, encoder_layers=2, decoder_layers=1)


def test_attention_is_only_punished_outside_its_window() -> None:
    """All mass inside costs nothing, half of it log 2; a token without a time is not counted."""
    looked = torch.zeros(1, 1, 3, 10)
    looked[0, 0, 0, 4] = 1.0
    looked[0, 0, 1, [4, 8]] = 0.5
    looked[0, 0, 2, 0] = 1.0
    windows = torch.tensor([[[3, 6], [3, 6], [-1, -1]]])
    loss = attention_loss([looked], windows, 10)
    torch.testing.assert_close(loss, torch.tensor(2.0).log() / 2)


def test_every_part_of_a_batch_teaches(corpus: Path, vocabulary: Vocabulary) -> None:
    """All losses are finite and each head gets a gradient."""
    torch.manual_seed(0)
    batches = Batches(corpus, vocabulary, seed=1, size=4)
    student = Student(
        Whisper(len(vocabulary), SMALL),
        text_size=vocabulary.text_size,
        phonemes=len(batches.phonemes),
    )
    losses = student(batches.batch(3, strength=0.0))
    assert all(torch.isfinite(value) for value in vars(losses).values())
    losses.total(ctc_weight=0.5, aligned_weight=1.0).backward()
    for module in (student.ctc, student.phonemes, student.whisper.encoder.conv1):
        assert module.weight.grad.abs().sum() > 0


def test_fresh_heads_learn_alone_at_first(vocabulary: Vocabulary) -> None:
    """A taught model is frozen until its new heads have found their place."""
    student = Student(Whisper(len(vocabulary), SMALL), text_size=vocabulary.text_size, phonemes=3)
    student.start_heads(4, steps=5)
    assert not any(each.requires_grad for each in student.whisper.parameters())
    assert student.ctc.weight.requires_grad
    student.start_heads(5, steps=5)
    assert all(each.requires_grad for each in student.whisper.parameters())
