"""The parts of a run that learn, and one optimizer step over them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.domain.requests import Recipe, TrainRequest
from core.worker.adapters import lora_config
from core.worker.models import Base
from core.worker.stack import TOP_SLOT, Speller, Stacks, Top
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.conditions import predict
from core.worker.training.material import Material
from core.worker.training.objective import Objective
from core.worker.training.token import LearnedToken, noun_vectors

WARMUP_STEPS = 20
LEAST_RATE = 0.05
GRADIENT_NORM_MAX = 1.0
ADAPTER_DECAY = 1e-4


class Lesson:
    """One concept being taught: a new adapter and a new word on a frozen base.

    Chance comes from a generator of its own, so jobs that run between two steps change nothing.
    """

    def __init__(
        self, base: Base, stacks: Stacks, request: TrainRequest, recipe: Recipe, *, adapter: str
    ) -> None:
        self._base, self._stacks, self._recipe = base, stacks, recipe
        self._parents = request.parents
        self._top = Top(adapter, request.name)
        self._objective = Objective(base.noise_config)
        self._random = torch.Generator("cpu").manual_seed(request.seed)
        self._weights = self._new_adapter(request.seed)
        start = noun_vectors(base, request.class_noun)
        self.token = LearnedToken(stacks.tokens, TOP_SLOT, start)
        self._optimizer = torch.optim.AdamW(
            [
                {"params": self._weights, "weight_decay": ADAPTER_DECAY},
                {"params": self.token.parameters, "weight_decay": 0.0},
            ]
        )
        half = base.dtype == torch.float16
        self._scaler = torch.amp.GradScaler(base.device.type, enabled=half)
        self.step = 0

    @property
    def weights(self) -> dict[str, Tensor]:
        """The adapter's weights under peft's own keys."""
        return self._stacks.adapters.weights(self._top.adapter)

    def wear(self) -> Speller:
        """Puts parents and the half-taught concept on the model, to learn or to draw."""
        self.token.write()
        return self._stacks.wear(self._parents, on_top=self._top)

    def learn(self, material: Material) -> float:
        """Takes one optimizer step; returns the loss on the concept's own pictures."""
        batch = self._recipe.batch
        self.wear()
        self._set_rates()
        with self._learning():
            losses = self._losses(material)
        own, kept = losses[:batch].mean(), losses[batch:]
        self._descend(own + self._recipe.prior_weight * kept.mean() if len(kept) else own)
        self.step += 1
        return float(own.detach())

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes everything that the next step depends on into a checkpoint."""
        checkpoint.step = self.step
        checkpoint.adapter = {key: value.cpu() for key, value in self.weights.items()}
        checkpoint.token = [parameter.detach().cpu() for parameter in self.token.parameters]
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
        self.step = checkpoint.step
        self._stacks.adapters.set_weights(self._top.adapter, checkpoint.adapter)
        self.token.load(checkpoint.token)
        self._optimizer.load_state_dict(checkpoint.optimizer)
        self._scaler.load_state_dict(checkpoint.scaler)
        self._random.set_state(checkpoint.random)

    def close(self) -> None:
        """Takes the adapter out of the model and leaves it bare."""
        self._stacks.adapters.remove(self._top.adapter)
        self._stacks.wear(())

    def _new_adapter(self, seed: int) -> list[torch.nn.Parameter]:
        config = lora_config(rank=self._recipe.rank, targets=self._base.family.lora_targets)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._stacks.adapters.add(self._top.adapter, config)
        weights = self._stacks.adapters.parameters(self._top.adapter)
        for weight in weights:
            weight.data = weight.data.float()
        return weights

    def _losses(self, material: Material) -> Tensor:
        clean, conditions = material.draw(self._base, self._recipe.batch, self._random)
        noised = self._objective.noise(clean, self._random)
        prediction = predict(self._base, noised.latents, noised.timesteps, conditions)
        return self._objective.losses(prediction, noised)

    @contextmanager
    def _learning(self) -> Iterator[None]:
        """Half precision in the products; on the CPU plain attention, whose backward is faster."""
        kind = self._base.device.type
        half = torch.bfloat16 if kind == "cpu" else self._base.dtype
        backends = [SDPBackend.MATH] if kind == "cpu" else list(SDPBackend.__members__.values())
        with (
            self.token.learning(),
            sdpa_kernel(backends),
            torch.autocast(kind, half, enabled=kind != "mps" and half != torch.float32),
        ):
            yield

    def _descend(self, loss: Tensor) -> None:
        learned = [*self._weights, *self.token.parameters]
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self._scaler.scale(loss))
        self._scaler.unscale_(self._optimizer)
        torch.nn.utils.clip_grad_norm_(learned, GRADIENT_NORM_MAX)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)

    def _set_rates(self) -> None:
        factor = rate_factor(self.step, self._recipe.steps)
        adapter, token = self._optimizer.param_groups
        adapter["lr"] = self._recipe.learning_rate * factor
        token["lr"] = self._recipe.token_learning_rate * factor


def rate_factor(step: int, steps: int) -> float:
    """What the learning rate is multiplied with: a short rise, a plateau, a fall from half way."""
    rise = min(1.0, (step + 1) / WARMUP_STEPS)
    fall = 1.0 - max(0.0, step / steps - 0.5) * 2
    return rise * max(LEAST_RATE, fall)
