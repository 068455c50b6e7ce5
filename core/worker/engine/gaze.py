"""Which parts of a picture look at which words, read off the UNet's own cross-attention.

Source: Hertz et al., Prompt-to-prompt (2022), section 3.1: attention maps of a word show its place.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.worker.engine.reach import size_of

Phrases = tuple[tuple[int, ...], ...]
"""For each adapter of a row the positions of its words among the prompt's tokens."""
COARSEST = 4
"""Maps of layers that see the latents more than so many times smaller say too little."""


class Gaze:
    """Watches chosen rows of the next call of a UNet."""

    def __init__(self, unet: nn.Module) -> None:
        self._rows: list[int] = []
        self._chosen = torch.empty(0)
        self._size = (0, 0)
        self._maps: list[Tensor] = []
        for name, attention in unet.named_modules():
            if name.endswith(".attn2"):
                _Watched(self, attention)

    @property
    def watching(self) -> bool:
        """Some row is watched."""
        return bool(self._rows)

    def watch(self, phrases: Mapping[int, Phrases], *, size: tuple[int, int], tokens: int) -> None:
        """Watches these rows from now on; `size` is (height, width) of the latents."""
        self._rows, self._size, self._maps = list(phrases), size, []
        most = max((len(each) for each in phrases.values()), default=0)
        self._chosen = torch.zeros(len(phrases), most, tokens)
        for row, each in zip(self._chosen, phrases.values(), strict=True):
            for entry, positions in enumerate(each):
                row[entry, list(positions)] = 1

    def seen(self) -> dict[int, Tensor]:
        """For each watched row (adapters, height, width): how much a place looks at which words."""
        if not self._maps:
            return {}
        mean = torch.stack(self._maps).mean(0)
        return dict(zip(self._rows, mean, strict=True))

    def note(self, query: Tensor, key: Tensor, *, heads: int, scale: float) -> None:
        """One layer's queries (rows, positions, width) and keys (rows, tokens, width)."""
        size = size_of(query.shape[1], self._size)
        if size is None or size[0] * COARSEST < self._size[0]:
            return
        q = _by_head(query[self._rows], heads)
        k = _by_head(key[self._rows], heads)
        looks = (q @ k.mT * scale).float().softmax(-1).mean(1)
        maps = self._chosen.to(looks) @ looks.mT
        grid = maps.view(*maps.shape[:2], *size)
        self._maps.append(functional.interpolate(grid, self._size, mode="bilinear"))


class _Watched:
    """Two hooks on one cross-attention: the query comes first, the key completes it."""

    def __init__(self, gaze: Gaze, attention: Any) -> None:
        self._gaze, self._heads, self._scale = gaze, attention.heads, attention.scale
        self._query: Tensor | None = None
        attention.to_q.register_forward_hook(self._hear_query)
        attention.to_k.register_forward_hook(self._hear_key)

    def _hear_query(self, _layer: nn.Module, _inputs: Sequence[Tensor], output: Tensor) -> None:
        self._query = output if self._gaze.watching else None

    def _hear_key(self, _layer: nn.Module, _inputs: Sequence[Tensor], output: Tensor) -> None:
        if self._query is not None:
            self._gaze.note(self._query, output, heads=self._heads, scale=self._scale)
            self._query = None


def _by_head(rows: Tensor, heads: int) -> Tensor:
    """(rows, positions, width) as (rows, heads, positions, width / heads)."""
    return rows.view(*rows.shape[:2], heads, -1).transpose(1, 2)
