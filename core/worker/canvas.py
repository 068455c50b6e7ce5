"""The ground of a picture that is made from another one: what is kept, and what is made anew."""

from dataclasses import dataclass
from typing import cast

import torch
from PIL import Image, ImageChops, ImageFilter

from core.domain.drawing import Margins

Size = tuple[int, int]
OPAQUE = 250
"""Alpha from which a pixel counts as there."""
FILL_NOISE = 20.0
"""Spread, in levels of 255, of the noise on what is filled in: smooth ground stays smooth."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A picture (RGB) at the size that is drawn, and a mask (L) that is 255 where it is made anew.

    Without a mask the whole picture is.
    """

    picture: Image.Image
    mask: Image.Image | None

    def put_back(self, made: Image.Image) -> Image.Image:
        """What was made inside the mask; outside it the picture's own pixels, bit for bit."""
        if self.mask is None:
            return made
        return Image.composite(made, self.picture, _softened(self.mask))


def lay(
    picture: Image.Image,
    size: Size,
    *,
    mask: Image.Image | None = None,
    margins: Margins | None = None,
    seed: int = 0,
) -> Canvas:
    """Lays a picture (RGB or RGBA) and its mask on a canvas of `size`, with `margins` around it.

    What is transparent, and the margins, are filled with the colours nearby and noise, and made
    anew together with a rim of the picture, in which the two meet.
    """
    box = _box(size, margins)
    ground = Image.new("RGBA", size, (0, 0, 0, 0))
    ground.paste(_sized(picture.convert("RGBA"), box), box[:2])
    holes = ground.getchannel("A").point(lambda alpha: 0 if alpha >= OPAQUE else 255)
    anew = ImageChops.lighter(_asked(mask, size, box), _grown(holes))
    if holes.getbbox() is not None:
        filled = _noisy(_spread(ground), seed)
        return Canvas(Image.composite(filled, ground.convert("RGB"), holes), anew)
    return Canvas(ground.convert("RGB"), anew if mask is not None else None)


def _box(size: Size, margins: Margins | None) -> tuple[int, int, int, int]:
    """Where the picture lies: left, top, right, bottom in pixels."""
    if margins is None:
        return 0, 0, *size
    (left, right), (top, bottom) = (
        (round(side * before / whole), round(side * (before + 1) / whole))
        for side, before, whole in zip(
            size, (margins.left, margins.top), margins.growth, strict=True
        )
    )
    return left, top, right, bottom


def _sized(picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    wanted = (box[2] - box[0], box[3] - box[1])
    if picture.size == wanted:
        return picture
    return picture.resize(wanted, Image.Resampling.LANCZOS)


def _asked(mask: Image.Image | None, size: Size, box: tuple[int, int, int, int]) -> Image.Image:
    """The mask that was given, at the picture's place, in black and white."""
    whole = Image.new("L", size, 0)
    if mask is not None:
        fitted = mask.convert("L").resize((box[2] - box[0], box[3] - box[1]))
        whole.paste(fitted.point(lambda level: 255 if level >= 128 else 0), box[:2])
    return whole


def _rim_px(size: Size) -> int:
    """About one cell of the latents: 8 px of 512."""
    return max(2, max(size) // 64)


def _grown(holes: Image.Image) -> Image.Image:
    """Reaches into the picture by the rim, for drawing and picture to meet on its own pixels."""
    return holes.filter(ImageFilter.MaxFilter(2 * _rim_px(holes.size) + 1))


def _softened(mask: Image.Image) -> Image.Image:
    """Fades in from the mask's edge inwards: nothing outside it is touched."""
    blurred = mask.filter(ImageFilter.GaussianBlur(_rim_px(mask.size) / 4))
    return blurred.point(lambda level: max(0, 2 * level - 255))


def _spread(ground: Image.Image) -> Image.Image:
    """The colours of an RGBA picture carried on into where it is transparent.

    Source: Gortler et al., The Lumigraph (1996), section 3.4.2: pull and push over a pyramid.
    """
    colours, alpha = ground.convert("RGB"), ground.getchannel("A")
    if max(ground.size) == 1 or cast(int, alpha.getextrema()[0]) == 255:
        return colours
    half = ground.resize(
        (max(1, ground.width // 2), max(1, ground.height // 2)), Image.Resampling.BOX
    )
    # What is there at all counts in full further down, or far colours would fade to black.
    half.putalpha(half.getchannel("A").point(lambda level: min(255, 4 * level)))
    below = _spread(half).resize(ground.size, Image.Resampling.BILINEAR)
    return Image.composite(colours, below, alpha)


def _noisy(picture: Image.Image, seed: int) -> Image.Image:
    random = torch.Generator().manual_seed(seed)
    noise = torch.randn((picture.height, picture.width, 3), generator=random) * FILL_NOISE
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view_as(noise)
    noisy = (pixels.float() + noise).clamp(0, 255).round().to(torch.uint8)
    return Image.frombytes("RGB", picture.size, noisy.numpy().tobytes())
