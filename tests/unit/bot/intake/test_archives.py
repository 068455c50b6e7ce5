"""Zip archives: what they may hold, and what hostile ones try."""

import contextlib
import io
import struct
import zipfile
from collections.abc import Mapping

import pytest

from bot.intake import archives
from bot.intake.archives import is_archive, unpacked
from bot.intake.pictures import Refused
from tests.unit.bot.files import noise_png


def zipped(files: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_files_come_out_by_their_own_names() -> None:
    """Folders inside are fine; only the last part of a path counts."""
    data = zipped({"a.png": b"one", "folder/b.png": b"two"})
    assert is_archive(data)
    assert unpacked(data) == [("a.png", b"one"), ("b.png", b"two")]


def test_what_operating_systems_add_is_ignored() -> None:
    """Resource forks and thumbnails are nobody's pictures."""
    files = {"__MACOSX/._a.png": b"x", ".DS_Store": b"x", "Thumbs.db": b"x", "a.png": b"one"}
    assert unpacked(zipped(files)) == [("a.png", b"one")]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..\\..\\evil.png", "C:\\evil.png", "a/../../b.png"]
)
def test_paths_that_lead_out_are_refused(name: str) -> None:
    """Nothing is written to disk, and such an archive is not trusted anyway."""
    with pytest.raises(Refused, match="leads out"):
        unpacked(zipped({name: b"x"}))


def test_an_archive_in_an_archive_is_refused() -> None:
    """However the inner one is called."""
    with pytest.raises(Refused, match="another archive"):
        unpacked(zipped({"a.png": zipped({"b.png": b"x"})}))


def test_a_bomb_is_refused_by_what_its_header_says() -> None:
    """Ten megabytes of zeros in ten kilobytes are no picture."""
    with pytest.raises(Refused, match="far more than it weighs"):
        unpacked(zipped({"a.bmp": b"\0" * 10_000_000}))


def test_a_bomb_with_a_lying_header_stops_at_the_limit() -> None:
    """The stated size is not believed while reading."""
    data = bytearray(zipped({"a.bmp": b"\0" * 30_000_000}))
    central = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 1000)
    with pytest.raises(Refused):
        unpacked(bytes(data))


def test_many_small_files_cannot_add_up() -> None:
    """The sum of what they claim to unpack to is bounded too."""
    one = noise_png(1, 64) * 1400
    files = {f"{index}.png": one for index in range(archives.UNPACKED_MAX_BYTES // len(one) + 2)}
    small = dict(list(files.items())[: archives.FILES_MAX])
    if len(small) * len(one) > archives.UNPACKED_MAX_BYTES:
        with pytest.raises(Refused, match="unpacks to more"):
            unpacked(zipped(small, zipfile.ZIP_STORED))
    with pytest.raises(Refused, match="Keep 50 pictures"):
        unpacked(zipped({f"{index}.png": b"x" for index in range(archives.FILES_MAX + 1)}))
    with pytest.raises(Refused, match="entries"):
        unpacked(zipped({f"._{index}": b"x" for index in range(archives.ENTRIES_MAX + 1)}))


def test_links_and_passwords_are_refused() -> None:
    """A link points elsewhere; a locked file cannot be read."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("a.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Refused, match="a link"):
        unpacked(buffer.getvalue())
    locked = bytearray(zipped({"a.png": b"x"}))
    locked[locked.rfind(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Refused, match="password"):
        unpacked(bytes(locked))


def test_empty_and_damaged_archives_are_refused() -> None:
    """Cut off at any point, it is a refusal and not a crash."""
    with pytest.raises(Refused, match="no files"):
        unpacked(zipped({}))
    whole = zipped({"a.png": noise_png(1), "b.png": noise_png(2)})
    for place in range(4, len(whole), 97):
        with pytest.raises(Refused, match="damaged"):
            unpacked(whole[:place])


def test_flipped_bytes_never_crash() -> None:
    """Whatever is damaged, the answer is a list or a refusal."""
    whole = zipped({"a.png": noise_png(1)})
    for place in range(0, len(whole), 11):
        data = bytearray(whole)
        data[place] ^= 0xFF
        with contextlib.suppress(Refused):
            unpacked(bytes(data))
