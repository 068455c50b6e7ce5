"""Lines of a picture, white on black, as ControlNets for edges were trained on.

Source: Canny, A computational approach to edge detection (1986), with Sobel's gradients and the
thresholds 100 and 200 of 255 that those ControlNets were trained with.
"""

import torch
from torch import Tensor
from torch.nn import functional

LOW, HIGH = 100.0, 200.0
NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1))
"""Rows and columns to the next pixel at 0°, 45°, 90° and 135°."""
TWO_TONE = 0.98
"""Share of pixels that are black or white, from which a dark picture is taken for a map already."""


def edges(grey: Tensor) -> Tensor:
    """Edges of a grey picture (height, width) in 0 to 255: 1 on a line, else 0."""
    if is_map(grey):
        return (grey > 127).float()
    across, along = _gradients(grey)
    strength = across.abs() + along.abs()
    thin = strength * _is_ridge(strength, torch.atan2(along, across))
    return _connected(strong=thin > HIGH, weak=thin > LOW).float()


def is_map(grey: Tensor) -> bool:
    """The picture is white lines on black already."""
    two_tone = ((grey < 32) | (grey > 223)).float().mean()
    return bool(two_tone > TWO_TONE and (grey > 127).float().mean() < 0.3 and grey.max() > 127)


def _gradients(grey: Tensor) -> tuple[Tensor, Tensor]:
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack([sobel, sobel.T])[:, None]
    padded = functional.pad(grey[None, None], (1, 1, 1, 1), mode="replicate")
    across, along = functional.conv2d(padded, kernels)[0]
    return across, along


def _is_ridge(strength: Tensor, angle: Tensor) -> Tensor:
    """Where no neighbour in the direction of the gradient is stronger."""
    sector = torch.round(angle / (torch.pi / 4)).long() % 4
    ridge = torch.zeros_like(strength, dtype=torch.bool)
    for index, (down, right) in enumerate(NEIGHBOURS):
        ahead, behind = _moved(strength, down, right), _moved(strength, -down, -right)
        ridge |= (sector == index) & (strength > behind) & (strength >= ahead)
    return ridge


def _moved(values: Tensor, down: int, right: int) -> Tensor:
    """At every pixel the value of the one so far down and right of it; zero beyond the edge."""
    padded = functional.pad(values, (1, 1, 1, 1))
    height, width = values.shape
    return padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]


def _connected(*, strong: Tensor, weak: Tensor) -> Tensor:
    """Weak pixels count where a chain of them leads to a strong one."""
    found = strong & weak
    while True:
        near = functional.max_pool2d(found[None].float(), 3, stride=1, padding=1)[0] > 0
        grown = near & weak
        if torch.equal(grown, found):
            return found
        found = grown
