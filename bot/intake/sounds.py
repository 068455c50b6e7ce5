"""One uploaded sound file: of a kind that can be heard, and not too long. No I/O."""

import struct

from bot.intake.pictures import Refused

BYTES_MAX = 25 * 1024 * 1024
SECONDS_MAX = 60.0
SUFFIXES = (".ogg", ".oga", ".opus", ".mp3", ".wav", ".m4a", ".flac", ".webm", ".mp4", ".aac")
OPUS_RATE_HZ = 48_000
OGG_PAGE = b"OggS"


def check(data: bytes, seconds: float | None) -> None:
    """Accept a sound file, or say why not. `seconds` is what Discord says its length is.

    Raises:
        Refused: it is empty, too big, too long, or not a sound file.
    """
    if len(data) > BYTES_MAX:
        raise Refused(f"is larger than {BYTES_MAX // 2**20} MiB. Send a shorter one.")
    if not _known(data):
        raise Refused("is not a sound file that I know. Send Ogg, MP3, WAV, M4A, FLAC or WebM.")
    if (seconds or ogg_seconds(data) or 0.0) > SECONDS_MAX:
        raise Refused(f"is longer than {SECONDS_MAX:.0f} seconds. Say it in fewer words.")


def looks_like_sound(filename: str, content_type: str | None) -> bool:
    """The name or the declared type is that of a sound file."""
    return filename.lower().endswith(SUFFIXES) or (content_type or "").startswith("audio/")


def ogg_seconds(data: bytes) -> float | None:
    """Length of an Ogg Opus file, from its last page (RFC 7845 § 4); None if unknown."""
    last = data.rfind(OGG_PAGE)
    if last < 0 or b"OpusHead" not in data[:256] or len(data) < last + 14:
        return None
    (position,) = struct.unpack_from("<q", data, last + 6)
    return position / OPUS_RATE_HZ if position >= 0 else None


def _known(data: bytes) -> bool:
    """The first bytes are those of a container or a stream that FFmpeg decodes to sound."""
    if data.startswith((OGG_PAGE, b"fLaC", b"ID3", b"\x1a\x45\xdf\xa3")):
        return True
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return True
    if data[4:8] == b"ftyp":
        return True
    # MPEG audio and AAC streams begin with eleven or twelve set bits.
    return len(data) > 2 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] != 0xFF
