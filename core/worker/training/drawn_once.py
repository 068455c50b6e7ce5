"""Plain pictures that courses learn beside their own, each drawn once.

A later course, of a later start too, that asks for the same finds them, unless none has asked in a
long time: then housekeeping lets them go.
"""

import hashlib
import json
from collections.abc import Sequence

from torch import Tensor

from core.domain.concepts import StackEntry
from core.storage import Storage
from core.worker.models import Base

Wish = tuple[str, tuple[int, ...]]
"""A prompt, and the seeds that it is drawn from."""


def recalled(storage: Storage, name: str) -> list[str]:
    """Keys of pictures that were drawn for an earlier job, if every one of them is still there."""
    keys = json.loads(storage.noted(name) or "[]")
    return keys if all(storage.exists(key) for key in keys) else []


def remember(storage: Storage, name: str, keys: Sequence[str]) -> None:
    """Lets later jobs find the pictures."""
    storage.note(name, json.dumps(list(keys)))


def name_of(base: Base, parents: Sequence[StackEntry], wishes: Sequence[Wish]) -> str:
    """Under which drawn pictures are remembered: all that decides what they look like."""
    pipe, family = base.pipe, base.family
    parts = [
        base.name,
        *map(_fingerprint, (pipe.unet.conv_in.weight, next(pipe.vae.decoder.parameters()))),
        [*family.in_brief, family.guidance_scale],
        [[parent.artifact, parent.weight] for parent in parents],
        list(wishes),
    ]
    return "plain " + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _fingerprint(weights: Tensor) -> str:
    return hashlib.sha256(weights.detach().float().cpu().numpy().tobytes()).hexdigest()
