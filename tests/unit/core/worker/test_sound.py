"""Sound files as samples."""

import io

import av
import numpy as np
import pytest

from core.errors import InvalidInput
from core.worker.sound import SAMPLE_RATE_HZ, decode
from tests.integration.workshop import hum


def encoded(seconds, *, form, codec, rate_hz=48_000, layout="mono"):
    """A tone in a container, as a person may send it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout)
        clock = np.arange(int(seconds * rate_hz)) / rate_hz
        tone = (np.sin(2 * np.pi * 440 * clock) * 12_000).astype(np.int16)
        samples = np.repeat(tone, 2)[None] if layout == "stereo" else tone[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(stream.format, stream.layout, rate_hz, stream.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("form", "codec", "layout"),
    [("ogg", "libopus", "mono"), ("mp3", "libmp3lame", "stereo"), ("wav", "pcm_s16le", "stereo")],
)
def test_usual_formats_are_heard(form, codec, layout):
    """Length, pitch and strength survive, whatever the container, rate and channels."""
    samples = decode(encoded(1.5, form=form, codec=codec, layout=layout))
    assert samples.dtype == np.float32
    assert abs(len(samples) / SAMPLE_RATE_HZ - 1.5) < 0.1
    spectrum = np.abs(np.fft.rfft(samples[:SAMPLE_RATE_HZ]))
    assert abs(int(spectrum.argmax()) - 440) <= 2
    assert 0.2 < np.abs(samples).max() < 0.6


@pytest.mark.parametrize("data", [b"", b"hello", bytes(range(256)) * 40, b"OggS" + bytes(200)])
def test_what_is_no_sound_is_refused_with_what_to_send(data):
    """The sentence names formats that work."""
    with pytest.raises(InvalidInput, match="not a sound that can be read"):
        decode(data)


def test_picture_is_no_sound():
    """A file that FFmpeg opens but that has no sound in it is refused too."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    with pytest.raises(InvalidInput, match="not a sound"):
        decode(buffer.getvalue())


def test_too_short_is_refused():
    """An empty recording is said to be one."""
    with pytest.raises(InvalidInput, match="empty"):
        decode(hum(0.05))


def test_too_long_is_refused_before_all_of_it_is_decoded():
    """A minute is heard; a little more is refused."""
    assert len(decode(hum(59))) == 59 * SAMPLE_RATE_HZ
    with pytest.raises(InvalidInput, match="longer than 60 seconds"):
        decode(hum(61))
