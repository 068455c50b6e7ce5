"""The adapter bank: every guild's adapters side by side, ready to be worn by any row of a batch.

What a request costs does not depend on how many concepts there are.
"""

import copy
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from core.errors import ModelFault
from core.worker.engine.layers import Banked
from core.worker.engine.reach import EVERYWHERE, Maps, Row, Size, Where
from core.worker.engine.shelves import PAGE_RANK, Adapter, Shelf, shelves_of

PAGES_LEAST = 16
HOST_TIMES = 4
"""Host memory for adapters, as a multiple of what they may take beside the model."""


class BankFull(Exception):
    """The stack does not fit beside what is at work now; it does when some of that has left."""


@dataclass(frozen=True, slots=True)
class _Print:
    """An adapter in host memory: its pages for each shelf, and the layers that it changes."""

    pages: tuple[Tensor | None, ...]
    layers: frozenset[str]

    @property
    def bytes(self) -> int:
        return sum(pages.nbytes for pages in self.pages if pages is not None)


@dataclass(frozen=True, slots=True)
class _Holding:
    """An adapter beside the model: the numbers of its pages on each shelf."""

    pages: tuple[list[int], ...]
    layers: frozenset[str]


class Bank:
    """The adapters that a model holds, and which of them each row wears.

    A `steady` one dresses every layer in one of a few widths, for a model that is compiled.
    """

    def __init__(self, model: nn.Module, *, budget_bytes: int, steady: bool = False) -> None:
        self._steady = steady
        self._like = next(model.parameters())
        self._shelves = shelves_of(model)
        self._page_bytes = sum(s.width for s in self._shelves) * self._like.element_size()
        self.page_count = max(PAGES_LEAST, budget_bytes // max(1, self._page_bytes))
        self._printed: OrderedDict[str, _Print] = OrderedDict()
        self._held: OrderedDict[str, _Holding] = OrderedDict()
        self._wanted: Counter[str] = Counter()
        self._pinned: Counter[str] = Counter()
        self._rows: Sequence[Row] | None = ()
        """None while nobody knows what is on."""

    @property
    def layers(self) -> dict[str, Banked]:
        """Every layer that an adapter can change, by name."""
        return {
            name: place.layer for shelf in self._shelves for name, place in shelf.places.items()
        }

    def print(self, key: str, adapter: Adapter) -> None:
        """Keeps an adapter in host memory, ready to be copied in.

        Raises:
            ModelFault: it names a layer that the model lacks, or has another shape.
        """
        if self.knows(key):
            return
        _check(adapter, self.layers)
        pages = [shelf.printed(adapter) for shelf in self._shelves]
        ready = tuple(None if each is None else self._at_hand(each) for each in pages)
        self._printed[key] = _Print(ready, frozenset(adapter))
        self._forget_printed()

    def print_all(self, adapters: Mapping[str, Callable[[], Adapter]]) -> None:
        """Reads and prints those that are not known; none is forgotten to make room for another.

        Raises:
            ModelFault: one of them does not fit the model.
        """
        self.want(list(adapters))
        try:
            for key, read in adapters.items():
                if not self.knows(key):
                    self.print(key, read())
        finally:
            self.let_go(list(adapters))

    @property
    def bytes(self) -> int:
        """What all pages take beside the model, once a concept has needed them."""
        return self.page_count * self._page_bytes

    @property
    def host_bytes(self) -> int:
        """What adapters take in host memory now."""
        return sum(each.bytes for each in self._printed.values())

    def holds(self, key: str) -> bool:
        """The adapter is beside the model."""
        return key in self._held

    def knows(self, key: str) -> bool:
        """The adapter is in host memory, and now the last one there to be forgotten."""
        if key in self._printed:
            self._printed.move_to_end(key)
        return key in self._printed

    def want(self, keys: Sequence[str]) -> None:
        """Keeps adapters in host memory until they are let go as often: an image waits for them."""
        self._wanted.update(keys)

    def let_go(self, keys: Sequence[str]) -> None:
        """What `want` kept may be forgotten."""
        self._wanted.subtract(keys)

    def pin(self, keys: Sequence[str]) -> None:
        """Brings adapters in and keeps them until they are unpinned as often.

        Raises:
            BankFull: what is pinned leaves too little room.
            ModelFault: they would not fit into an empty bank.
            torch.OutOfMemoryError: the memory does not hold the bank's pages.
        """
        self._check_size(keys)
        for done, key in enumerate(keys):
            self._pinned[key] += 1
            try:
                self._bring_in(key)
            except (BankFull, torch.OutOfMemoryError):
                self.unpin(keys[: done + 1])
                raise

    def unpin(self, keys: Sequence[str]) -> None:
        """Lets adapters be dropped when room is needed."""
        self._pinned.subtract(keys)

    def wear(
        self,
        rows: Sequence[Row],
        wheres: Sequence[Where | None] = (),
        *,
        size: Size = (1, 1),
    ) -> None:
        """Puts pinned adapters on the rows of the next call, and says how far they reach.

        Rows that are on already cost nothing; reaches may change at every step. `size` is that of
        the latents, where something is confined.
        """
        if not _same(rows, self._rows):
            self._rows = None  # for memory may run out half-way
            for index, shelf in enumerate(self._shelves):
                self._dress(shelf, index, rows)
            self._rows = tuple(rows)
        maps = None
        if any(where is not None for where in wheres):
            known = [where or EVERYWHERE for where in wheres]
            most = max(map(len, rows))
            maps = Maps(known, size=size, adapters=most, like=self._like)
        for shelf in self._shelves:
            shelf.confine(maps)

    def bare(self) -> None:
        """Takes everything off."""
        self.wear(())

    def _listed(self, row: Row, shelf: int) -> list[tuple[int, float, int]]:
        """What a row wears of a shelf: page, weight, and which of the row's adapters it is."""
        return [
            (page, worn.weight, index)
            for index, worn in enumerate(row)
            for page in self._held[worn.adapter].pages[shelf]
        ]

    def _dress(self, shelf: Shelf, index: int, rows: Sequence[Row]) -> None:
        listed = [self._listed(row, index) for row in rows]
        most = self._width(max((len(row) for row in listed), default=0), shelf)
        if most == 0:
            shelf.owners = None
            shelf.take_off()
            return
        filled = [row + [(0, 0.0, 0)] * (most - len(row)) for row in listed]
        device = self._like.device
        pages = torch.tensor([[page for page, _, _ in row] for row in filled], device=device)
        weights = torch.tensor([[weight for _, weight, _ in row] for row in filled], device=device)
        owners = torch.tensor([[owner for *_, owner in row] for row in filled], device=device)
        shelf.owners = owners.repeat_interleave(PAGE_RANK, dim=1)
        keys = {worn.adapter for row in rows for worn in row}
        touched = set().union(*(self._held[key].layers for key in keys))
        shelf.put_on(pages, weights, set(shelf.places) if self._steady else touched)

    def _width(self, pages: int, shelf: Shelf) -> int:
        """Pages that every row wears of a shelf; steady ones are 4, 8, 16, … from the first on."""
        if not self._steady or shelf.pages.numel() == 0:
            return pages
        return 1 << max(2, (pages - 1).bit_length())

    def _bring_in(self, key: str) -> None:
        if key in self._held:
            self._held.move_to_end(key)
            return
        printed = self._printed[key]
        self._printed.move_to_end(key)
        shelved = list(zip(self._shelves, printed.pages, strict=True))
        for shelf, pages in shelved:
            if pages is not None:
                shelf.open(self.page_count, self._like)
        self._make_room([0 if pages is None else len(pages) for pages in printed.pages])
        copied = tuple(shelf.copy_in(pages) for shelf, pages in shelved)
        self._held[key] = _Holding(copied, printed.layers)

    def _make_room(self, needed: Sequence[int]) -> None:
        """Drops what was used longest ago until every shelf has the pages."""
        idle = iter([key for key in self._held if self._pinned[key] <= 0])
        while any(len(s.free) < n for s, n in zip(self._shelves, needed, strict=True) if n):
            dropped = next(idle, None)
            if dropped is None:
                raise BankFull
            for shelf, pages in zip(self._shelves, self._held.pop(dropped).pages, strict=True):
                shelf.free.extend(pages)

    def _check_size(self, keys: Sequence[str]) -> None:
        for index in range(len(self._shelves)):
            pages = [self._printed[key].pages[index] for key in set(keys)]
            if sum(len(each) for each in pages if each is not None) >= self.page_count:
                raise ModelFault("the stack's adapters are larger than the adapter bank")

    def _at_hand(self, pages: Tensor) -> Tensor:
        """In the model's dtype, and pinned where a GPU can copy it by itself."""
        ready = pages.to(self._like.dtype)
        return ready.pin_memory() if self._like.device.type == "cuda" else ready

    def _forget_printed(self) -> None:
        """Drops what was asked for longest ago until the rest is within bounds."""
        taken = self.host_bytes
        for key in list(self._printed)[:-1]:
            if taken <= HOST_TIMES * self.bytes:
                return
            if self._wanted[key] <= 0:
                taken -= self._printed.pop(key).bytes


def pairs(lora: Mapping[str, Tensor]) -> Adapter:
    """An adapter under peft's own keys as the bank takes it."""
    down, up = ".lora_A.weight", ".lora_B.weight"
    names = [key.removesuffix(down) for key in lora if key.endswith(down)]
    return {name: (lora[name + down], lora[name + up]) for name in names}


def share(model: Any) -> Any:
    """A second tree of modules over the same weights, for hooks that the first must not have.

    Adapters that peft has put into the first are not in it.
    """
    tensors = [*model.parameters(), *model.buffers()]
    tree = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
    for name, module in list(tree.named_modules()):
        if isinstance(module, BaseTunerLayer):
            tree.set_submodule(name, module.base_layer)
    for left in ("peft_config", "_hf_peft_config_loaded"):
        vars(tree).pop(left, None)
    return tree


def _same(one: Sequence[Row], other: Sequence[Row] | None) -> bool:
    if other is None:
        return False
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _check(adapter: Adapter, layers: Mapping[str, Banked]) -> None:
    for name, (down, up) in adapter.items():
        layer = layers.get(name)
        if layer is None:
            raise ModelFault(f"the adapter changes a layer {name} that the model does not have")
        sizes = (down[0].numel(), up.shape[0], up[0].numel())
        if sizes != (layer.in_size, layer.out_size, len(down)):
            raise ModelFault(f"the adapter's shapes do not fit the layer {name}")
