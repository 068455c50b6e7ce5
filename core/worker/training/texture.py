"""What a style does to brightness from pixel to pixel: strokes, grain, paper.

A texture repeats all over a picture, so it is strong in a few frequencies, where what is shown has
a little of every one. Those in which pictures in the style are many times stronger than the same
things without it are taken out of each of them: the layer that lies over the picture, and that can
lie over others.

Source: the Wiener filter, as in Lim and Oppenheim, Enhancement and bandwidth compression of noisy
speech (1979), with what is shown as the noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Layer = NDArray[np.float64]
"""What is added to the logarithm of brightness, (height, width)."""

STRONGER = 8
"""So many times stronger is seldom chance: in the benches' styles of paint next to nothing is."""
STRONGER_OF_FEW = 12
"""That of one picture or two, in which chance is not yet averaged out."""
LEAST = 4
"""So many times at least it repeats in a picture: where things stand is no texture."""
DARKEST = 8 / 255
"""Added to brightness, and taken off again: the logarithm of black is not endless."""


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """The layers of some pictures, one for each, and what finds that of any."""

    layers: tuple[Layer, ...]
    share: Layer
    """Of each frequency of a picture, how much is the layer; (height, width)."""

    @classmethod
    def between(cls, plain: Sequence[Image.Image], styled: Sequence[Image.Image]) -> Self:
        """That of `styled` pictures; all are squares of one size, and `plain` ones have the same
        colours.
        """
        shown = np.mean([_power(_spectrum(one)) for one in plain], axis=0)
        spectra = [_spectrum(one) for one in styled]
        both = np.mean([_power(one) for one in spectra], axis=0)
        least = shown * (STRONGER if len(styled) > 2 else STRONGER_OF_FEW)
        sure = (both > least) & (_times(both.shape) >= LEAST)
        # A stroke that does not fit a picture a whole number of times is in several frequencies.
        texture = sure | _beside(sure) & (both > least / 2)
        share = np.where(texture, 1 - shown / np.where(texture, both, 1), 0)
        return cls(tuple(_layer(share, one) for one in spectra), share)

    def over(self, picture: Image.Image, which: int) -> Image.Image:
        """A picture of the same size under one of the layers; they are counted in a circle."""
        return _under(picture, self.layers[which % len(self.layers)])

    def off(self, picture: Image.Image) -> Image.Image:
        """A picture in the style, of the same size, without its own layer."""
        return _under(picture, -_layer(self.share, _spectrum(picture)))


def _under(picture: Image.Image, layer: Layer) -> Image.Image:
    darkest = DARKEST * 255
    values = np.asarray(picture.convert("RGB"), np.float64) + darkest
    under = values * np.exp(layer)[..., None] - darkest
    return Image.fromarray(under.clip(0, 255).round().astype("uint8"))


def _layer(share: Layer, spectrum: NDArray[np.complex128]) -> Layer:
    return np.fft.ifft2(share * spectrum).real


def _spectrum(picture: Image.Image) -> NDArray[np.complex128]:
    """Of the logarithm of its brightness."""
    brightness = np.asarray(picture.convert("RGB"), np.float64).mean(-1) / 255
    light = np.log(brightness + DARKEST)
    return np.fft.fft2(light - light.mean())


def _times(shape: tuple[int, ...]) -> Layer:
    """How many times each frequency repeats in a picture."""
    down, right = (np.fft.fftfreq(side) * side for side in shape)
    return np.asarray(np.hypot(down[:, None], right))


def _beside(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The neighbours of those chosen, and they themselves."""
    ways = product((-1, 0, 1), repeat=2)
    beside: NDArray[np.bool_] = np.any([np.roll(chosen, way, (0, 1)) for way in ways], axis=0)
    return beside


def _power(spectrum: NDArray[np.complex128]) -> Layer:
    return np.abs(spectrum) ** 2
