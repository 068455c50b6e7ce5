"""The parts of a run that learn, and one optimizer step over them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.errors import ModelFault
from core.worker.artifact import Artifact
from core.worker.stack import Speller, Top
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.conditions import predict
from core.worker.training.material import Material
from core.worker.training.methods.table import METHODS
from core.worker.training.objective import Objective
from core.worker.training.parts import Bench, Part
from core.worker.training.schedule import rate_factor

GRADIENT_NORM_MAX = 1.0


class Lesson:
    """One concept being taught on a frozen base, part by part as its method says.

    Chance comes from a generator of its own, so jobs that run between two steps change nothing.
    """

    def __init__(self, bench: Bench) -> None:
        self._base, self._stacks, self._recipe = bench.base, bench.stacks, bench.recipe
        self._parents = bench.request.parents
        self._method = METHODS[bench.recipe.method]
        self._objective = Objective(bench.base.noise_config)
        self._random = bench.generator()
        self.parts = [make(bench) for make in self._method.parts]
        self._top = _top(bench.request.name, self.parts)
        self._optimizer = torch.optim.AdamW(
            [{"params": part.parameters, "weight_decay": part.decay} for part in self.parts]
        )
        half = self._base.dtype == torch.float16
        self._scaler = torch.amp.GradScaler(self._base.device.type, enabled=half)
        self.step = 0

    def wear(self) -> Speller:
        """Puts parents and the half-taught concept on the model, to learn or to draw."""
        for part in self.parts:
            part.write()
        return self._stacks.wear(self._parents, on_top=self._top)

    def learn(self, material: Material) -> float:
        """Takes one optimizer step; returns the loss on the concept's own pictures."""
        batch = self._recipe.batch
        self.wear()
        with self._awake():
            with self._learning():
                losses = self._losses(material)
            own, kept = losses[:batch].mean(), losses[batch:]
            self._descend(own + self._recipe.prior_weight * kept.mean() if len(kept) else own)
        self.step += 1
        return float(own.detach())

    def packed(self) -> dict[str, Any]:
        """What was learned, as fields of an artifact."""
        empty: dict[str, Any] = {"lora": {}, "tokens": ()}
        return empty | {key: value for part in self.parts for key, value in part.packed().items()}

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes everything that the next step depends on into a checkpoint."""
        checkpoint.step = self.step
        checkpoint.parts = {part.name: _copies(part) for part in self.parts}
        checkpoint.optimizer = self._optimizer.state_dict()
        checkpoint.scaler = self._scaler.state_dict()
        checkpoint.random = self._random.get_state()

    def load(self, checkpoint: Checkpoint) -> None:
        """Goes on where a checkpoint was written; does nothing before the first step.

        Raises:
            ModelFault: the checkpoint is of another base model or recipe.
        """
        if checkpoint.random is None:
            return
        for part in self.parts:
            _fill(part, checkpoint.parts.get(part.name, {}))
        self.step = checkpoint.step
        self._optimizer.load_state_dict(checkpoint.optimizer)
        self._scaler.load_state_dict(checkpoint.scaler)
        self._random.set_state(checkpoint.random)

    def close(self) -> None:
        """Takes what was taught out of the model and leaves it bare."""
        self._stacks.wear(())
        for part in self.parts:
            part.close()

    def _losses(self, material: Material) -> Tensor:
        clean, conditions = material.draw(self._base, self._recipe.batch, self._random)
        noised = self._objective.noise(clean, self._random)
        prediction = predict(self._base, noised.latents, noised.timesteps, conditions)
        return self._objective.losses(prediction, noised)

    @contextmanager
    def _awake(self) -> Iterator[None]:
        """Inside, the parts that learn at this step take gradients, at their rates."""
        factor = rate_factor(self.step, self._recipe.steps)
        for part, group in zip(self.parts, self._optimizer.param_groups, strict=True):
            pace = self._method.pace(part.name, self.step, self._recipe)
            group["lr"] = part.rate * pace * factor
            _take_gradients(part, group["lr"] > 0)
        try:
            yield
        finally:
            for part in self.parts:
                _take_gradients(part, False)

    @contextmanager
    def _learning(self) -> Iterator[None]:
        """Half precision in the products; on the CPU plain attention, whose backward is faster."""
        kind = self._base.device.type
        half = torch.bfloat16 if kind == "cpu" else self._base.dtype
        backends = [SDPBackend.MATH] if kind == "cpu" else list(SDPBackend.__members__.values())
        with ExitStack() as stack:
            for part in self.parts:
                stack.enter_context(part.read())
            stack.enter_context(sdpa_kernel(backends))
            enabled = kind != "mps" and half != torch.float32
            stack.enter_context(torch.autocast(kind, half, enabled=enabled))
            yield

    def _descend(self, loss: Tensor) -> None:
        learned = [parameter for part in self.parts for parameter in part.parameters]
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self._scaler.scale(loss))
        self._scaler.unscale_(self._optimizer)
        torch.nn.utils.clip_grad_norm_(learned, GRADIENT_NORM_MAX)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)


def _top(name: str, parts: list[Part]) -> Top:
    top = {key: value for part in parts for key, value in part.top.items()}
    live = {key: value for part in parts for key, value in part.live.items()}
    taught = Artifact({}, (), {}, **live) if live else None
    return Top(**{"adapter": None} | top, name=name, live=taught)


def _take_gradients(part: Part, wanted: bool) -> None:
    for parameter in part.parameters:
        parameter.requires_grad_(wanted)


def _copies(part: Part) -> dict[str, Tensor]:
    return {key: value.detach().cpu() for key, value in part.tensors().items()}


@torch.no_grad()
def _fill(part: Part, saved: dict[str, Tensor]) -> None:
    own = part.tensors()
    if own.keys() != saved.keys() or any(own[k].shape != saved[k].shape for k in own):
        raise ModelFault(f"the checkpoint does not fit: its {part.name} is of another shape")
    for key, tensor in own.items():
        tensor.copy_(saved[key])
