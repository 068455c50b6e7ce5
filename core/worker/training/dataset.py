"""Pictures as training rows: squared, both ways round, encoded once."""

import io
from collections.abc import Sequence

from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from core.errors import InvalidInput
from core.storage import Storage
from core.worker import latents
from core.worker.models import Base


def open_pictures(storage: Storage, keys: Sequence[str]) -> list[Image.Image]:
    """Pictures by storage key.

    Raises:
        InvalidInput: one of them is not a picture; says which.
    """
    return [_open(storage.get(key), index) for index, key in enumerate(keys, start=1)]


def encode_both_ways(base: Base, pictures: Sequence[Image.Image], *, flips: bool = True) -> Tensor:
    """Latents of shape (2 · count, channels, side, side): the pictures, then their mirror images.

    Each is cut to its middle square and brought to the base model's native side. Without `flips`
    the pictures alone.
    """
    squares = [squared(picture, base.native_px) for picture in pictures]
    mirrored = [ImageOps.mirror(square) for square in squares] if flips else []
    return latents.encode(base, squares + mirrored)


def squared(picture: Image.Image, side_px: int) -> Image.Image:
    """The middle square of a picture, `side_px` wide."""
    if picture.size == (side_px, side_px):
        return picture
    return ImageOps.fit(picture, (side_px, side_px), Image.Resampling.LANCZOS)


def _open(data: bytes, index: int) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data)).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise InvalidInput(f"Training picture {index} cannot be read. Send it again.") from error
