"""What a style does to colours, told from pictures of the same things without it.

Of all linear maps between two clouds of colours it is the one that moves them least.

Source: Pitié and Kokaram, The linear Monge-Kantorovitch linear colour mapping for example-based
colour transfer (2007), section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colours = NDArray[np.float64]
"""Of 0 to 1, (pixels, 3)."""

CORNERS = np.array(list(product((0.0, 1.0), repeat=3)))
"""Of the cube of all colours: two maps are as far apart as they move these apart."""
LEAST_VARIANCE = 1e-4
"""Added to that of every channel: of pictures in one colour none is zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """A linear map of RGB colours of 0 to 1."""

    matrix: Colours
    """(3, 3)."""
    offset: Colours
    """(3,)."""

    @classmethod
    def between(cls, plain: Sequence[Image.Image], styled: Sequence[Image.Image]) -> Self:
        """That which gives `plain` pictures the mean and the spread of colours of `styled` ones."""
        before, after = _colours_of(plain), _colours_of(styled)
        spread = _root(_variance(before))
        unspread = np.linalg.inv(spread)
        matrix = unspread @ _root(spread @ _variance(after) @ spread) @ unspread
        return cls(matrix, after.mean(0) - matrix @ before.mean(0))

    @classmethod
    def agreed(cls, plain: Sequence[Image.Image], styled: Sequence[Image.Image]) -> Self:
        """The one of all pictures, or of one of them alone, that is nearest to most others.

        Where some `plain` pictures show something else, it is still near that of the rest; there
        are as many in a row of each styled picture.
        """
        each = len(plain) // len(styled)
        alone = [
            cls.between(plain[index * each : (index + 1) * each], [one])
            for index, one in enumerate(styled)
        ]
        maps = [*alone, cls.between(plain, styled)]
        corners = np.stack([CORNERS @ one.matrix.T + one.offset for one in maps])
        apart = np.abs(corners[:, None] - corners).mean((2, 3))
        return maps[int(np.median(apart, axis=1).argmin())]

    def over(self, picture: Image.Image) -> Image.Image:
        """A picture of the same size in these colours; what lies beyond black or white is cut."""
        return _like(picture, _colours(picture) @ self.matrix.T + self.offset)

    def off(self, picture: Image.Image) -> Image.Image:
        """A picture in these colours, of the same size, in those that it would have without."""
        back = np.linalg.inv(self.matrix)
        return _like(picture, (_colours(picture) - self.offset) @ back.T)


def _like(picture: Image.Image, colours: Colours) -> Image.Image:
    """A picture of the same size in other colours, (pixels, 3)."""
    values = (colours.clip(0, 1) * 255).round().astype("uint8")
    return Image.fromarray(values.reshape(picture.height, picture.width, 3))


def _colours_of(pictures: Sequence[Image.Image]) -> Colours:
    return np.concatenate([_colours(picture) for picture in pictures])


def _colours(picture: Image.Image) -> Colours:
    return np.asarray(picture.convert("RGB"), np.float64).reshape(-1, 3) / 255


def _variance(colours: Colours) -> Colours:
    return np.cov(colours.T) + LEAST_VARIANCE * np.eye(3)


def _root(matrix: Colours) -> Colours:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)
