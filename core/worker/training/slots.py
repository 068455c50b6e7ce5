"""Slots: blocks of orthonormal rows that have nothing in common with one another.

Adapters whose A blocks lie in different slots read different directions of a layer's input, so what
one adds to the layer does not depend on the other's.

Source: Po et al., Orthogonal adaptation for modular customization (2024), section 4.
"""

import math

import torch
from torch import Tensor


def slot_rows(slot: int, *, rank: int, width: int) -> Tensor:
    """Rows (rank, width) of a slot: orthonormal, the same in every run.

    They are rows of the cosine basis with signs and an order of chance that belong to the width. A
    layer has width // rank slots; a higher number begins again at the first.
    """
    random = torch.Generator("cpu").manual_seed(width)
    order = torch.randperm(width, generator=random)
    signs = torch.randint(0, 2, (width,), generator=random) * 2.0 - 1
    first = slot % max(1, width // rank) * rank
    waves = order[(torch.arange(rank) + first) % width]
    places = (torch.arange(width, dtype=torch.float64) + 0.5) * (math.pi / width)
    rows = math.sqrt(2 / width) * torch.cos(waves[:, None] * places)
    rows[waves == 0] *= math.sqrt(0.5)
    return (rows * signs).float()
