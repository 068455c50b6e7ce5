"""Rooms, microphones and codecs."""

import random

import numpy as np
import pytest

from core.pocket.speech import augment


def _speech() -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(16_000) * 0.1).astype(np.float32)


def test_the_same_seed_roughens_the_same_way() -> None:
    """A corpus can be made again, Opus included."""
    first, second = (augment.roughen(_speech(), random.Random(8)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, augment.roughen(_speech(), random.Random(9)))


@pytest.mark.parametrize("seed", range(12))
def test_roughened_speech_stays_within_range(seed: int) -> None:
    """Whatever is drawn, samples are finite and, up to the codec's ringing, within [-1, 1]."""
    rough = augment.roughen(_speech(), random.Random(seed))
    assert np.isfinite(rough).all()
    assert np.abs(rough).max() < 1.5


def test_noise_lies_as_far_below_speech_as_asked() -> None:
    """The measured ratio is the one asked for, within half a decibel."""
    speech = _speech()
    noise = augment.with_noise(speech, np.random.default_rng(1), snr_db=10, slope=1) - speech
    ratio = 10 * np.log10((speech**2).mean() / (noise**2).mean())
    assert ratio == pytest.approx(10, abs=0.5)


def test_blurring_of_no_strength_changes_nothing() -> None:
    """And of full strength keeps the shape and changes something."""
    mel = np.random.default_rng(2).uniform(-6, 0, (120, 80)).astype(np.float32)
    noise = np.random.default_rng(3)
    assert augment.blurred(mel, random.Random(0), noise, 0.0) is mel
    blurred = [augment.blurred(mel.copy(), random.Random(s), noise, 1.0) for s in range(8)]
    assert all(each.shape == mel.shape and np.isfinite(each).all() for each in blurred)
    assert sum(not np.array_equal(each, mel) for each in blurred) >= 6
