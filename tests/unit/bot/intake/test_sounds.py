"""Sound files: by what they hold, how long and how big they are."""

import io
import wave

import av
import numpy as np
import pytest

from bot.intake import sounds
from bot.intake.pictures import Refused
from bot.intake.sounds import check, looks_like_sound, ogg_seconds
from tests.unit.bot.files import noise_png


def opus(seconds: float) -> bytes:
    """Silence as Ogg Opus, made by FFmpeg."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        samples = np.zeros((1, int(48_000 * seconds)), dtype=np.int16)
        for start in range(0, samples.shape[1], 960):
            piece = np.ascontiguousarray(samples[:, start : start + 960])
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate = 48_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def wav(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\0\0" * int(16_000 * seconds))
    return buffer.getvalue()


def test_the_length_of_an_opus_file_is_read_from_its_last_page() -> None:
    """Within one frame of what was encoded."""
    assert ogg_seconds(opus(1.5)) == pytest.approx(1.5, abs=0.05)
    assert ogg_seconds(b"OggS and no more") is None


def test_voice_messages_and_usual_files_are_taken() -> None:
    """Ogg Opus, WAV and MP3 pass."""
    for data in (opus(0.5), wav(0.5), b"ID3\x04" + b"\0" * 100, b"\xff\xfb\x90\x00" * 20):
        check(data, None)


@pytest.mark.parametrize(
    ("data", "seconds", "reason"),
    [
        (b"", None, "not a sound file"),
        (noise_png(1), None, "not a sound file"),
        (b"\xff\xd8\xff\xe0 a JPEG", 3.0, "not a sound file"),
        (b"\xff" * 100, None, "not a sound file"),
        (b"OggS" + b"\0" * 100, 61.0, "longer than 60 seconds"),
        (b"OggS" + b"\0" * sounds.BYTES_MAX, None, "larger than 25 MiB"),
    ],
)
def test_what_cannot_be_heard_is_refused(data: bytes, seconds: float | None, reason: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(Refused, match=reason):
        check(data, seconds)


def test_a_long_opus_file_is_refused_without_being_told_its_length() -> None:
    """An uploaded file has no `duration_secs`; its own pages say how long it is."""
    with pytest.raises(Refused, match="longer than"):
        check(opus(61), None)


@pytest.mark.parametrize(
    ("name", "kind", "sound"),
    [
        ("voice-message.ogg", None, True),
        ("a.MP3", None, True),
        ("recording", "audio/ogg", True),
        ("a.png", "image/png", False),
        ("notes.txt", None, False),
    ],
)
def test_sound_files_are_known_by_name_or_type(name: str, kind: str | None, sound: bool) -> None:
    """Either is enough to look into the file."""
    assert looks_like_sound(name, kind) is sound
