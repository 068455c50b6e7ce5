"""Which parts of a picture look at which words, read off the UNet's own cross-attention.

Source: Hertz et al., Prompt-to-prompt (2022), section 3.1: attention maps of a word show its place.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.worker.engine.compiled import size_of_call
from core.worker.engine.reach import Size, size_of

Phrases = tuple[tuple[int, ...], ...]
"""For each adapter of a row the positions of its words among the prompt's tokens."""
COARSEST = 4
"""Maps of layers that see the latents more than so many times smaller say too little."""


class Gaze:
    """Watches chosen rows of the next call of a UNet.

    A `steady` one watches them in a few numbers only, for a UNet that is compiled.
    """

    def __init__(self, unet: nn.Module, *, steady: bool = False) -> None:
        self._steady = steady
        self._phrases: Mapping[int, Phrases] = {}
        self._chosen = self._index = torch.empty(0)
        self._size = (0, 0)
        self._maps: list[Tensor] = []
        self.watching = False
        self._watched = [
            _Watched(self, attention)
            for name, attention in unet.named_modules()
            if name.endswith(".attn2")
        ]

    def close(self) -> None:
        """Takes its hooks out of the UNet again."""
        for each in self._watched:
            each.close()

    def watch(
        self, phrases: Mapping[int, Phrases], *, images: int, size: Size, tokens: int, like: Tensor
    ) -> None:
        """Watches these rows of so many from now on; `size` is that of the latents."""
        self._phrases, self._size, self.watching = phrases, size, bool(phrases)
        self._maps = []
        if not phrases:
            return
        rows, most = len(phrases), max(len(each) for each in phrases.values())
        if self._steady:
            rows, most = size_of_call(images), max(4, size_of_call(most))
        chosen = torch.zeros(rows, most, tokens)
        for row, each in zip(chosen, phrases.values(), strict=False):
            for entry, positions in enumerate(each):
                row[entry, list(positions)] = 1
        watched = [*phrases, *[0] * (rows - len(phrases))]
        self._chosen = chosen.to(like)
        self._index = torch.tensor(watched, device=like.device)

    def gathered(self) -> Tensor | None:
        """The mean of what all layers have shown since, (rows, adapters, height, width)."""
        maps, self._maps = self._maps, []
        return torch.stack(maps).mean(0) if maps else None

    def seen(self, gathered: Tensor | None) -> dict[int, Tensor]:
        """For each watched row (adapters, height, width): how much a place looks at which words."""
        if gathered is None:
            return {}
        watched = zip(self._phrases.items(), gathered, strict=False)
        return {row: maps[: len(phrases)] for (row, phrases), maps in watched}

    def note(self, query: Tensor, key: Tensor, *, heads: int, scale: float) -> None:
        """One layer's queries (rows, positions, width) and keys (rows, tokens, width)."""
        size = size_of(query.shape[1], self._size)
        if size is None or size[0] * COARSEST < self._size[0]:
            return
        q = _by_head(query.index_select(0, self._index), heads)
        k = _by_head(key.index_select(0, self._index), heads)
        looks = (q @ k.mT * scale).float().softmax(-1).mean(1)
        maps = self._chosen @ looks.mT
        grid = maps.view(*maps.shape[:2], *size)
        self._maps.append(functional.interpolate(grid, self._size, mode="bilinear"))


class Looking(nn.Module):
    """A UNet's call, and what was seen in it."""

    def __init__(self, unet: nn.Module, gaze: Gaze) -> None:
        super().__init__()
        self._unet, self._gaze = unet, gaze

    def forward(self, *args: Any, **options: Any) -> tuple[Tensor, Tensor | None]:
        """The model's output, and what `Gaze.gathered` says."""
        made = self._unet(*args, **options, return_dict=False)[0]
        return made, self._gaze.gathered()


class _Watched:
    """Two hooks on one cross-attention: the query comes first, the key completes it."""

    def __init__(self, gaze: Gaze, attention: Any) -> None:
        self._gaze, self._heads, self._scale = gaze, attention.heads, attention.scale
        self._query: Tensor | None = None
        self._handles = [
            attention.to_q.register_forward_hook(self._hear_query),
            attention.to_k.register_forward_hook(self._hear_key),
        ]

    def close(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _hear_query(self, _layer: nn.Module, _inputs: Sequence[Tensor], output: Tensor) -> None:
        self._query = output if self._gaze.watching else None

    def _hear_key(self, _layer: nn.Module, _inputs: Sequence[Tensor], output: Tensor) -> None:
        if self._query is not None:
            self._gaze.note(self._query, output, heads=self._heads, scale=self._scale)
            self._query = None


def _by_head(rows: Tensor, heads: int) -> Tensor:
    """(rows, positions, width) as (rows, heads, positions, width / heads)."""
    return rows.view(*rows.shape[:2], heads, -1).transpose(1, 2)
