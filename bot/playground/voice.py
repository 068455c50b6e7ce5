"""Voice messages: Ogg Opus at 48 kHz mono, with the length and waveform that clients send."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from bot.playground.problems import ControlError

SAMPLE_RATE_HZ = 48_000
FILENAME = "voice-message.ogg"
MOST_POINTS = 256
POINTS_PER_S = 10
FULL_SCALE = 32_768.0


@dataclass(frozen=True)
class Voice:
    """A recording ready to be sent: Ogg Opus bytes, seconds, and base64 of one byte a point."""

    data: bytes
    duration_secs: float
    waveform: str


def voice_of(data: bytes) -> Voice:
    """`data` as a voice message: Ogg Opus is kept byte for byte, other audio is encoded.

    Raises ControlError if it is not audio.
    """
    try:
        samples = _decoded(data)
    except (av.FFmpegError, IndexError):
        raise ControlError("This is not a recording that can be read: send Ogg Opus.") from None
    if samples.size == 0:
        raise ControlError("The recording is empty: record something.")
    kept = data if is_ogg_opus(data) else _encoded(samples)
    return Voice(kept, round(samples.size / SAMPLE_RATE_HZ, 3), waveform(samples))


def is_ogg_opus(data: bytes) -> bool:
    """Whether the first page of the file is that of an Opus stream (RFC 7845)."""
    return data.startswith(b"OggS") and b"OpusHead" in data[:128]


def waveform(samples: NDArray[np.int16]) -> str:
    """Base64 of the loudness, one byte a point, ten points a second, 256 at most.

    `samples`: [n], 48 kHz.
    """
    wanted = max(1, min(MOST_POINTS, samples.size * POINTS_PER_S // SAMPLE_RATE_HZ))
    pieces = np.array_split(samples.astype(np.float32) / FULL_SCALE, wanted)
    loudness = np.array([np.sqrt(np.mean(piece**2)) for piece in pieces])
    points = np.clip(loudness / max(float(loudness.max()), 1e-6) * 255, 0, 255)
    return base64.b64encode(points.astype(np.uint8).tobytes()).decode()


def _decoded(data: bytes) -> NDArray[np.int16]:
    """The sound as 48 kHz mono, shape [n]."""
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    with av.open(BytesIO(data)) as container:
        stream = container.streams.audio[0]
        frames = (out for frame in container.decode(stream) for out in resampler.resample(frame))
        pieces = [frame.to_ndarray().reshape(-1) for frame in _flushed(frames, resampler)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def _flushed(frames: Iterator[AudioFrame], resampler: AudioResampler) -> Iterator[AudioFrame]:
    yield from frames
    yield from resampler.resample(None)


def _encoded(samples: NDArray[np.int16]) -> bytes:
    target = BytesIO()
    with av.open(target, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()
