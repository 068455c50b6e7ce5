"""Files: their bytes, their signed addresses that expire, and avatars."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from urllib.parse import quote

from PIL import Image, ImageDraw

from bot.playground.clock import Clock
from bot.playground.config import Limits
from bot.playground.world import Attachment

AVATAR_PX = 128
COLOURS = ("#5865f2", "#3ba55d", "#eb459e", "#f0883e", "#2f9e9e", "#9b59b6", "#c0392b", "#607d8b")


@dataclass(frozen=True)
class Blob:
    """Bytes under a path; those of ephemeral messages vanish at `gone_at`."""

    data: bytes
    content_type: str | None
    folder: str
    gone_at: float | None = None


class Cdn:
    """Keeps every file in memory and signs addresses with a key of its own."""

    def __init__(self, limits: Limits, clock: Clock, base: Callable[[], str]) -> None:
        self._limits = limits
        self._clock = clock
        self._base = base
        self._key = secrets.token_bytes(32)
        self._blobs: dict[str, Blob] = {}

    def put(self, attachment: Attachment, data: bytes, *, channel_id: str) -> None:
        """Store the bytes of an ordinary message's file."""
        folder = f"attachments/{channel_id}"
        self._blobs[attachment.id] = Blob(data, attachment.content_type, folder)

    def put_ephemeral(self, attachment: Attachment, data: bytes, *, application_id: str) -> None:
        """Store bytes that vanish with the interaction's token."""
        self._drop_vanished()
        folder = f"ephemeral-attachments/{application_id}"
        gone_at = self._clock.now() + self._limits.token_lifetime_s
        self._blobs[attachment.id] = Blob(data, attachment.content_type, folder, gone_at)

    def data(self, attachment_id: str) -> bytes | None:
        """The bytes of a file that is still there."""
        blob = self._blobs.get(attachment_id)
        return None if blob is None or self._is_gone(blob) else blob.data

    def is_ephemeral(self, attachment_id: str) -> bool:
        """Whether the file will vanish with an interaction's token."""
        blob = self._blobs.get(attachment_id)
        return blob is not None and blob.gone_at is not None

    def url(self, attachment: Attachment) -> str:
        """An address good for `url_lifetime_s`: `ex` and `is` in hexadecimal, `hm` signs."""
        path = f"/{self._blobs[attachment.id].folder}/{attachment.id}/{quote(attachment.filename)}"
        issued = int(self._clock.now())
        expires = int(self._clock.now() + self._limits.url_lifetime_s)
        signature = self._signature(path, f"{expires:x}", f"{issued:x}")
        return f"{self._base()}{path}?ex={expires:x}&is={issued:x}&hm={signature}&"

    def open(self, path: str, query: dict[str, str]) -> Blob | None:
        """The file behind an address; None when tampered with, expired or vanished."""
        expires, issued = query.get("ex", ""), query.get("is", "")
        expected = self._signature(path, expires, issued)
        if not hmac.compare_digest(expected, query.get("hm", "")):
            return None
        attachment_id = path.split("/")[3]
        expired = int(expires, 16) <= self._clock.now()
        return None if expired or self.data(attachment_id) is None else self._blobs[attachment_id]

    def _is_gone(self, blob: Blob) -> bool:
        return blob.gone_at is not None and self._clock.now() >= blob.gone_at

    def _drop_vanished(self) -> None:
        """Free the bytes of what has vanished; messages that name it still find its folder."""
        for attachment_id, blob in self._blobs.items():
            if blob.data and self._is_gone(blob):
                self._blobs[attachment_id] = replace(blob, data=b"")

    def _signature(self, path: str, expires: str, issued: str) -> str:
        text = f"{path}|{expires}|{issued}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


def avatar(user_id: str, name: str) -> bytes:
    """A PNG: the first letter of `name` on a colour that belongs to `user_id`."""
    colour = COLOURS[int(user_id) // 4096 % len(COLOURS)]
    picture = Image.new("RGB", (AVATAR_PX, AVATAR_PX), colour)
    draw = ImageDraw.Draw(picture)
    middle = (AVATAR_PX / 2, AVATAR_PX / 2)
    draw.text(middle, name[:1].upper(), fill="white", anchor="mm", font_size=AVATAR_PX * 0.55)
    target = BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()
