"""Everything from which a training run goes on as if nothing had happened, as one blob."""

import io
from dataclasses import asdict, dataclass, field
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from core.errors import ModelFault


@dataclass(slots=True)
class Checkpoint:
    """A training run between two steps. Before the first step only what is drawn or said beforehand
    grows."""

    step: int = 0
    seconds: float = 0.0
    """Time spent so far, over all attempts."""
    prior: list[str] = field(default_factory=list)
    """Storage keys of the pictures of the plain class."""
    company: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    """Of each picture that shows the subject beside something else, or something else in the style:
    the storage keys of picture and mask ("" for none), and its captions."""
    captions: list[str] = field(default_factory=list)
    """What a captioner or a CLIP said of each picture so far; "" of what a person did."""
    where: list[int] = field(default_factory=list)
    """Of each picture the number of what surrounds the subject."""
    begins_as: str | None = None
    """Words that were found for what they show; "" where there are none, None: not looked for."""
    parts: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    """What each part has learned."""
    errors: dict[int, float] = field(default_factory=dict)
    """What each checkpoint so far was worth, by step."""
    best: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    """What each part had learned at the best of them."""
    previews: dict[int, str] = field(default_factory=dict)
    """Storage keys of the previews so far, by step."""
    learned: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Storage key and size in bytes of what could be a version, by step."""
    average: dict[str, Tensor] = field(default_factory=dict)
    """The running average, where there is one."""
    optimizer: dict[str, Any] = field(default_factory=dict)
    scaler: dict[str, Any] = field(default_factory=dict)
    random: Tensor | None = None
    """The state of the run's own generator."""


def pack(checkpoint: Checkpoint) -> bytes:
    """The bytes of a checkpoint."""
    buffer = io.BytesIO()
    torch.save(asdict(checkpoint), buffer)
    return buffer.getvalue()


def _captioned(painted: tuple[str, str, str | tuple[str, ...]]) -> tuple[str, str, tuple[str, ...]]:
    """A picture in company; it once had one caption."""
    picture, mask, said = painted
    return picture, mask, (said,) if isinstance(said, str) else said


def unpack(data: bytes) -> Checkpoint:
    """Reads what `pack` wrote; nothing but tensors and plain values is ever loaded.

    Raises:
        ModelFault: it is not a checkpoint.
    """
    try:
        values = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if "adapter" in values:  # of Atelier 0.1.0, which had one method: only its pictures fit
            return Checkpoint(seconds=values["seconds"], prior=values["prior"])
        return Checkpoint(**values | {"company": list(map(_captioned, values["company"]))})
    except (UnpicklingError, RuntimeError, TypeError, ValueError, EOFError) as error:
        raise ModelFault(f"this is not a training checkpoint: {error}") from error
