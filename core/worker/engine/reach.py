"""Where in a picture and at which words the adapters of a batch work."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True, eq=False)
class Worn:
    """One adapter at work in one row of a batch.

    `region` is (height, width) in 0 to 1 at the size of the latents, `words` is (tokens,) in 0 to
    1; None means everywhere, and everything that is said.
    """

    adapter: str
    weight: float
    region: Tensor | None = None
    words: Tensor | None = None


Row = tuple[Worn, ...]


@dataclass(slots=True, eq=False)
class Reach:
    """Factors for the inner outputs of one shelf's layers: (rows, positions, rank columns).

    `owners` says for each row which of its adapters (by index) a column belongs to; columns of
    nobody are zero anyway.
    """

    rows: Sequence[Row]
    owners: Tensor
    _pixels: dict[int, Tensor] = field(default_factory=dict)
    _words: Tensor | None = None

    @property
    def confined(self) -> bool:
        """Some adapter does not work everywhere."""
        return any(w.region is not None or w.words is not None for row in self.rows for w in row)

    def over_pixels(self, count: int, dtype: torch.dtype) -> Tensor:
        """Factors for `count` positions of a feature map: the regions, averaged down to it."""
        if count not in self._pixels:
            maps = [[_region(worn, count) for worn in row] for row in self.rows]
            self._pixels[count] = self._columns(maps, count, dtype)
        return self._pixels[count]

    def over_words(self, count: int, dtype: torch.dtype) -> Tensor:
        """Factors for the tokens of the prompt."""
        if self._words is None:
            said = [[_words(worn, count) for worn in row] for row in self.rows]
            self._words = self._columns(said, count, dtype)
        return self._words

    def _columns(
        self, values: Sequence[Sequence[Tensor]], count: int, dtype: torch.dtype
    ) -> Tensor:
        device = self.owners.device
        most = max(1, *(len(row) for row in values))
        table = torch.zeros(len(values), most, count, device=device)
        for index, row in enumerate(values):
            for entry, value in enumerate(row):
                table[index, entry] = value.to(device)
        picked = table.gather(1, self.owners.unsqueeze(-1).expand(-1, -1, count))
        return picked.transpose(1, 2).to(dtype).contiguous()


def _region(worn: Worn, count: int) -> Tensor:
    """The region at the feature map of `count` positions that has the shape of the latents."""
    if worn.region is None:
        return torch.ones(count)
    height, width = worn.region.shape
    while height * width > count:
        height, width = -(-height // 2), -(-width // 2)
    map_ = functional.interpolate(worn.region[None, None].float(), (height, width), mode="area")
    flat = map_.flatten()
    return flat if len(flat) == count else torch.ones(count)


def _words(worn: Worn, count: int) -> Tensor:
    if worn.words is None or len(worn.words) != count:
        return torch.ones(count)
    return worn.words.float()
