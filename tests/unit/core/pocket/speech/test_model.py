"""The torch model."""

import math

import torch

from core.pocket.speech.model import TAUGHT_POSITIONS, Whisper, WhisperSize, sinusoids

SMALL = WhisperSize(width=24, feed_forward=32, encoder_layers=2, decoder_layers=1)


def test_later_tokens_do_not_change_earlier_ones() -> None:
    """The decoder is causal."""
    torch.manual_seed(0)
    model = Whisper(50, SMALL).eval()
    mel, tokens = torch.randn(1, 80, 100), torch.randint(0, 50, (1, 9))
    with torch.no_grad():
        whole, part = model(mel, tokens), model(mel, tokens[:, :5])
    torch.testing.assert_close(whole[:, :5], part)


def test_one_padding_position_stands_for_all() -> None:
    """Many equal keys weigh as much as one with the logarithm of their count as bias."""
    torch.manual_seed(0)
    attention = Whisper(50, SMALL).encoder.layer[0].self_attention
    sound, silence = torch.randn(1, 5, 24), torch.randn(1, 1, 24)
    written_out = attention(torch.cat([sound, silence.expand(1, 30, 24)], 1))[0]
    bias = torch.zeros(1, 1, 1, 6)
    bias[..., -1] = math.log(30)
    short = attention(torch.cat([sound, silence], 1), bias=bias)[0]
    torch.testing.assert_close(short, written_out[:, :6], atol=1e-6, rtol=1e-5)


def test_padding_looks_like_silence_in_the_window() -> None:
    """The padding position is what the convolutions make of zeros, before positions."""
    model = Whisper(50, SMALL).eval()
    with torch.no_grad():
        model.encoder.padding_position.zero_()
        silent = model.encoder._convolved(torch.zeros(1, 80, 40))[0, 10]
        torch.testing.assert_close(model.encoder._padding(), silent)


def test_positions_are_whispers() -> None:
    """Sines, then cosines, of rates from 1 down to 1/10,000."""
    table = sinusoids(TAUGHT_POSITIONS, 160)
    assert table.shape == (500, 160)
    assert table[7, 0] == torch.tensor(7.0).sin()
    assert table[7, 80] == torch.tensor(7.0).cos()
    torch.testing.assert_close(table[7, 79], torch.tensor(7 / 10_000).sin())
