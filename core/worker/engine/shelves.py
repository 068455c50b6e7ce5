"""Where the bank's adapters lie beside the model: pages on shelves, one shelf for a sort of layer.

A shelf is one tensor (pages, row): a page has `PAGE_RANK` columns of rank of every layer on the
shelf, so that bringing in a concept is one copy a shelf. Page 0 is zero.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.worker.engine.layers import Banked, BankedConv, BankedLinear, Columns
from core.worker.engine.reach import Maps

PAGE_RANK = 8

Adapter = Mapping[str, tuple[Tensor, Tensor]]
"""For each layer by name: A (rank, in, …) and B (out, rank, …), any scale multiplied into B."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A layer's columns inside a page of its shelf."""

    layer: Banked
    start: int

    @property
    def down(self) -> slice:
        return slice(self.start, self.start + PAGE_RANK * self.layer.in_size)

    @property
    def up(self) -> slice:
        return slice(self.down.stop, self.down.stop + PAGE_RANK * self.layer.out_size)


class Shelf:
    """The layers of one sort, and the pages that hold their adapters."""

    def __init__(self, layers: Mapping[str, Banked]) -> None:
        self.places: dict[str, _Place] = {}
        self.width = 0
        for name, layer in layers.items():
            self.places[name] = _Place(layer, self.width)
            self.width = self.places[name].up.stop
        self.free: list[int] = []
        self.pages = torch.empty(0)
        self.owners: Tensor | None = None
        """Which of a row's adapters each rank column is of, (rows, columns)."""

    def open(self, count: int, like: Tensor) -> None:
        """Makes room for `count` pages the first time that any is needed."""
        if self.pages.numel() == 0:
            # Empty, not zeros: on a CPU memory is then taken page by page, as adapters come.
            self.pages = torch.empty(count, self.width, dtype=like.dtype, device=like.device)
            self.pages[0].zero_()
            self.free = list(range(count - 1, 0, -1))

    def printed(self, adapter: Adapter) -> Tensor | None:
        """An adapter as pages (count, width) in float32; None when it touches no layer here."""
        own = {name: pair for name, pair in adapter.items() if name in self.places}
        if not own:
            return None
        rank = max(len(down) for down, _ in own.values())
        pages = torch.zeros(-(-rank // PAGE_RANK), self.width)
        for name, (down, up) in own.items():
            place = self.places[name]
            pages[:, place.down] = _columns(down.flatten(1), len(pages))
            pages[:, place.up] = _columns(up.flatten(1).mT, len(pages))
        return pages

    def put_on(self, pages: Tensor, weights: Tensor, touched: Set[str]) -> None:
        """The layers that are touched wear these pages (rows, count) at these weights."""
        for name, place in self.places.items():
            worn = self._gathered(place, pages, weights) if name in touched else None
            place.layer.worn = worn

    def _gathered(self, place: _Place, pages: Tensor, weights: Tensor) -> Columns:
        down = self.pages[:, place.down].view(-1, PAGE_RANK, place.layer.in_size)[pages]
        up = self.pages[:, place.up].view(-1, PAGE_RANK, place.layer.out_size)[pages]
        up *= weights[..., None, None].to(up.dtype)
        return Columns(down.flatten(1, 2), up.flatten(1, 2))

    def take_off(self) -> None:
        """The layers wear nothing."""
        for place in self.places.values():
            place.layer.worn = None

    def confine(self, maps: Maps | None) -> None:
        """What is worn reaches so far and no farther."""
        reach = None if maps is None or self.owners is None else maps.over(self.owners)
        for place in self.places.values():
            place.layer.reach = reach

    def copy_in(self, pages: Tensor | None) -> list[int]:
        """The numbers of free pages that now hold these (count, width)."""
        if pages is None:
            return []
        numbers = [self.free.pop() for _ in range(len(pages))]
        for number, page in zip(numbers, pages, strict=True):
            self.pages[number].copy_(page, non_blocking=True)
        return numbers


def shelves_of(model: nn.Module) -> list[Shelf]:
    """A model's layers by sort, with the hooks that add adapters to them."""
    sorts: dict[str, dict[str, Banked]] = {}
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear):
            reads_words = name.endswith(("attn2.to_k", "attn2.to_v"))
            linear = BankedLinear(layer, reads_words=reads_words)
            sort = "attention" if ".attn" in name or "_attn" in name else "linear"
            sorts.setdefault(sort, {})[name] = linear
        elif isinstance(layer, nn.Conv2d) and layer.groups == 1:
            sorts.setdefault("convolution", {})[name] = BankedConv(layer)
    return [Shelf(layers) for layers in sorts.values()]


def _columns(matrix: Tensor, pages: int) -> Tensor:
    """A (rank, size) matrix as (pages, PAGE_RANK · size), padded with zeros."""
    rank, size = matrix.shape
    padded = torch.zeros(pages * PAGE_RANK, size)
    padded[:rank] = matrix.float()
    return padded.view(pages, PAGE_RANK * size)
