"""Where in a picture, and at which words, the adapters of a batch work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True, eq=False)
class Worn:
    """One adapter at work in one row of a batch."""

    adapter: str
    weight: float


Row = tuple[Worn, ...]
Size = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """How far each adapter of a row reaches, in the row's order; None means everywhere.

    `regions` is (adapters, height, width) in 0 to 1 at the size of the latents, or (adapters, 1, 1)
    for the whole picture. `words` is
    (adapters, tokens) in 0 to 1, for what the text's keys and values are made from.
    """

    regions: Tensor | None = None
    words: Tensor | None = None


EVERYWHERE = Where()


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Factors for the inner outputs of one shelf's layers: (rows, positions, rank columns).

    All are there before the call, so that a compiled one takes them as it takes its inputs.
    """

    pixels: Mapping[int, Tensor]
    """By the number of positions of a feature map."""
    words: Tensor | None


class Maps:
    """How far the adapters of a call reach, at every size that its feature maps may have."""

    def __init__(self, wheres: Sequence[Where], *, size: Size, adapters: int, like: Tensor) -> None:
        """`size` is that of the latents; a row has at most so many `adapters`."""
        regions = [where.regions for where in wheres]
        most = max([adapters, *(len(each) for each in regions if each is not None)])
        whole = _table(regions, (len(wheres), most, *size), like)
        self._pixels: dict[int, Tensor] = {}
        for smaller in halvings(size):
            scaled = functional.interpolate(whole, smaller, mode="area").flatten(2)
            self._pixels.setdefault(scaled.shape[-1], scaled.to(like.dtype))
        tokens = max(
            (where.words.shape[-1] for where in wheres if where.words is not None), default=0
        )
        words = _table((where.words for where in wheres), (len(wheres), most, tokens), like)
        self._words = words.to(like.dtype) if tokens else None

    def over(self, owners: Tensor) -> Reach:
        """For rank columns; `owners` (rows, columns) says which of a row's adapters each is of."""
        words = None if self._words is None else _picked(self._words, owners)
        return Reach({n: _picked(each, owners) for n, each in self._pixels.items()}, words)


def _table(values: Iterable[Tensor | None], shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Ones in float32 but for what is said of the first adapters of a row."""
    table = torch.ones(shape, device=like.device)
    for row, value in zip(table, values, strict=True):
        if value is not None:
            row[: len(value)] = value.to(row)
    return table


def _picked(table: Tensor, owners: Tensor) -> Tensor:
    """(rows, adapters, count) as (rows, count, columns)."""
    picked = table.gather(1, owners.unsqueeze(-1).expand(-1, -1, table.shape[-1]))
    return picked.mT.contiguous()


def halvings(size: Size) -> list[Size]:
    """A size and its halves, rounded up as a UNet's strided convolutions round, down to one."""
    height, width = size
    if height * width == 1:
        return [size]
    return [size, *halvings((-(-height // 2), -(-width // 2)))]


def size_of(count: int, latents: Size) -> Size | None:
    """Height and width of a feature map of `count` positions; None where no halving has so many."""
    return next((size for size in halvings(latents) if size[0] * size[1] == count), None)
