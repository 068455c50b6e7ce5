"""The tensors of a pickled file that was read as data."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from core.errors import InvalidInput
from core.torchzip import Stored, TorchFile

_TYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def tensors_in(file: TorchFile, places: Mapping[str, Any]) -> dict[str, Tensor]:
    """What lies at some places; together no more numbers than the file has bytes, however often
    they share those.

    Raises:
        InvalidInput: something there is no tensor, lies outside of its own bytes, or they are more.
    """
    known = [one for one in places.values() if isinstance(one, Stored)]
    if len(known) < len(places) or any(one.entry not in file.entries for one in known):
        raise InvalidInput("The file is damaged: something in it that should be a tensor is none.")
    most = sum(map(len, file.entries.values()))
    if sum(math.prod(one.shape) for one in known) > most:
        raise InvalidInput("The file is damaged: it tells of more numbers than it holds.")
    return {name: _tensor(file, stored) for name, stored in places.items()}


def _tensor(file: TorchFile, stored: Stored) -> Tensor:
    """A tensor's own numbers; every one of them lies inside its entry."""
    kind, held = _TYPES[stored.kind], bytearray(file.entries[stored.entry])
    numbers = torch.frombuffer(held, dtype=kind) if len(held) >= kind.itemsize else torch.empty(0)
    pairs = list(zip(stored.shape, stored.stride, strict=False))
    last = stored.offset + sum((size - 1) * step for size, step in pairs)
    inside = len(stored.shape) == len(stored.stride) and last < len(numbers)
    if not inside or not 0 < math.prod(stored.shape) <= len(numbers):
        raise InvalidInput("The file is damaged: a tensor in it lies outside of its own bytes.")
    return numbers.as_strided(stored.shape, stored.stride, stored.offset).clone()
