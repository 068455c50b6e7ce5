"""What a room, a microphone and a codec do to speech, drawn at random."""

import math
import random

import numpy as np
import numpy.typing as npt

from core.pocket.speech.audio import (
    SAMPLE_RATE_HZ,
    Samples,
    coloured_noise,
    not_speech,
    through_opus,
)
from core.pocket.speech.features import BINS, Mel


def roughen(samples: Samples, rng: random.Random) -> Samples:
    """16 kHz speech after equaliser, room, gain, noise and Opus, each of them now and then."""
    noise = np.random.default_rng(rng.randrange(1 << 31))
    if rng.random() < 0.45:
        samples = _equalised(samples, rng)
    if rng.random() < 0.25:
        samples = _reverberant(samples, rng, noise)
    samples = samples / (np.abs(samples).max() + 1e-6) * 10 ** rng.uniform(-1.1, -0.03)
    if rng.random() < 0.6:
        samples = _noisy(samples, rng, noise)
    samples = np.clip(samples, -1, 1).astype(np.float32)
    if rng.random() < 0.6:
        kbps, application = rng.choice((16, 24, 24, 32, 32, 48)), rng.choice(("voip", "audio"))
        samples = through_opus(samples, kbps=kbps, application=application)
    return samples


def with_noise(
    samples: Samples, noise: np.random.Generator, *, snr_db: float, slope: float
) -> Samples:
    """Speech with coloured noise `snr_db` below its mean power."""
    return _mixed(samples, coloured_noise(noise, len(samples), slope), snr_db)


def blurred(mel: Mel, rng: random.Random, noise: np.random.Generator, strength: float) -> Mel:
    """A log-mel spectrogram (frames, 80) as another voice and room might give it, parts hidden.

    `strength` in [0, 1] is how often: warped in pitch, tilted, noisy, masked. Source of the
    masks: SpecAugment, Park et al. 2019.
    """
    if rng.random() < 0.4 * strength:
        mel = _warped(mel, rng)
    if rng.random() < 0.5 * strength:
        mel = mel + _tilt(rng, 0.35, 0.4)
    if rng.random() < 0.25 * strength:
        floor = mel.max() - rng.uniform(2.6, 5.0) + _tilt(rng, 0.4, 0.8)
        grain = noise.standard_exponential(mel.shape, dtype=np.float32) + np.float32(0.1)
        mel = np.asarray(np.log10(10**mel + 10**floor * grain), np.float32)
    if rng.random() < 0.6 * strength:
        mel = _masked(mel, rng)
    return mel


def _warped(mel: Mel, rng: random.Random) -> Mel:
    """The bins stretched and shifted a little, as by a longer or shorter throat."""
    source = np.arange(BINS) * rng.uniform(0.95, 1.05) + rng.uniform(-1.2, 1.2)
    source = np.clip(source, 0, BINS - 1.001)
    lower = source.astype(int)
    share = (source - lower).astype(np.float32)
    return np.asarray(mel[:, lower] * (1 - share) + mel[:, lower + 1] * share)


def _tilt(rng: random.Random, wave: float, slope: float) -> Mel:
    """A smooth change over the bins, in decades."""
    place = np.arange(BINS) / (BINS - 1)
    bent = rng.uniform(-wave, wave) * np.cos(
        place * math.pi * rng.uniform(0.5, 3) + rng.random() * 6
    )
    return np.asarray(bent + rng.uniform(-slope, slope) * (2 * place - 1), np.float32)


def _masked(mel: Mel, rng: random.Random) -> Mel:
    """One or two bands and up to two moments replaced by the mean."""
    mel = np.maximum(mel, mel.max() - 8)
    mean = mel.mean()
    for _ in range(rng.randint(1, 2)):
        low = rng.randint(0, 70)
        mel[:, low : low + rng.randint(2, 10)] = mean
    for _ in range(rng.randint(0, 2)):
        start = rng.randrange(max(1, len(mel) - 14))
        mel[start : start + rng.randint(2, 12)] = mean
    return mel


def _equalised(samples: Samples, rng: random.Random) -> Samples:
    frequency = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    octave = np.log2(np.maximum(frequency, 60) / 1000)
    gain_db: npt.NDArray[np.float64] = rng.uniform(-8, 8) * octave / 4
    peak = np.log2(rng.uniform(200, 5000) / 1000)
    gain_db += rng.uniform(-8, 8) * np.exp(-((octave - peak) ** 2) * 2)
    if rng.random() < 0.2:
        gain_db -= 30 / (1 + np.exp(-(frequency - rng.uniform(3400, 6500)) / 150))
    if rng.random() < 0.3:
        gain_db -= 24 / (1 + np.exp((frequency - rng.uniform(80, 250)) / 20))
    spectrum = np.fft.rfft(samples) * 10 ** (gain_db / 20)
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def _reverberant(samples: Samples, rng: random.Random, noise: np.random.Generator) -> Samples:
    """Speech in a small room: an echo of noise that dies away in 50–300 ms."""
    length = int(SAMPLE_RATE_HZ * rng.uniform(0.05, 0.3))
    room = noise.standard_normal(length) * np.exp(-np.arange(length) / (length / 6))
    room *= rng.uniform(0.1, 0.5) / np.sqrt((room**2).sum())
    room[0] += 1
    size = 1 << math.ceil(math.log2(len(samples) + length))
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(room, size)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)


def _noisy(samples: Samples, rng: random.Random, noise: np.random.Generator) -> Samples:
    snr_db = rng.uniform(8, 35)
    if rng.random() < 0.8:
        return with_noise(samples, noise, snr_db=snr_db, slope=rng.choice((0, 1, 1, 2)))
    other = not_speech(rng, len(samples))
    return _mixed(samples, other / (other.std() + np.float32(1e-6)), snr_db)


def _mixed(samples: Samples, other: Samples, snr_db: float) -> Samples:
    """Speech and a sound of unit spread, `snr_db` below it in mean power."""
    level = math.sqrt(float((samples**2).mean())) * 10 ** (-snr_db / 20)
    return np.asarray(samples + other * level, np.float32)
