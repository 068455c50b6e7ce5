"""Samplers as tables: one row of coefficients a step, read off diffusers' own scheduler objects.

A linear multistep sampler makes the next latents from those of the last steps, the model's outputs
for them, and fresh noise, each times a number that depends on nothing but the step. So a scheduler
is asked once, with unit vectors, what it makes of each; no sampler's maths stands here.
"""

import inspect
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from core.errors import ModelFault

WINDOW = 3
"""Steps that a row reaches: its own and the two before. UniPC needs all three."""
TOLERANCE = 1e-5
"""Float32 rounding inside diffusers stays below 1e-6; clipped latents are off by far more."""
TEST_SIZE = 100.0
"""Spread of the random vectors of the test, beyond any latents, so that a clipping one is seen."""
TEST_DIMS = 64


class NotLinear(ModelFault):
    """A scheduler's steps are no sums over its last `WINDOW` steps; the plain path can run it."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What a sampler does at each of its steps; shared between images, so never written to.

    Indices are those of `timesteps`, also where drawing begins later; what lies before is zeros.
    """

    timesteps: Tensor
    """(steps,) as diffusers lists them, float32 or int64."""
    input_scale: Tensor
    """(steps,) float32; the UNet is given the latents times this."""
    rows: Tensor
    """(steps, 2 · WINDOW + 1) float32: the next latents are the sum over (latents, model output)
    of this step, of the one before and of the one before that, and noise; zeros where a step does
    not reach back."""
    noising: Tensor
    """(steps + 1, 2) float32: noise is put onto clean latents for a step as the sum over (clean,
    noise). The last row is (1, 0): nothing is left to take away."""
    initial_scale: float
    """Text-to-image begins from standard normal noise times this."""

    def needs_noise(self, step: int) -> bool:
        """Fresh noise goes into the latents after this step."""
        return bool(self.rows[step, -1] != 0)


def read_table(noise_scheduler: Any, *, steps: int, begin: int = 0) -> Table:
    """The table of a scheduler of diffusers at a number of steps; the object is left as it was.

    `begin` is the step at which image-to-image comes in: solvers begin there with low order.

    Raises:
        NotLinear: it clips or thresholds, reaches further back, or divides by zero.
    """
    kind: Any = type(noise_scheduler)
    return _read(kind, noise_scheduler.to_json_string(), steps, begin)


@lru_cache(maxsize=512)
def _read(kind: Any, config: str, steps: int, begin: int) -> Table:
    scheduler = _begun(kind, config, steps, begin)
    noising = _noising(scheduler)
    initial_scale = float(scheduler.init_noise_sigma)
    scheduler = _begun(kind, config, steps, begin)
    input_scale, responses = _responses(scheduler, begin)
    rows = _rows(responses, begin).float()
    _test(_begun(kind, config, steps, begin), rows, begin)
    return Table(scheduler.timesteps.clone(), input_scale, rows, noising, initial_scale)


def _begun(kind: Any, config: str, steps: int, begin: int) -> Any:
    """A fresh scheduler, just before its first step."""
    scheduler = kind.from_config(json.loads(config))
    scheduler.set_timesteps(steps)
    _set_begin(scheduler, begin)
    return scheduler


def _set_begin(scheduler: Any, begin: int) -> None:
    if hasattr(scheduler, "set_begin_index"):  # DDIM looks at nothing but the timestep
        scheduler.set_begin_index(begin)


def _noising(scheduler: Any) -> Tensor:
    """What `add_noise` does before each step, (steps + 1, 2) float32."""
    clean, noise = torch.eye(2, dtype=torch.float64).unsqueeze(1)
    made = []
    for step in range(len(scheduler.timesteps)):
        _set_begin(scheduler, step)
        made.append(scheduler.add_noise(clean, noise, scheduler.timesteps[step : step + 1]))
    return torch.cat([*made, clean]).float()


class _GivenNoise(TorchFunctionMode):
    """Inside it, whoever draws normal noise is handed these values."""

    def __init__(self, noise: Tensor) -> None:
        super().__init__()
        self._noise = noise

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        return self._noise.to(kwargs["dtype"]) if func is torch.randn else func(*args, **kwargs)


def _responses(scheduler: Any, begin: int) -> tuple[Tensor, Tensor]:
    """Input scales (steps,) float32, and what each step makes of unit vectors.

    Every step is given latents, model output and noise that are axes of their own, whatever the
    step before put out. The second result is (steps, steps, 3) float64: [n, k] tells how much of
    step k's (latents, output, noise) is in what step n puts out.
    """
    count = len(scheduler.timesteps)
    axes = torch.eye(3 * count, dtype=torch.float64).view(count, 3, 1, 1, 1, 3 * count)
    scales, made = torch.zeros(count), torch.zeros(count, 3 * count, dtype=torch.float64)
    for step in range(begin, count):
        timestep, (latents, output, noise) = scheduler.timesteps[step], axes[step]
        scales[step] = scheduler.scale_model_input(torch.ones(1), timestep).item()
        with _GivenNoise(noise):
            made[step] = scheduler.step(output, timestep, latents, return_dict=False)[0].flatten()
    return scales, made.view(count, count, 3)


def _rows(responses: Tensor, begin: int) -> Tensor:
    """Responses folded into the window, (steps, 2 · WINDOW + 1) float64.

    A solver with a corrector (UniPC) keeps corrected latents, and through them remembers every
    step. The latents that it put out last are a sum over the same memory: so much of them is
    taken in that the memory cancels.
    """
    rows = torch.zeros(len(responses), 2 * WINDOW + 1, dtype=torch.float64)
    for step in range(begin, len(responses)):
        reach = responses[step].clone()
        beyond = max(step + 1 - WINDOW, 0)
        memory, before = reach[:beyond], responses[step - 1]
        if before[:beyond].any():
            share = (memory * before[:beyond]).sum() / before[:beyond].square().sum()
            reach = reach - share * before
            reach[step, 0] += share
        recent = reach[beyond : step + 1, :2].flip(0).flatten()
        rows[step, : len(recent)] = recent
        rows[step, -1] = reach[step, 2]
    return rows


def _test(scheduler: Any, rows: Tensor, begin: int) -> None:
    """Runs scheduler and rows side by side over random values, in float32 as the engine does.

    Raises:
        NotLinear: they do not agree.
    """
    random, drawn, same = (torch.Generator().manual_seed(seed) for seed in (1, 2, 2))
    shape = (1, 1, 1, TEST_DIMS)
    draws = "generator" in inspect.signature(scheduler.step).parameters
    options = {"generator": drawn} if draws else {}
    latents, terms = _random(shape, random), torch.zeros(2 * WINDOW + 1, *shape)
    for step, timestep in enumerate(scheduler.timesteps[begin:], begin):
        noise = torch.randn(shape, generator=same) if rows[step, -1] else torch.zeros(shape)
        output = _random(shape, random)
        terms = torch.stack([latents, output, *terms[:-3], noise])
        scheduler.scale_model_input(latents, timestep)
        latents = scheduler.step(output, timestep, latents, return_dict=False, **options)[0]
        off = _off(rows[step].view(-1, 1, 1, 1, 1) * terms, latents)
        if not off <= TOLERANCE:  # also where it is not a number
            raise NotLinear(f"{type(scheduler).__name__} is off by {off:.1e} at step {step}.")


def _random(shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=random) * TEST_SIZE


def _off(parts: Tensor, latents: Tensor) -> float:
    """The largest difference between the parts' sum and the latents, relative to the parts."""
    return float((parts.sum(0) - latents).abs().max() / parts.abs().sum(0).max())
