"""Spectrograms against faster-whisper's own."""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

from core.pocket.speech import features


def test_clamped_log_mel_equals_faster_whispers() -> None:
    """What training sees is what recognition sees: the same frames within 1e-5."""
    samples = (np.random.default_rng(0).standard_normal(20_000) * 0.2).astype(np.float32)
    theirs = FeatureExtractor(feature_size=80, chunk_length=10)(samples)
    ours = features.clamped(features.log_mel(samples))
    assert ours.shape == (theirs.shape[1], features.BINS)
    np.testing.assert_allclose(ours, theirs.T, atol=1e-5)


def test_silence_has_a_floor() -> None:
    """Digital silence is finite: ten decades down."""
    mel = features.log_mel(np.zeros(1600, np.float32))
    np.testing.assert_allclose(mel, -10, atol=1e-5)
