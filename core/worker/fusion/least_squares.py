"""One low-rank change of a layer that gives each concept its own outputs on its own inputs.

Minimised is Σᵢ ‖(M - BᵢAᵢ) Xᵢ‖² over M. Its solution is M = Σᵢ Bᵢ · (Aᵢ Gᵢ S⁻¹) with Gᵢ = Xᵢ Xᵢᵀ
and S = Σᵢ Gᵢ, so the B of every concept stays, its A turns away from what the others read, and the
rank is no more than the sum of theirs.

Source: Gu et al., Mix-of-Show (2023), section 3.3 (gradient fusion), solved in closed form.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

RIDGE = 1e-3
"""What is added to S, as a share of the mean of its diagonal: directions that nobody has read."""


@dataclass(frozen=True, slots=True)
class Change:
    """One concept's change of one layer, and what the layer read while that was drawn alone."""

    down: Tensor
    """A (rank, in); no rows where the concept leaves the layer as it is."""
    up: Tensor
    """B (out, rank), the concept's weight multiplied in."""
    gram: Tensor
    """Σ x xᵀ (in, in)."""


@dataclass(frozen=True, slots=True)
class Fused:
    """One change in place of several."""

    down: Tensor
    """(rank, in)"""
    up: Tensor
    """(out, rank)"""


def fuse(changes: Sequence[Change], *, rank_max: int) -> Fused:
    """The change nearest to every concept's own, of a rank of `rank_max` at the most."""
    total = torch.stack([change.gram for change in changes]).sum(0).double()
    ridge = RIDGE * total.diagonal().mean().clamp(min=1e-12)
    factor = torch.linalg.cholesky(total + ridge * torch.eye(len(total)).to(total))
    downs = [
        torch.cholesky_solve(change.gram.double() @ change.down.double().mT, factor).mT
        for change in changes
    ]
    down, up = torch.cat(downs), torch.cat([change.up.double() for change in changes], dim=1)
    if len(down) > rank_max:
        down, up = _shortened(down, up, factor, rank_max)
    return Fused(down.float(), up.float())


def added_up(changes: Sequence[Change]) -> Fused:
    """The plain sum."""
    down = torch.cat([change.down for change in changes])
    return Fused(down, torch.cat([change.up for change in changes], dim=1))


def error(fused: Fused, change: Change) -> tuple[float, float]:
    """The squared error on a concept's own inputs, and the square of what it should be."""
    off = torch.cat([fused.down, change.down])
    signed = torch.cat([fused.up, -change.up], dim=1)
    return _energy(off, signed, change.gram), _energy(change.down, change.up, change.gram)


def _energy(down: Tensor, up: Tensor, gram: Tensor) -> float:
    """tr(B A G Aᵀ Bᵀ), the square of what a change puts out on the inputs behind G."""
    inner = down @ gram @ down.mT
    return float(((up.mT @ up) * inner).sum())


def _shortened(down: Tensor, up: Tensor, factor: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The best of a smaller rank, measured on the inputs that S = L Lᵀ stands for."""
    left, right = torch.linalg.qr(up), torch.linalg.qr((down @ factor).mT)
    turned, sizes, back = torch.linalg.svd(left.R @ right.R.mT)
    kept = (back[:rank] @ right.Q.mT).mT
    solved = torch.linalg.solve_triangular(factor.mT, kept, upper=True).mT
    return solved, left.Q @ turned[:, :rank] * sizes[:rank]
