"""One uploaded picture: really decoded, bounded, turned upright, stripped of metadata. No I/O."""

import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from core.errors import InvalidInput

T = TypeVar("T")
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF")
SIDE_MIN_PX = 32
SIDE_MAX_PX = 1536
"""Larger pictures are reduced to this: no base model looks at more."""
PIXELS_MAX = 50_000_000
BYTES_MAX = 20 * 1024 * 1024
THUMB_PX = 32
WHITE_MIN = 128
"""Levels of 255 from which a part of a mask is white."""
ALIKE = 3.0
"""Mean difference of two thumbnails, in levels of 255, below which they show the same."""
# What Pillow's decoders raise on bytes that lie.
DECODING = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class Refused(InvalidInput):
    """One file cannot be used; the text says why, without its name."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A checked picture, ready to be stored."""

    name: str
    png: bytes
    digest: str
    """SHA-256 of its pixels: equal for exact copies, whatever their files are like."""
    thumb: bytes
    """32 × 32 RGB, to find copies that are nearly the same."""
    caption: str = ""
    """What a text file beside it says."""
    mask: bytes = b""
    """A grey PNG of its size, white where it is to be learned; nothing: all of it is."""


def check(name: str, data: bytes) -> Picture:
    """The picture in `data` as an upright RGB PNG without metadata; blocks, so use a thread.

    Where parts of it are transparent, what is opaque is its mask.

    Raises:
        Refused: says what is wrong with it and what to do.
    """
    whole, opaque = _upright(_bounded_bytes(data), _flat_and_opaque)
    image = _reduced(whole)
    digest = hashlib.sha256(repr(image.size).encode() + image.tobytes()).hexdigest()
    thumb = image.resize((THUMB_PX, THUMB_PX), Image.Resampling.BOX).tobytes()
    mask = png(_reduced(opaque)) if opaque else b""
    return Picture(name=name, png=png(image), digest=digest, thumb=thumb, mask=mask)


def check_ground(data: bytes) -> tuple[bytes, bool]:
    """A picture to change as an upright PNG, and whether parts of it are transparent.

    Raises:
        Refused: says what is wrong with it and what to do.
    """
    image = _reduced(_upright(_bounded_bytes(data), _layered))
    return png(image), image.mode == "RGBA"


def check_mask(data: bytes) -> bytes:
    """A mask as a grey PNG: what is transparent counts as black.

    Raises:
        Refused: as for any picture, or it has no white in it.
    """
    return png(_mask(data, "where something new should go"))


def check_learned(data: bytes) -> Image.Image:
    """A training picture's mask in grey; what is transparent counts as black.

    Raises:
        Refused: as for any picture, or it has no white in it.
    """
    return _mask(data, "what I should learn")


def _mask(data: bytes, where: str) -> Image.Image:
    image = _reduced(_upright(_bounded_bytes(data), _grey))
    if not _has_white(image):
        raise Refused(f"has no white in it. Paint white {where}.")
    return image


def _has_white(image: Image.Image) -> bool:
    brightest = image.getextrema()[1]
    return isinstance(brightest, int | float) and brightest >= WHITE_MIN


def _reduced(image: Image.Image) -> Image.Image:
    if max(image.size) > SIDE_MAX_PX:
        image.thumbnail((SIDE_MAX_PX, SIDE_MAX_PX), Image.Resampling.LANCZOS)
    if min(image.size) < SIDE_MIN_PX:
        raise Refused(f"is smaller than {SIDE_MIN_PX} pixels. Use a larger one.")
    return image


def png(image: Image.Image) -> bytes:
    """The bytes of an image as a PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _bounded_bytes(data: bytes) -> bytes:
    if len(data) > BYTES_MAX:
        raise Refused(f"is larger than {BYTES_MAX // 2**20} MiB. Save it smaller.")
    return data


def alike(one: Picture, other: Picture) -> bool:
    """The two show the same, give or take a re-encoding or a change of size."""
    difference = sum(abs(a - b) for a, b in zip(one.thumb, other.thumb, strict=True))
    return difference / len(one.thumb) < ALIKE


def _upright(data: bytes, simplify: Callable[[Image.Image], T]) -> T:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _bounded(image)
            # Lets the JPEG decoder skip detail that would be thrown away; others ignore it.
            image.draft("RGB", (SIDE_MAX_PX, SIDE_MAX_PX))
            first = next(ImageSequence.Iterator(image))
            return simplify(ImageOps.exif_transpose(first))
    except Refused:
        raise
    except BOMBS as error:
        raise Refused(_too_many_pixels()) from error
    except DECODING as error:
        raise Refused(_undecodable(data)) from error


def _bounded(image: Image.Image) -> None:
    """Look at the size that the header states before anything is decoded."""
    if image.width * image.height > PIXELS_MAX:
        raise Refused(_too_many_pixels())
    if min(image.size) < SIDE_MIN_PX:
        width, height = image.size
        raise Refused(
            f"is {width} × {height} pixels. Use one with at least {SIDE_MIN_PX} on each side."
        )


def _flat(image: Image.Image) -> Image.Image:
    """RGB on white, from any mode; nothing but pixels is kept."""
    image = _eight_bits(image)
    if _may_be_transparent(image):
        return _on(image, "white")
    return Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())


def _flat_and_opaque(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """RGB on white, and in grey how opaque it is where not all of it is.

    Raises:
        Refused: there is nothing in it that can be seen.
    """
    layered = _layered(image)
    if layered.mode == "RGB":
        return layered, None
    opaque = Image.frombytes("L", layered.size, layered.getchannel("A").tobytes())
    if not _has_white(opaque):
        raise Refused("is transparent all over. Leave opaque what I should learn.")
    return _on(layered, "white"), opaque


def _layered(image: Image.Image) -> Image.Image:
    """RGBA where some of it is transparent, else RGB."""
    image = _eight_bits(image)
    if _may_be_transparent(image):
        layered = image.convert("RGBA")
        if layered.getchannel("A").getextrema() != (255, 255):
            return Image.frombytes("RGBA", layered.size, layered.tobytes())
    return _flat(image)


def _grey(image: Image.Image) -> Image.Image:
    return (_on(image, "black") if _may_be_transparent(image) else _flat(image)).convert("L")


def _may_be_transparent(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info


def _on(image: Image.Image, colour: str) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, colour), image).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits or floats → 8 bits; `convert` alone would clip it to white."""
    if not image.mode.startswith("I") and image.mode != "F":
        return image
    return image.convert("F").point(lambda value: value * (1 / 257)).convert("L")


def _too_many_pixels() -> str:
    return f"has more than {PIXELS_MAX // 1_000_000} million pixels. Save it smaller."


def _undecodable(data: bytes) -> str:
    if data[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypheim", b"ftyphevc"}:
        return "is a HEIC picture, which I cannot read. Save it as JPEG or PNG."
    if not data:
        return "is empty. Upload it once more."
    return "is not a picture that I can read, or is damaged. Use PNG, JPEG, WebP or GIF."
