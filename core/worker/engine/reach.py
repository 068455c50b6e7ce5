"""Where in a picture, and at which words, the adapters of a batch work."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True, eq=False)
class Worn:
    """One adapter at work in one row of a batch."""

    adapter: str
    weight: float


Row = tuple[Worn, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """How far each adapter of a row reaches, in the row's order; None means everywhere.

    `regions` is (adapters, height, width) in 0 to 1 at the size of the latents, or (adapters, 1, 1)
    for the whole picture. `words` is
    (adapters, tokens) in 0 to 1, for what the text's keys and values are made from.
    """

    regions: Tensor | None = None
    words: Tensor | None = None


@dataclass(slots=True, eq=False)
class Reach:
    """Factors for the inner outputs of one shelf's layers: (rows, positions, rank columns).

    `owners` (rows, rank columns) says which of a row's adapters a column belongs to.
    """

    wheres: Sequence[Where | None]
    owners: Tensor
    _pixels: dict[int, Tensor] = field(default_factory=dict)
    _words: dict[int, Tensor] = field(default_factory=dict)

    def over_pixels(self, count: int, like: Tensor) -> Tensor:
        """Factors for `count` positions of a feature map: the regions, averaged down to it."""
        if count not in self._pixels:
            maps = [None if w is None else _scaled(w.regions, count) for w in self.wheres]
            self._pixels[count] = self._columns(maps, count, like)
        return self._pixels[count]

    def over_words(self, count: int, like: Tensor) -> Tensor:
        """Factors for the tokens of the prompt."""
        if count not in self._words:
            said = [None if w is None else w.words for w in self.wheres]
            self._words[count] = self._columns(said, count, like)
        return self._words[count]

    def _columns(self, values: Sequence[Tensor | None], count: int, like: Tensor) -> Tensor:
        most = max(1, int(self.owners.max()) + 1)
        table = torch.ones(len(values), most, count, dtype=like.dtype, device=like.device)
        for row, value in zip(table, values, strict=True):
            if value is not None:
                row[: len(value)] = value.to(row)
        picked = table.gather(1, self.owners.unsqueeze(-1).expand(-1, -1, count))
        return picked.mT.contiguous()


def _scaled(regions: Tensor | None, count: int) -> Tensor | None:
    """Regions at the feature map of `count` positions, (adapters, count).

    None where no halving of the latents has so many: the layer sees no picture.
    """
    if regions is None:
        return None
    if regions.shape[-2:] == (1, 1):
        return regions.flatten(1)
    size = size_of(count, regions.shape[-2:])
    if size is None:
        return None
    return functional.interpolate(regions[None].float(), size, mode="area")[0].flatten(1)


def size_of(count: int, latents: Sequence[int]) -> tuple[int, int] | None:
    """Height and width of a feature map of `count` positions; None where no halving has so many."""
    height, width = latents
    while height * width > count:
        height, width = -(-height // 2), -(-width // 2)
    return (height, width) if height * width == count else None
