"""Blobs by SHA-256, written atomically, over fsspec."""

import hashlib
import os
import random
import re
import tempfile
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import fsspec

from core.errors import SettingsError, StorageFault

KEY = re.compile(r"[0-9a-f]{64}")
FOLDER = re.compile(r"[0-9a-f]{2}")
ASIDE = ".going-"
"""Before the name of a blob or a note that is being deleted."""
NO_STORE = (
    "ATELIER_STORAGE_URL: cannot be opened ({reason}). Write an fsspec URL such as "
    "s3://bucket/folder and install its package, or leave it out to keep files in the data folder."
)


class Storage:
    """A content-addressed store: the same bytes have the same key and are kept once.

    Synchronous. Another process makes its own from the same `url`.
    """

    def __init__(self, url: str) -> None:
        """Raises:
        SettingsError: nothing here knows that kind of URL.
        """
        self.url = url
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise SettingsError(NO_STORE.format(reason=error)) from error
        self._local = bool(getattr(self._files, "local_file", False))

    def put(self, data: bytes) -> str:
        """Keep `data` and return its key; once it returns, a crash does not lose it.

        What is there already becomes as young as if it had just been written.
        """
        key = hashlib.sha256(data).hexdigest()
        if not self._refreshed(key):
            self._write(self._place(key), data)
        return key

    def get(self, key: str) -> bytes:
        """The bytes under `key`.

        Raises:
            StorageFault: there is no such blob, or its bytes do not match the key.
        """
        try:
            data: bytes = self._files.cat_file(self._place(key))
        except FileNotFoundError as error:
            raise StorageFault(f"blob {key} is missing from {self.url}") from error
        if hashlib.sha256(data).hexdigest() != key:
            raise StorageFault(f"blob {key} in {self.url} does not match its hash")
        return data

    def exists(self, key: str) -> bool:
        """Whether there is a blob under `key`."""
        return bool(self._files.exists(self._place(key)))

    def note(self, name: str, text: str) -> None:
        """Keep a short text under a name, in place of what was there; for what can be made anew."""
        self._write(self._note(name), text.encode())

    def noted(self, name: str) -> str | None:
        """The text under a name, which becomes as young as if it had just been written; or None."""
        place = self._note(name)
        try:
            if self._local:
                os.utime(place)
            data: bytes = self._files.cat_file(place)
        except FileNotFoundError:
            return None
        return data.decode()

    def forget_notes(self, before: datetime) -> int:
        """Forget the notes that were neither written nor read since a moment; how many.

        None where the store is not on this machine. A reader at this very moment either keeps its
        note, or is told that there is none.
        """
        before_s, folder = before.timestamp(), Path(f"{self._root}/notes")
        if not self._local or not folder.is_dir():
            return 0
        gone = [_put_away(file, before_s) for file in _old_in(folder, before_s)]
        return len(gone) - gone.count(None)

    def every_note(self) -> list[str]:
        """The texts of all notes."""
        folder = Path(f"{self._root}/notes")
        if not self._local or not folder.is_dir():
            return []
        return [file.read_text() for file in folder.iterdir() if not file.name.startswith(".")]

    def older(self, before: datetime, most: int) -> list[str]:
        """Keys of at most so many blobs that were put before a moment.

        None at all where the store is not on this machine: only files tell their age reliably.
        """
        if not self._local or not Path(self._root).is_dir():
            return []
        return [file.name for file in islice(self._old(before.timestamp()), most)]

    def delete(self, key: str, before: datetime) -> int | None:
        """Forget a blob unless it was put again since; its size in bytes, or None.

        It goes aside first, so that a `put` at this very moment either makes it young, and then it
        comes back, or finds it gone and writes it anew.
        """
        return _put_away(Path(self._place(key)), before.timestamp())

    def path(self, key: str) -> Path | None:
        """The file that holds the blob, or None where the store is not on this machine."""
        return Path(self._place(key)) if self._local else None

    def _place(self, key: str) -> str:
        if not KEY.fullmatch(key):
            raise StorageFault(f"{key!r} is not a storage key")
        return f"{self._root}/{key[:2]}/{key}"

    def _refreshed(self, key: str) -> bool:
        """Whether a blob is there; it is young now."""
        if not self._local:
            return self.exists(key)
        try:
            os.utime(self._place(key))
        except FileNotFoundError:
            return False
        return True

    def _old(self, before_s: float) -> Iterator[Path]:
        """Old blobs, in an order of chance."""
        folders = [one for one in Path(self._root).iterdir() if FOLDER.fullmatch(one.name)]
        random.shuffle(folders)
        for folder in folders:
            yield from _old_in(folder, before_s)

    def _note(self, name: str) -> str:
        return f"{self._root}/notes/{hashlib.sha256(name.encode()).hexdigest()}"

    def _write(self, place: str, data: bytes) -> None:
        if self._local:
            write_atomically(Path(place), data)
        else:  # an object store shows an object only when it is whole
            self._files.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(place, data)


def _old_in(folder: Path, before_s: float) -> Iterator[Path]:
    """Old blobs or notes of one folder; what a crash left aside comes back."""
    for file in list(folder.iterdir()):
        if file.name.startswith(ASIDE):
            _come_back(file)
        elif KEY.fullmatch(file.name) and file.stat().st_mtime < before_s:
            yield file


def _put_away(place: Path, before_s: float) -> int | None:
    """Delete a file that is old, even when it lies aside; its size in bytes, or None."""
    aside = place.with_name(f"{ASIDE}{place.name}")
    try:
        place.rename(aside)
    except FileNotFoundError:
        return None
    found = aside.stat()
    if found.st_mtime < before_s:
        aside.unlink()
        return found.st_size
    _come_back(aside)
    return None


def _come_back(aside: Path) -> None:
    aside.replace(aside.with_name(aside.name.removeprefix(ASIDE)))


def write_atomically(place: Path, data: bytes) -> None:
    """Write a file that is either whole and on disk, or not there at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
