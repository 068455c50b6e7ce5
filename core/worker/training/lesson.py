"""The parts of a run that learn, and one optimizer step over them."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.errors import ModelFault
from core.precision import half_on_cpu
from core.worker.artifact import Artifact
from core.worker.stack import Speller, Top
from core.worker.training.average import Average
from core.worker.training.checkpoint import Checkpoint
from core.worker.training.conditions import Conditions, predict
from core.worker.training.joined import Joined
from core.worker.training.material import Material, Rows, together
from core.worker.training.methods.table import METHODS
from core.worker.training.norms import limit_norms
from core.worker.training.objective import Noised, Objective
from core.worker.training.optimizers import new_optimizer, rate_of
from core.worker.training.parts import Bench, Part
from core.worker.training.parts.word import Word
from core.worker.training.schedule import rate_factor

NARROW_WEIGHTS = 100_000_000
"""Of a UNet; a wide one's layers take so long themselves that their adapters do not count."""


class Lesson:
    """One concept being taught on a frozen base, part by part as its method says.

    Chance comes from a generator of its own, so jobs that run between two steps change nothing.
    """

    def __init__(self, bench: Bench) -> None:
        self._base, self._stacks, self._recipe = bench.base, bench.stacks, bench.recipe
        self._parents = bench.request.parents
        self._method = METHODS[bench.recipe.method]
        self._objective = Objective(
            bench.base.noise_config,
            snr_cap=bench.recipe.snr_cap,
            noise_offset=bench.recipe.noise_offset,
        )
        self._random = bench.generator()
        self._half = _half(bench)
        self._joined: dict[bool, Joined] = {}
        """By whether the parents are at work."""
        self.parts = [make(bench) for make in self._method.parts]
        self._top = _top(bench.request.name, self.parts)
        self._optimizer = new_optimizer(bench.recipe.optimizer, self.parts)
        scaled = self._half == torch.float16
        self._scaler = torch.amp.GradScaler(self._base.device.type, enabled=scaled)
        ema = bench.recipe.ema
        self._average = Average(_all(self.parts), ema) if ema else None
        if bench.recipe.gradient_checkpointing:
            self._base.pipe.unet.enable_gradient_checkpointing()
        self.step = 0

    @property
    def teaches_text(self) -> bool:
        """The text encoders learn."""
        return any("text" in part.live for part in self.parts)

    @property
    def teaches_words(self) -> bool:
        """Something learns by which captions of the concept are read."""
        words = [part for part in self.parts if part.name == Word.name]
        return self.teaches_text or any(part.rate > 0 for part in words)

    def wear(self, *, parents: bool = False) -> Speller:
        """Puts the half-taught concept on the model: alone, as people draw it, or with its parents
        at work. The words of those can be written either way.
        """
        for part in self.parts:
            part.write()
        return self._stacks.wear(self._parents, on_top=self._top, words_alone=not parents)

    def learn(self, material: Material) -> float:
        """Takes one optimizer step; returns the loss on the concept's own pictures."""
        self._optimizer.zero_grad(set_to_none=True)
        own = 0.0
        with self._awake():
            for _ in range(self._recipe.accumulation):
                own += self._add_gradients(material) / self._recipe.accumulation
            self._descend()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if self._average is not None:
            self._average.follow(self.step)
        return own

    def averaged(self) -> AbstractContextManager[None]:
        """Inside, what was learned is its running average where the recipe wants one."""
        return nullcontext() if self._average is None else self._average.put_on()

    def packed(self) -> dict[str, Any]:
        """What was learned, as fields of an artifact."""
        empty: dict[str, Any] = {"lora": {}, "tokens": ()}
        return empty | {key: value for part in self.parts for key, value in part.packed().items()}

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes everything that the next step depends on into a checkpoint."""
        checkpoint.step = self.step
        checkpoint.parts = {part.name: _copies(part) for part in self.parts}
        checkpoint.average = dict(self._average.tensors) if self._average else {}
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
        self.restore(checkpoint.parts)
        if self._average is not None:
            _fill("average", self._average.tensors, checkpoint.average)
        self.step = checkpoint.step
        self._optimizer.load_state_dict(checkpoint.optimizer)
        self._scaler.load_state_dict(checkpoint.scaler)
        self._random.set_state(checkpoint.random)

    def copies(self) -> dict[str, dict[str, Tensor]]:
        """What each part has learned, apart from the storage that goes on learning."""
        return {
            part.name: {key: value.detach().cpu().clone() for key, value in part.tensors().items()}
            for part in self.parts
        }

    def restore(self, copies: Mapping[str, dict[str, Tensor]]) -> None:
        """Puts copies back in place of what was learned since."""
        for part in self.parts:
            _fill(part.name, part.tensors(), copies.get(part.name, {}))

    def close(self) -> None:
        """Takes what was taught out of the model and leaves it bare."""
        self._base.pipe.unet.disable_gradient_checkpointing()
        self._stacks.wear(())
        for part in self.parts:
            part.close()

    def _add_gradients(self, material: Material) -> float:
        """Those of one batch, to what is there; returns the loss on the concept's own pictures."""
        parents = self._chooses_parents()
        self.wear(parents=parents)
        self._wake()
        with self._plain_attention(), self._joined_layers(parents):
            with self._learning():
                own, kept = self._losses(material, parents)
            loss = own + self._recipe.prior_weight * kept.mean() if len(kept) else own
            torch.autograd.backward(self._scaler.scale(loss / self._recipe.accumulation))
        return float(own.detach())

    def _chooses_parents(self) -> bool:
        """They are at work in half of the batches, so that the concept holds beside them and alone.

        Where there are none, no chance is taken.
        """
        return bool(self._parents) and bool(torch.randint(0, 2, (), generator=self._random))

    def _losses(self, material: Material, parents: bool) -> tuple[Tensor, Tensor]:
        """The mean of the concept's own rows, and each of those that are to be kept."""
        batch = self._recipe.batch
        rows, kept = material.draw(self._base, batch, self._random, parents=parents)
        answers = [(one, self._answered(one, one.frozen, parents)) for one in kept if one.frozen]
        drawn = together([rows, *(one for one in kept if not one.frozen)])
        noised = [self._objective.noise(each.clean, self._random) for each in drawn]
        losses = torch.cat([self._errors(*each) for each in zip(drawn, noised, strict=True)])
        others = [self._errors(*each) for each in answers]
        return losses[:batch].mean(), torch.cat([losses[batch:], *others])

    def _errors(self, rows: Rows, noised: Noised) -> Tensor:
        told = rows.conditions
        prediction = predict(self._base, noised.latents, noised.timesteps, told, rows.views.sizes)
        return self._objective.losses(prediction, noised, rows.views.cells)

    @torch.no_grad()
    def _answered(self, rows: Rows, told: Conditions, parents: bool) -> Noised:
        """Noised rows whose right answer is that of the base model, or of the parents on it.

        Casts are not remembered: the same weights may hold other values a moment later.
        """
        noised = self._objective.noise(rows.clean, self._random)
        self._stacks.wear(self._parents, words_alone=not parents)
        with self._autocast(remembers=False):
            sizes = rows.views.sizes
            answer = predict(self._base, noised.latents, noised.timesteps, told, sizes)
        self.wear(parents=parents)
        self._wake()
        return replace(noised, target=answer)

    @contextmanager
    def _awake(self) -> Iterator[None]:
        """Inside, the parts that learn at this step take gradients, at their rates."""
        recipe = self._recipe
        factor = rate_factor(self.step, recipe)
        for part, group in zip(self.parts, self._optimizer.param_groups, strict=True):
            pace = self._method.pace(part.name, self.step, recipe)
            group["lr"] = rate_of(recipe.optimizer, part.rate * pace, factor)
        try:
            yield
        finally:
            for part in self.parts:
                _take_gradients(part, False)

    def _wake(self) -> None:
        for part, group in zip(self.parts, self._optimizer.param_groups, strict=True):
            _take_gradients(part, group["lr"] > 0)

    @contextmanager
    def _learning(self) -> Iterator[None]:
        """Half precision in the products, and words read from what learns."""
        with ExitStack() as stack:
            for part in self.parts:
                stack.enter_context(part.read())
            stack.enter_context(self._autocast(remembers=True))
            yield

    def _plain_attention(self) -> AbstractContextManager[None]:
        """Where its backward is faster; forward, backward and what is done twice."""
        every = list(SDPBackend.__members__.values())
        made: AbstractContextManager[None] = sdpa_kernel(
            [SDPBackend.MATH] if self._halves_on_cpu else every
        )
        return made

    def _joined_layers(self, parents: bool) -> AbstractContextManager[None]:
        """Where layers and adapters are faster together; after `wear`, forward and backward."""
        if self._top.adapter is None or not self._is_faster_joined:
            return nullcontext()
        if parents not in self._joined:
            self._joined[parents] = Joined(self._base.pipe.unet, self._top.adapter, self._half)
        return self._joined[parents].at_work()

    @property
    def _is_faster_joined(self) -> bool:
        """On a CPU; in float32 only where layers are narrow, since they are copied for it."""
        on_cpu = self._base.device.type == "cpu"
        return self._halves_on_cpu or (on_cpu and _weights(self._base.pipe.unet) < NARROW_WEIGHTS)

    @property
    def _halves_on_cpu(self) -> bool:
        """In float32 torch's own attention is as fast there."""
        return self._base.device.type == "cpu" and self._half != torch.float32

    def _autocast(self, *, remembers: bool) -> torch.autocast:
        kind, half = self._base.device.type, self._half
        enabled = kind != "mps" and half != torch.float32
        return torch.autocast(kind, half, enabled=enabled, cache_enabled=remembers)

    def _descend(self) -> None:
        learned = [parameter for part in self.parts for parameter in part.parameters]
        self._scaler.unscale_(self._optimizer)
        torch.nn.utils.clip_grad_norm_(learned, self._recipe.gradient_norm_max)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        if self._recipe.rank_norm_max is not None:
            for part in self.parts:
                limit_norms(part.tensors(), self._recipe.rank_norm_max)


def _top(name: str, parts: list[Part]) -> Top:
    top = {key: value for part in parts for key, value in part.top.items()}
    live = {key: value for part in parts for key, value in part.live.items()}
    taught = Artifact({}, (), {}, **live) if live else None
    return Top(**{"adapter": None} | top, name=name, live=taught)


def _all(parts: list[Part]) -> dict[str, Tensor]:
    return {f"{part.name}.{key}": value for part in parts for key, value in part.tensors().items()}


def _weights(unet: Any) -> int:
    return sum(parameter.numel() for parameter in unet.parameters())


def _take_gradients(part: Part, wanted: bool) -> None:
    for parameter in part.parameters:
        parameter.requires_grad_(wanted)


def _copies(part: Part) -> dict[str, Tensor]:
    return {key: value.detach().cpu() for key, value in part.tensors().items()}


@torch.no_grad()
def _fill(name: str, own: dict[str, Tensor], saved: dict[str, Tensor]) -> None:
    if own.keys() != saved.keys() or any(own[k].shape != saved[k].shape for k in own):
        raise ModelFault(f"the checkpoint does not fit: its {name} is of another shape")
    for key, tensor in own.items():
        tensor.copy_(saved[key])


def _half(bench: Bench) -> torch.dtype:
    """What products are computed in; a base that is held in half precision stays with that."""
    usual = half_on_cpu() if bench.base.device.type == "cpu" else bench.base.dtype
    wanted = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": bench.base.dtype}
    return wanted.get(bench.recipe.precision, usual)
