"""Blobs by hash."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StorageFault
from core.storage import Storage, write_atomically


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path}/blobs")


def files(storage: Storage) -> list[Path]:
    root = Path(storage.url.removeprefix("file://"))
    return [path for path in root.rglob("*") if path.is_file()]


def test_what_is_put_can_be_got(storage: Storage) -> None:
    """The key is the SHA-256 of the bytes."""
    key = storage.put(b"hello")
    assert key == hashlib.sha256(b"hello").hexdigest()
    assert storage.get(key) == b"hello"
    assert storage.exists(key)


def test_the_same_bytes_are_kept_once(storage: Storage) -> None:
    """Putting again neither fails nor writes; what is there becomes young again."""
    storage.put(b"hello")
    (file,) = files(storage)
    os.utime(file, (1, 1))
    before = file.stat()
    storage.put(b"hello")
    assert [path.stat().st_ino for path in files(storage)] == [before.st_ino]
    assert file.stat().st_mtime > before.st_mtime


def test_a_local_blob_is_a_file(storage: Storage) -> None:
    """Where the store is on this machine, its path can be opened."""
    path = storage.path(storage.put(b"hello"))
    assert path is not None
    assert path.read_bytes() == b"hello"


def test_another_process_makes_its_own_from_the_url(storage: Storage) -> None:
    """The URL is all that a store is made of."""
    key = storage.put(b"hello")
    assert Storage(storage.url).get(key) == b"hello"


def test_a_missing_blob_is_a_fault(storage: Storage) -> None:
    """What was never put is named."""
    key = "0" * 64
    assert not storage.exists(key)
    with pytest.raises(StorageFault, match=key):
        storage.get(key)


def test_damaged_bytes_are_a_fault(storage: Storage) -> None:
    """Bytes that changed on disk are never handed out."""
    key = storage.put(b"hello")
    path = storage.path(key)
    assert path is not None
    path.write_bytes(b"hellO")
    with pytest.raises(StorageFault, match="does not match"):
        storage.get(key)


@pytest.mark.parametrize("key", ["", "../secret", "A" * 64, "0" * 63, "0" * 64 + "/.."])
def test_what_is_no_key_is_refused(storage: Storage, key: str) -> None:
    """Nothing outside the store can be reached by a key."""
    for refused in (storage.get, storage.exists, storage.path):
        with pytest.raises(StorageFault, match="not a storage key"):
            refused(key)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves neither half a blob nor a stray file."""

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "ab" / "blob", b"hello")
    assert list((tmp_path / "ab").iterdir()) == []


def test_a_note_that_is_read_is_young(storage: Storage) -> None:
    """Only those go that were neither written nor read since; how many is told."""
    for name in ("read", "left", "written"):
        storage.note(name, name)
    for file in files(storage):
        os.utime(file, (1, 1))
    assert storage.noted("read") == "read"
    storage.note("written", "anew")
    before = datetime.now(UTC) - timedelta(hours=1)
    assert storage.forget_notes(before) == 1
    assert sorted(storage.every_note()) == ["anew", "read"]
    assert storage.noted("left") is None
    assert storage.forget_notes(before) == 0


def test_a_note_that_is_read_while_it_goes_stays(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at its age and its going it was asked for: its reader may rely on it."""
    storage.note("prior", "one")
    (file,) = files(storage)
    os.utime(file, (1, 1))
    rename = Path.rename

    def read_first(place: Path, target: Path) -> Path:
        assert storage.noted("prior") == "one"
        return rename(place, target)

    monkeypatch.setattr(Path, "rename", read_first)
    assert storage.forget_notes(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert storage.every_note() == ["one"]


def test_a_note_that_a_crash_left_aside_comes_back(storage: Storage) -> None:
    """Like a blob; it counts again in that very pass."""
    storage.note("prior", "one")
    (file,) = files(storage)
    file.rename(file.with_name(f".going-{file.name}"))
    assert storage.every_note() == []
    assert storage.forget_notes(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert storage.every_note() == ["one"]


def test_nothing_is_forgotten_elsewhere() -> None:
    """Where files do not tell their age, notes stay as blobs do."""
    far = Storage("memory://atelier-notes")
    far.note("prior", "one")
    assert far.forget_notes(datetime.now(UTC) + timedelta(hours=1)) == 0
    assert far.noted("prior") == "one"


def test_any_fsspec_store_will_do() -> None:
    """A store that is no folder has no paths and otherwise the same behaviour."""
    storage = Storage("memory://atelier-test")
    key = storage.put(b"hello")
    assert storage.get(key) == b"hello"
    assert storage.path(key) is None
    with pytest.raises(StorageFault):
        storage.get("1" * 64)


@given(data=st.binary(max_size=2000))
def test_any_bytes_come_back(data: bytes) -> None:
    """Every blob survives the round trip."""
    storage = Storage("memory://atelier-any")
    assert storage.get(storage.put(data)) == data


def test_notes_are_kept_under_a_name(tmp_path):
    """The last one counts, another store of the same place reads it, and none is None."""
    storage = Storage(f"file://{tmp_path}")
    assert storage.noted("prior of ../x") is None
    storage.note("prior of ../x", "one")
    storage.note("prior of ../x", "two")
    assert Storage(f"file://{tmp_path}").noted("prior of ../x") == "two"
    assert storage.noted("another") is None
