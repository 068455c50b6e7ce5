"""Optimizers over the parts that learn."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

from core.domain.effects import contradiction
from core.domain.recipes import Optimizer, Recipe
from core.errors import InvalidInput
from core.worker.training.parts import Part

Groups = list[dict[str, Any]]
PACKAGES = {Optimizer.ADAMW_8BIT: "bitsandbytes", Optimizer.PRODIGY: "prodigyopt"}
EXTRAS = {Optimizer.ADAMW_8BIT: "8bit"}
"""Of pyproject.toml, with which a package comes that Atelier does without."""


def new_optimizer(kind: Optimizer, parts: Sequence[Part]) -> torch.optim.Optimizer:
    """One group a part, in their order; rates are set before every step."""
    groups: Groups = [{"params": part.parameters, "weight_decay": part.decay} for part in parts]
    return MAKERS[kind](groups)


def check_optimizer(recipe: Recipe, *, device: str) -> None:
    """Raises:
    InvalidInput: what it needs is not on this server, or it cannot do what the recipe says.
    """
    kind = recipe.optimizer
    package = PACKAGES.get(kind)
    if package and find_spec(package) is None:
        extra = f" It comes with `pip install 'atelier[{EXTRAS[kind]}]'`." if kind in EXTRAS else ""
        raise InvalidInput(
            f"The optimizer {kind} needs the package {package}, which this server does not have."
            f"{extra} Leave it out, or choose optimizer=adamw."
        )
    if kind is Optimizer.ADAMW_8BIT and device == "mps":
        raise InvalidInput(
            f"The optimizer {kind} does not run on {device}. Choose optimizer=adamw."
        )
    if reason := contradiction(recipe):
        raise InvalidInput(reason)


def rate_of(kind: Optimizer, rate: float, factor: float) -> float:
    """The rate of a group: Prodigy finds its own and is only told how it goes over the run."""
    if kind is Optimizer.PRODIGY:
        return factor if rate > 0 else 0.0
    return rate * factor


def _prodigy(groups: Groups) -> torch.optim.Optimizer:
    """With the settings that its authors give for diffusion models."""
    made: torch.optim.Optimizer = import_module("prodigyopt").Prodigy(
        groups, lr=1.0, use_bias_correction=True, safeguard_warmup=True
    )
    return made


def _adamw_8bit(groups: Groups) -> torch.optim.Optimizer:
    made: torch.optim.Optimizer = import_module("bitsandbytes").optim.AdamW8bit(groups)
    return made


MAKERS: Mapping[Optimizer, Callable[[Groups], torch.optim.Optimizer]] = {
    Optimizer.ADAMW: partial(torch.optim.AdamW, fused=True),
    Optimizer.ADAMW_8BIT: _adamw_8bit,
    Optimizer.PRODIGY: _prodigy,
    Optimizer.ADAFACTOR: torch.optim.Adafactor,
}
