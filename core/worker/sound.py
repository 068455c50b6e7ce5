"""Sound files as samples, decoded only as far as they may go."""

import io
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

SAMPLE_RATE_HZ = 16_000
SHORTEST_S, LONGEST_S = 0.1, 60.0

Samples = NDArray[np.float32]
"""Mono, 16 kHz, in [-1, 1]."""


def decode(data: bytes) -> Samples:
    """A sound file of any format that FFmpeg knows, as mono samples.

    Raises:
        InvalidInput: it is not a sound file, or it is empty or too long.
    """
    try:
        blocks = list(_bounded(_blocks(data)))
    except (av.error.FFmpegError, IndexError) as error:
        raise InvalidInput(
            "This file is not a sound that can be read. Send a voice message or an Ogg, MP3, "
            "M4A or WAV file."
        ) from error
    samples = np.concatenate(blocks or [np.zeros(0, np.int16)])
    if len(samples) < SHORTEST_S * SAMPLE_RATE_HZ:
        raise InvalidInput("This sound file is empty. Record the message again.")
    return samples.astype(np.float32) / np.float32(32768)


def _blocks(data: bytes) -> Iterator[NDArray[np.int16]]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    with av.open(io.BytesIO(data), mode="r", metadata_errors="ignore") as container:
        for frame in _frames(container):
            yield from (part.to_ndarray()[0] for part in resampler.resample(frame))
        yield from (part.to_ndarray()[0] for part in resampler.resample(None))


def _frames(container: Any) -> Iterator[Any]:
    """Decoded frames; a damaged one in between is left out."""
    stream = container.streams.audio[0]
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in frames:
            frame.pts = None  # gaps in the clock are not silence
            yield frame


def _bounded(blocks: Iterator[NDArray[np.int16]]) -> Iterator[NDArray[np.int16]]:
    left = int(LONGEST_S * SAMPLE_RATE_HZ)
    for block in blocks:
        left -= len(block)
        if left < 0:
            raise InvalidInput(
                f"This message is longer than {LONGEST_S:.0f} seconds. Send a shorter one."
            )
        yield block
