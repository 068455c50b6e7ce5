"""A limit to what an adapter adds to each layer."""

from collections.abc import Mapping

import torch
from torch import Tensor

DOWN, UP = ".lora_A.weight", ".lora_B.weight"


@torch.no_grad()
def limit_norms(weights: Mapping[str, Tensor], most: float) -> None:
    """Scales an adapter's ups until the norm of each up · down is `most` at the most.

    Downs stay as they are, since those of a slot have to.
    """
    for key, down in weights.items():
        if key.endswith(DOWN):
            up = weights[key.removesuffix(DOWN) + UP]
            norm = float(torch.linalg.matrix_norm(up.flatten(1) @ down.flatten(1)))
            if norm > most:
                up.mul_(most / norm)
