"""The running average of what learns."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class Average:
    """Follows weights with a share of its own that stays at each step (EMA).

    In the first steps it follows faster, as if it had begun with them.
    """

    def __init__(self, weights: Mapping[str, Tensor], stays: float) -> None:
        self._weights, self._stays = weights, stays
        self.tensors = {key: value.detach().clone() for key, value in weights.items()}

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Goes towards the weights, after step `step` of the run, which counts from 1."""
        stays = min(self._stays, (1 + step) / (10 + step))
        for key, value in self._weights.items():
            self.tensors[key].lerp_(value, 1 - stays)

    @contextmanager
    def put_on(self) -> Iterator[None]:
        """Inside, the weights are the average."""
        own = {key: value.detach().clone() for key, value in self._weights.items()}
        self._copy(self.tensors)
        try:
            yield
        finally:
            self._copy(own)

    @torch.no_grad()
    def _copy(self, source: Mapping[str, Tensor]) -> None:
        for key, value in self._weights.items():
            value.copy_(source[key])
