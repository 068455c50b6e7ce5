"""Blobs by SHA-256, written atomically, over fsspec."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

import fsspec

from core.errors import StorageFault

KEY = re.compile(r"[0-9a-f]{64}")


class Storage:
    """A content-addressed store: the same bytes have the same key and are kept once.

    Synchronous. Another process makes its own from the same `url`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._local = bool(getattr(self._files, "local_file", False))

    def put(self, data: bytes) -> str:
        """Keep `data` and return its key; once it returns, a crash does not lose it."""
        key = hashlib.sha256(data).hexdigest()
        if not self.exists(key):
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
        """The text under a name, or None."""
        try:
            data: bytes = self._files.cat_file(self._note(name))
        except FileNotFoundError:
            return None
        return data.decode()

    def path(self, key: str) -> Path | None:
        """The file that holds the blob, or None where the store is not on this machine."""
        return Path(self._place(key)) if self._local else None

    def _place(self, key: str) -> str:
        if not KEY.fullmatch(key):
            raise StorageFault(f"{key!r} is not a storage key")
        return f"{self._root}/{key[:2]}/{key}"

    def _note(self, name: str) -> str:
        return f"{self._root}/notes/{hashlib.sha256(name.encode()).hexdigest()}"

    def _write(self, place: str, data: bytes) -> None:
        if self._local:
            write_atomically(Path(place), data)
        else:  # an object store shows an object only when it is whole
            self._files.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(place, data)


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
