"""The transport compressions of the gateway: one stream for the life of a connection."""

import zlib
from typing import Protocol

import zstandard

KINDS = ("zlib-stream", "zstd-stream")


class Compressor(Protocol):
    """Turns one message into the next piece of a compressed stream, flushed to its end."""

    def compress(self, text: bytes) -> bytes:
        """The next piece."""


class ZlibStream:
    """Pieces that end in 00 00 FF FF (Z_SYNC_FLUSH)."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj()

    def compress(self, text: bytes) -> bytes:
        """The next piece."""
        return self._stream.compress(text) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class ZstdStream:
    """Pieces that are whole blocks of one zstd frame."""

    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor().compressobj()

    def compress(self, text: bytes) -> bytes:
        """The next piece."""
        block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return self._stream.compress(text) + self._stream.flush(block)


def compressor(kind: str) -> Compressor | None:
    """The stream a client asks for with `compress=`; None for plain text frames."""
    if kind == "zlib-stream":
        return ZlibStream()
    return ZstdStream() if kind == "zstd-stream" else None
