"""Sample rates, Ogg Opus as a voice message has it, and sounds that are not speech."""

import io
import random

import av
import numpy as np
import numpy.typing as npt
from faster_whisper.audio import decode_audio

Samples = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
OPUS_RATE_HZ = 48_000


def resample(samples: Samples, source_hz: int, target_hz: int) -> Samples:
    """`samples` at another rate, by FFmpeg's resampler."""
    if source_hz == target_hz:
        return samples
    resampler = av.AudioResampler(format="flt", layout="mono", rate=target_hz)
    mono = np.ascontiguousarray(samples[None], dtype=np.float32)
    frame = av.AudioFrame.from_ndarray(mono, format="flt", layout="mono")
    frame.sample_rate = source_hz
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([piece.to_ndarray()[0] for piece in frames]).astype(np.float32)


def ogg_opus(samples: Samples, *, kbps: int = 32, application: str = "voip") -> bytes:
    """An Ogg Opus file, 48 kHz mono, of 16 kHz samples: what a Discord voice message is."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream(
            "libopus", rate=OPUS_RATE_HZ, layout="mono", options={"application": application}
        )
        stream.bit_rate = kbps * 1000
        loud = np.clip(resample(samples, SAMPLE_RATE_HZ, OPUS_RATE_HZ), -1, 1) * 32767
        frame = av.AudioFrame.from_ndarray(loud[None].astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = OPUS_RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return file.getvalue()


def through_opus(samples: Samples, *, kbps: int = 32, application: str = "voip") -> Samples:
    """16 kHz samples after a trip through Ogg Opus, as faster-whisper decodes them."""
    data = ogg_opus(samples, kbps=kbps, application=application)
    decoded = decode_audio(io.BytesIO(data), sampling_rate=SAMPLE_RATE_HZ)
    return np.asarray(decoded, np.float32)


def coloured_noise(rng: np.random.Generator, count: int, slope: float) -> Samples:
    """Noise of unit spread whose power falls as 1 / f^slope: 0 white, 1 pink, 2 brown."""
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
    spectrum = rng.standard_normal(len(frequency)) + 1j * rng.standard_normal(len(frequency))
    spectrum *= np.where(frequency > 0, np.maximum(frequency, 30) ** (-slope / 2), 0)
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / (noise.std() + 1e-9), np.float32)


NOT_SPEECH = ("silence", "faint", "hiss", "hiss", "hum", "tones", "melody", "clicks", "sweep")


def not_speech(rng: random.Random, count: int, *, kind: str | None = None) -> Samples:
    """`count` samples at 16 kHz of one of NOT_SPEECH, drawn if `kind` is None."""
    sound: npt.NDArray[np.floating]
    noise = np.random.default_rng(rng.randrange(1 << 31))
    kind = kind or rng.choice(NOT_SPEECH)
    if kind == "silence":
        sound = np.zeros(count)
    elif kind == "faint":
        sound = noise.standard_normal(count) * 10 ** rng.uniform(-4.5, -2.5)
    elif kind == "hiss":
        sound = coloured_noise(noise, count, rng.choice((0, 1, 2))) * 10 ** rng.uniform(-3, -0.8)
    elif kind in ("hum", "tones"):
        sound = _tones(rng, count, hum=kind == "hum")
    elif kind == "melody":
        sound = _melody(rng, count)
    elif kind == "clicks":
        sound = _clicks(rng, noise, count)
    else:
        sound = _sweep(rng, count)
    floor = noise.standard_normal(count) * 10 ** rng.uniform(-4.5, -3)
    return np.asarray(sound + floor * (rng.random() < 0.5), np.float32)


def _tones(rng: random.Random, count: int, *, hum: bool) -> npt.NDArray[np.float64]:
    base = rng.choice((50, 60, 100, 120))
    pitches = [base * k for k in range(1, 8)] if hum else [rng.uniform(100, 3000) for _ in range(3)]
    time = np.arange(count) / SAMPLE_RATE_HZ
    sound = np.zeros(count)
    for order, pitch in enumerate(pitches, 1):
        level = rng.random() / (order if hum else 1)
        sound += level * np.sin(2 * np.pi * pitch * time + rng.random() * 6)
    return sound * 10 ** rng.uniform(-2.5, -0.9)


def _melody(rng: random.Random, count: int) -> npt.NDArray[np.float64]:
    sound = np.zeros(count)
    at = 0
    while at < count:
        length = int(SAMPLE_RATE_HZ * rng.uniform(0.08, 0.5))
        time = np.arange(min(length, count - at)) / SAMPLE_RATE_HZ
        pitch, decay = rng.uniform(150, 1500), rng.uniform(1, 8)
        for order in range(1, rng.randint(2, 6)):
            note = np.sin(2 * np.pi * pitch * order * time) / order
            sound[at : at + len(time)] += note * np.exp(-time * decay)
        at += int(length * rng.uniform(1, 1.6))
    return sound * 10 ** rng.uniform(-2, -0.7)


def _clicks(rng: random.Random, noise: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    sound = np.zeros(count)
    for _ in range(rng.randint(2, 30)):
        at = rng.randrange(count)
        length = min(rng.randint(30, 900), count - at)
        fall = np.exp(-np.arange(length) / (length / 5))
        sound[at : at + length] += noise.standard_normal(length) * fall * rng.uniform(0.02, 0.5)
    return sound


def _sweep(rng: random.Random, count: int) -> npt.NDArray[np.float64]:
    time = np.arange(count) / SAMPLE_RATE_HZ
    low, high = rng.uniform(80, 500), rng.uniform(600, 5000)
    phase = low * time + (high - low) * time * time / (2 * time[-1])
    return np.asarray(np.sin(2 * np.pi * phase) * 10 ** rng.uniform(-2, -0.7))
