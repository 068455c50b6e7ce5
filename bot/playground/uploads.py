"""Uploaded files: from the bytes of a request to an attachment with its particulars."""

import mimetypes
import re
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from bot.playground.world import Attachment

Json = dict[str, Any]
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
KNOWN = {".ogg": "audio/ogg", ".webp": "image/webp", ".safetensors": "application/octet-stream"}


@dataclass(frozen=True)
class Upload:
    """A file as it came in."""

    filename: str
    data: bytes
    content_type: str | None = None


def attachment_of(upload: Upload, attachment_id: str) -> Attachment:
    """The attachment for `upload`: a safe name, a type by its ending, the size of a picture.

    Like Discord, the type follows the file's name and says nothing about its contents; a
    picture that cannot be read has no width and height.
    """
    filename = safe_name(upload.filename)
    content_type = _content_type(filename) or upload.content_type
    width, height = _picture_size(upload.data) if _is_picture(content_type) else (None, None)
    title = PurePosixPath(upload.filename).stem if filename != upload.filename else None
    size = len(upload.data)
    attachment = Attachment(attachment_id, filename, size, content_type, width, height)
    return replace(attachment, title=title)


def described(attachment: Attachment, description: Json) -> Attachment:
    """`attachment` with what the request's `attachments` entry says about it."""
    wanted = ("description", "title", "duration_secs", "waveform")
    given = {name: description[name] for name in wanted if description.get(name) is not None}
    if description.get("filename"):
        given["filename"] = safe_name(description["filename"])
    return replace(attachment, **given)


def safe_name(filename: str) -> str:
    """`filename` the way Discord keeps it: letters, digits, dot, dash, underscore."""
    return UNSAFE.sub("", filename.replace(" ", "_")).strip(".") or "unknown"


def _content_type(filename: str) -> str | None:
    kind = KNOWN.get(PurePosixPath(filename).suffix.lower()) or mimetypes.guess_type(filename)[0]
    return f"{kind}; charset=utf-8" if kind and kind.startswith("text/") else kind


def _is_picture(content_type: str | None) -> bool:
    return bool(content_type and content_type.startswith("image/"))


def _picture_size(data: bytes) -> tuple[int | None, int | None]:
    try:
        with Image.open(BytesIO(data)) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None, None
