"""The pictures inside an uploaded zip archive; nothing is ever unpacked to disk."""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from bot.intake.masks import picture_of
from bot.intake.pictures import BYTES_MAX, Refused

ENTRIES_MAX = 200
FILES_MAX = 50
UNPACKED_MAX_BYTES = 150 * 1024 * 1024
RATIO_MAX = 200
"""No picture format shrinks this much in a zip, save flat bitmaps below `RATIO_FREE_BYTES`."""
RATIO_FREE_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# What an operating system adds to every archive without being asked.
CLUTTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


def is_archive(data: bytes) -> bool:
    """The bytes begin as a zip archive does, whatever the file is called."""
    return data.startswith(MAGIC)


def is_caption(name: str) -> bool:
    """The file is a text that says what the picture of the same name shows."""
    return name.lower().endswith(".txt")


def is_beside(name: str) -> bool:
    """The file is there for a picture: a caption or a mask."""
    return is_caption(name) or bool(picture_of(name))


def unpacked(data: bytes) -> list[tuple[str, bytes]]:
    """(name, bytes) of every file in the archive; blocks, so use a thread.

    Raises:
        Refused: the archive is damaged, too big, or holds what has no business in it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = list(_entries(archive))
            return [(_base(entry), _read(archive, entry)) for entry in entries]
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        raise Refused("is a damaged zip archive. Pack it again, without a password.") from error


def _entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The entries that are files of the person's own, once all of them have been judged."""
    entries = archive.infolist()
    if len(entries) > ENTRIES_MAX:
        raise Refused(f"holds more than {ENTRIES_MAX} entries. Keep {FILES_MAX} pictures at most.")
    wanted = [entry for entry in entries if not entry.is_dir() and not _clutter(entry)]
    if not wanted:
        raise Refused("holds no files. Put pictures into it.")
    pictures = [entry for entry in wanted if not is_beside(entry.filename)]
    if len(pictures) > FILES_MAX:
        raise Refused(f"holds {len(pictures)} files. Keep {FILES_MAX} pictures at most.")
    if sum(entry.file_size for entry in wanted) > UNPACKED_MAX_BYTES:
        raise Refused(
            f"unpacks to more than {UNPACKED_MAX_BYTES // 2**20} MiB. Use fewer pictures."
        )
    for entry in wanted:
        _judge(entry)
        yield entry


def _judge(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        raise Refused("holds a file whose path leads out of it. Pack the pictures alone.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused("holds a link instead of a file. Pack the pictures themselves.")
    if entry.flag_bits & 0x1:
        raise Refused("is locked with a password. Pack it again without one.")
    packed = max(1, entry.compress_size)
    if entry.file_size > RATIO_FREE_BYTES and entry.file_size / packed > RATIO_MAX:
        raise Refused("unpacks to far more than it weighs. Pack ordinary pictures.")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The entry's bytes; the size in its header is not believed."""
    parts, size = [], 0
    with archive.open(entry) as source:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            if size > BYTES_MAX:
                raise Refused(
                    f"holds a file larger than {BYTES_MAX // 2**20} MiB. Save it smaller."
                )
            parts.append(chunk)
    data = b"".join(parts)
    if is_archive(data):
        raise Refused("holds another archive. Put the pictures straight into one zip.")
    return data


def _base(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename.replace("\\", "/")).name


def _clutter(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    return any(part in CLUTTER or part.startswith("._") for part in parts)
