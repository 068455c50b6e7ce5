"""What a style does to pictures, told from pictures of the same things without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from PIL import Image

from core.worker.training.dataset import squared
from core.worker.training.palette import Palette
from core.worker.training.texture import Texture


@dataclass(frozen=True, slots=True, eq=False)
class Manner:
    """Its colours, then its strokes."""

    palette: Palette
    texture: Texture

    @classmethod
    def between(cls, plain: Sequence[Image.Image], styled: Sequence[Image.Image]) -> Self:
        """That of `styled` pictures of any size; `plain` ones are squares of one size."""
        return cls._with(Palette.between(plain, styled), plain, styled)

    @classmethod
    def agreed(cls, plain: Sequence[Image.Image], styled: Sequence[Image.Image]) -> Self:
        """The same where some of the plain ones show something else: colours as most have them."""
        return cls._with(Palette.agreed(plain, styled), plain, styled)

    @classmethod
    def _with(
        cls, palette: Palette, plain: Sequence[Image.Image], styled: Sequence[Image.Image]
    ) -> Self:
        coloured = [palette.over(one) for one in plain]
        squares = [squared(one, plain[0].width) for one in styled]
        return cls(palette, Texture.between(coloured, squares))

    def over(self, picture: Image.Image, which: int) -> Image.Image:
        """A picture as large as the plain ones were, with the strokes of one of the styled."""
        return self.texture.over(self.palette.over(picture), which)

    def off(self, picture: Image.Image) -> Image.Image:
        """What a picture in the style, of any size, shows without it; as large as the plain ones
        were.
        """
        side_px = len(self.texture.share)
        return self.palette.off(self.texture.off(squared(picture, side_px)))
