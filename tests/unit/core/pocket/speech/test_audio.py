"""Ogg Opus, sample rates and sounds that nobody speaks."""

import io
import random

import av
import numpy as np
import pytest

from core.pocket.speech import audio


def _tone(seconds: float = 1.0) -> np.ndarray:
    time = np.arange(int(seconds * audio.SAMPLE_RATE_HZ)) / audio.SAMPLE_RATE_HZ
    return (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def test_a_voice_message_is_ogg_opus_at_48_khz_mono() -> None:
    """What Discord takes as a voice message."""
    with av.open(io.BytesIO(audio.ogg_opus(_tone()))) as file:
        stream = file.streams.audio[0]
        assert file.format.name == "ogg"
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("opus", 48_000, 1)


def test_sound_survives_opus() -> None:
    """A tone comes back as the same tone, as long as it was to a codec frame."""
    back = audio.through_opus(_tone())
    assert abs(len(back) - audio.SAMPLE_RATE_HZ) < 0.05 * audio.SAMPLE_RATE_HZ
    loudest = np.abs(np.fft.rfft(back)).argmax() * audio.SAMPLE_RATE_HZ / len(back)
    assert loudest == pytest.approx(440, abs=3)


def test_resampling_keeps_the_duration() -> None:
    """Samples follow the rate; the same rate changes nothing."""
    assert len(audio.resample(_tone(), 16_000, 48_000)) == pytest.approx(48_000, abs=100)
    assert audio.resample(_tone(), 16_000, 16_000) is not None


@pytest.mark.parametrize("kind", sorted(set(audio.NOT_SPEECH)))
def test_every_sound_is_finite_and_as_long_as_asked(kind: str) -> None:
    """No kind of noise breaks a clip."""
    sound = audio.not_speech(random.Random(1), 16_000, kind=kind)
    assert sound.dtype == np.float32
    assert sound.shape == (16_000,)
    assert np.isfinite(sound).all()


def test_brown_noise_is_lower_than_white() -> None:
    """The slope moves power to low frequencies; the spread stays one."""
    middles = []
    for slope in (0, 2):
        noise = audio.coloured_noise(np.random.default_rng(0), 16_000, slope)
        power = np.abs(np.fft.rfft(noise)) ** 2
        middles.append((np.arange(len(power)) * power).sum() / power.sum())
        assert noise.std() == pytest.approx(1, abs=1e-3)
    assert middles[1] < 0.2 * middles[0]
