"""Masks of training pictures: which files are masks, of which picture, and whether they fit."""

import io
from collections.abc import Sequence

from PIL import Image

from bot.intake.pictures import Picture, Refused, check_learned, png
from bot.ui.text import code

ENDS = (".mask", "-mask", "-masklabel")
"""What follows the picture's name in that of its mask."""


def picture_of(name: str) -> str:
    """The stem of the picture that a file named as a mask belongs to; of another file nothing."""
    own = stem(name)
    return next((own.removesuffix(end) for end in ENDS if own.endswith(end)), "")


def stem(name: str) -> str:
    """A file's name without its ending, in small letters."""
    return name.rpartition(".")[0].lower()


def by_picture(
    files: Sequence[tuple[str, bytes]], refused: list[str]
) -> dict[str, tuple[str, bytes]]:
    """Mask files by the stem of their picture; a second one for the same picture is refused."""
    found: dict[str, tuple[str, bytes]] = {}
    for name, data in files:
        wanted = picture_of(name)
        if wanted and found.setdefault(wanted, (name, data)) != (name, data):
            refused.append(f"{code(name, 60)} is a second mask of the same picture. Keep one.")
    return found


def alone(name: str) -> str:
    """Why a mask without its picture cannot be used."""
    return (
        f"{code(name, 60)} is named as a mask, but there is no picture "
        f"{code(picture_of(name), 60)} beside it. Add that, or give the file another name."
    )


def fitted(data: bytes, picture: Picture) -> bytes:
    """A mask file as a grey PNG of its picture's size; nothing where it is white all over.

    Raises:
        Refused: it is no picture, of another size, or has no white in it.
    """
    mask = check_learned(data)
    with Image.open(io.BytesIO(picture.png)) as image:
        size = image.size
    # Reducing a large picture and its mask may round differently.
    if max(abs(mask.width - size[0]), abs(mask.height - size[1])) > 1:
        raise Refused(
            f"is not of the size of {code(picture.name, 60)}. Save both at the same size."
        )
    return b"" if all_white(mask) else png(mask.resize(size, Image.Resampling.BOX))


def all_white(mask: Image.Image) -> bool:
    """It leaves nothing out."""
    return mask.getextrema() == (255, 255)
