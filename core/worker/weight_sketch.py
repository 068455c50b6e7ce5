"""A short sketch of what an artifact changes in the weights, by which any two are compared.

Each module's change ΔW is seen through random signs from both sides, S·ΔW·Tᵀ with 32 rows each, and
the modules' sketches are added up. The scalar product of two sketches is on average that of the
changes themselves; the signs come from the module's name, so every version sees the same ones.
Source: Johnson and Lindenstrauss (1984); Achlioptas, Database-friendly random projections (2003).
"""

import base64
import hashlib
from dataclasses import replace

import torch
from torch import Tensor

from core.dispatch.messages import Fused, Imported, Trained
from core.domain.overlap import SIDE
from core.storage import Storage
from core.worker.artifact import Artifact, unpack
from core.worker.formats.names import UNET
from core.worker.formats.parts import adapter_of
from core.worker.loop import Slices


def and_sketched(making: Slices, storage: Storage) -> Slices:
    """The slices of a job that makes a version, whose answer then says what it was made on and what
    it changes.
    """
    ended = yield from making
    if not isinstance(ended, Trained | Imported | Fused):
        return ended
    made = unpack(storage.get(ended.artifact))
    return replace(ended, family=made.family, sketch=weight_sketch(made))


def weight_sketch(artifact: Artifact) -> str:
    """What adapters and full differences change, as text that `core.domain.overlap` compares.

    Empty where there is nothing of that kind, as with words and hypernetworks.
    """
    total = torch.zeros(SIDE, SIDE)
    for module, change in adapter_of(artifact).items():
        total += _seen(module, change.B.flatten(1), change.A.flatten(1))
    for name, whole in artifact.delta.items():
        if whole.dim() > 1:
            total += _seen(UNET + name.removesuffix(".weight"), whole.flatten(1))
    return _written(total)


def _seen(module: str, *factors: Tensor) -> Tensor:
    """(SIDE, SIDE) of what one module's change, the product of the factors, looks like."""
    first, *rest = (factor.detach().float().cpu() for factor in factors)
    seen = _signs(f"out {module}", len(first)) @ first
    for factor in rest:
        seen = seen @ factor
    return seen @ _signs(f"in {module}", seen.shape[1]).T


def _signs(name: str, size: int) -> Tensor:
    """(SIDE, size) of ±1, the same for a name for ever and on every machine."""
    bits = hashlib.shake_256(name.encode()).digest((SIDE * size + 7) // 8)
    octets = torch.frombuffer(bytearray(bits), dtype=torch.uint8)
    each = (octets[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1
    return each.flatten()[: SIDE * size].view(SIDE, size).float() * 2 - 1


def _written(total: Tensor) -> str:
    """A byte a number; the length of a sketch says nothing, only its direction does."""
    largest = float(total.abs().max())
    if not largest:
        return ""
    steps = (total / largest * 127).round().to(torch.int8)
    return base64.b64encode(steps.numpy().tobytes()).decode()
