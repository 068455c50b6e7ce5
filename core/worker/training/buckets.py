"""Buckets: shapes near those of the training pictures, all of about the base model's own area.

Source: NovelAI, Improvements on Stable Diffusion (2022), aspect ratio bucketing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps

STEP_PX = 64
"""By which sides differ on large base models."""
STEPS_LEAST = 4
"""Small base models have so many steps in their native side."""
TIMES_NATIVE = 2
"""How much longer than the native square's a side may be, and how much shorter."""

Size = tuple[int, int]
"""Width and height in pixels."""


def bucket_sizes(native_px: int, least_px: int) -> list[Size]:
    """Every bucket of a base model, the native square first; sides are multiples of `least_px`."""
    step = max(least_px, min(STEP_PX, native_px // STEPS_LEAST) // least_px * least_px)
    longest = TIMES_NATIVE * native_px
    wide = [
        (width, max(step, round(native_px**2 / width / step) * step))
        for width in range(native_px + step, longest + 1, step)
    ]
    return [(native_px, native_px), *wide, *((height, width) for width, height in wide)]


def nearest(size: Size, sizes: Sequence[Size]) -> Size:
    """The bucket of which a picture fills the most: the one with the likest ratio of sides."""
    wanted = math.log(size[0] / size[1])
    return min(sizes, key=lambda one: abs(math.log(one[0] / one[1]) - wanted))


@dataclass(frozen=True, slots=True)
class Cut:
    """How a picture of `source` pixels fills `size` pixels: what sticks out is left away."""

    source: Size
    size: Size
    centre: tuple[float, float] = (0.5, 0.5)
    """Shares of what is left away that go at the left and at the top."""

    def of(self, image: Image.Image) -> Image.Image:
        """The picture at that size."""
        if image.size == self.size:
            return image
        return ImageOps.fit(image, self.size, Image.Resampling.LANCZOS, centering=self.centre)

    def cells(self, mask: Image.Image, factor: int) -> Image.Image:
        """A mask of the picture's size with one pixel for `factor` × `factor` of the cut ones."""
        width, height = self.size
        small = (width // factor, height // factor)
        return ImageOps.fit(mask, small, Image.Resampling.BOX, centering=self.centre)

    def told(self, *, mirrored: bool) -> list[int]:
        """What SDXL is told of it: height and width before, top and left of the cut, and after.

        Source: Podell et al., SDXL (2023), section 2.2.
        """
        (width, height), (wide, high) = self.source, self.size
        across, down = self._spare()
        left, top = across * self.centre[0], down * self.centre[1]
        before = across - left if mirrored else left
        return [height, width, round(top), round(before), high, wide]

    def _spare(self) -> tuple[float, float]:
        """How many pixels stick out across and down once the picture is scaled."""
        (width, height), (wide, high) = self.source, self.size
        scale = max(wide / width, high / height)
        return width * scale - wide, height * scale - high


def cut_for(source: Size, size: Size, mask: Image.Image | None = None) -> Cut:
    """Cuts both sides alike, or such that the middle of what a mask marks stays in the middle."""
    box = mask.getbbox() if mask else None
    if box is None:
        return Cut(source, size)
    scale = min(source[0] / size[0], source[1] / size[1])
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    across, down = (
        _share(source[side], size[side] * scale, middle[side]) for side in range(len(size))
    )
    return Cut(source, size, (across, down))


def _share(whole: float, kept: float, middle: float) -> float:
    """Of what is left away, the share before the part that is kept around `middle`."""
    spare = whole - kept
    return 0.5 if spare <= 0 else min(1.0, max(0.0, (middle - kept / 2) / spare))
