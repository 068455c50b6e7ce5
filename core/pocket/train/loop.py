"""The loop of every stage: a learning-rate plan, draws that depend on the step, checkpoints.

All randomness of a step comes from (seed, step), so a checkpoint holds weights and optimizer
state only, and a resumed run is the run that was not interrupted, bit for bit.
"""

import logging
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """Linear warm-up, a constant rate, then a linear fall to zero over the last `decay` share."""

    steps: int
    rate: float
    warmup: int = 100
    decay: float = 0.6
    seed: int = 0
    checkpoint_every: int = 250

    def rate_at(self, step: int) -> float:
        """Returns the learning rate of the given step, counted from 0."""
        left = (self.steps - step) / max(1.0, self.steps * self.decay)
        return self.rate * min(1.0, (step + 1) / self.warmup, left)


@dataclass(frozen=True, slots=True)
class Draws:
    """The random sources of one step: choices and captions, and tensors (always on the CPU)."""

    choose: random.Random
    noise: torch.Generator

    @classmethod
    def of(cls, seed: int, step: int) -> "Draws":
        """Returns the sources of a step; they depend on nothing but the two numbers."""
        choose = random.Random(f"{seed}:{step}")
        return cls(choose, torch.Generator().manual_seed(choose.getrandbits(62)))


class Trainer(Protocol):
    """What a stage gives to the loop."""

    def step(self, draws: Draws, rate: float) -> float:
        """Trains on one batch at the given rate and returns its loss."""

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds."""

    def restore(self, state: dict[str, Any]) -> None:
        """Takes a checkpoint's state."""


def train(trainer: Trainer, plan: Plan, checkpoint: Path) -> None:
    """Runs the steps that are left, from `checkpoint` if it exists, saving as it goes."""
    start = _resume(trainer, checkpoint)
    began, losses = time.monotonic(), []
    for step in range(start, plan.steps):
        losses.append(trainer.step(Draws.of(plan.seed, step), plan.rate_at(step)))
        done = step + 1
        if done % 100 == 0 or done == plan.steps:
            pace = (time.monotonic() - began) / (done - start)
            mean = sum(losses) / len(losses)
            log.info("step %d of %d, loss %.4f, %.3f s a step", done, plan.steps, mean, pace)
            losses.clear()
        if done % plan.checkpoint_every == 0 or done == plan.steps:
            save_atomically({"step": done, **trainer.state()}, checkpoint)


def _resume(trainer: Trainer, checkpoint: Path) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    trainer.restore(state)
    log.info("resumed at step %d from %s", state["step"], checkpoint)
    return int(state["step"])


def save_atomically(state: dict[str, Any], path: Path) -> None:
    """Writes a torch file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(path.suffix + ".part")
    torch.save(state, part)
    part.replace(path)


class Ema:
    """A running mean of a module's parameters, young means counting less (Karras et al. 2022)."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], *, decay: float = 0.998) -> None:
        self.live = [parameter.detach() for parameter in parameters]
        self.means = [tensor.clone() for tensor in self.live]
        self.decay, self.count = decay, 0

    @torch.no_grad()
    def update(self) -> None:
        """Lets the means follow the module by one step."""
        self.count += 1
        decay = min(self.decay, self.count / (self.count + 20))
        torch._foreach_lerp_(self.means, self.live, 1 - decay)

    @torch.no_grad()
    def apply(self) -> None:
        """Puts the means into the module."""
        for live, mean in zip(self.live, self.means, strict=True):
            live.copy_(mean)

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint holds."""
        return {"count": self.count, "means": self.means}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes a checkpoint's state."""
        self.count = state["count"]
        for mean, saved in zip(self.means, state["means"], strict=True):
            mean.copy_(saved)


def best_device() -> torch.device:
    """Returns the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
