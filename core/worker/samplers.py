"""Samplers by their usual names, set up as the checkpoint was trained."""

import inspect
from collections.abc import Mapping
from typing import Any

from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    TCDScheduler,
    UniPCMultistepScheduler,
)

from core.domain.drawing import Sampler
from core.domain.requests import ImagineRequest
from core.errors import InvalidInput


class KarrasDPMSolver(DPMSolverMultistepScheduler):  # type: ignore[misc]
    """DPM-Solver++ with Karras' spacing, which begins at its first step.

    Rounded, that spacing may list one timestep twice. Text-to-image pipelines let the scheduler
    look its first step up by timestep; it would take the second and run out of steps at the end.
    """

    def set_timesteps(self, *args: Any, **kwargs: Any) -> None:
        """As diffusers does it, with the first step pinned; pipelines may pin a later one."""
        super().set_timesteps(*args, **kwargs)
        self.set_begin_index(0)


CLASSES: Mapping[Sampler, Any] = {
    Sampler.DDIM: DDIMScheduler,
    Sampler.EULER: EulerDiscreteScheduler,
    Sampler.EULER_A: EulerAncestralDiscreteScheduler,
    Sampler.DPMPP_2M: DPMSolverMultistepScheduler,
    Sampler.DPMPP_2M_KARRAS: KarrasDPMSolver,
    Sampler.DPMPP_2M_SDE: DPMSolverMultistepScheduler,
    Sampler.UNIPC: UniPCMultistepScheduler,
    Sampler.LCM: LCMScheduler,
    Sampler.TCD: TCDScheduler,
}
OWN: Mapping[Sampler, Mapping[str, Any]] = {
    Sampler.DPMPP_2M_KARRAS: {"use_karras_sigmas": True},
    Sampler.DPMPP_2M_SDE: {"algorithm_type": "sde-dpmsolver++"},
}
"""What makes one sampler of a class another than the next."""
KEPT = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "rescale_betas_zero_snr",
    "timestep_spacing",
    "steps_offset",
    "set_alpha_to_one",
    "clip_sample",
)


def noise_scheduler(sampler: Sampler, config: Mapping[str, Any]) -> Any:
    """A fresh scheduler object of diffusers with the checkpoint's noise schedule and prediction.

    Only what the training fixed is taken over from `config`; a solver's own settings, which a
    checkpoint may have saved for another solver, stay at that solver's defaults.

    Raises:
        InvalidInput: the solver does not know what the checkpoint predicts.
    """
    kind = CLASSES[sampler]
    if sampler is Sampler.EULER_A and config.get("prediction_type") == "sample":
        raise InvalidInput("The sampler euler_a cannot draw with this model; choose another.")
    known = inspect.signature(kind.__init__).parameters
    kept = {"clip_sample": False, **{key: config[key] for key in KEPT if key in config}}
    kept |= OWN.get(sampler, {})
    return kind(**{key: value for key, value in kept.items() if key in known})


def schedule_of(request: ImagineRequest, noise_config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The noise schedule of a request: its own where it was recorded, else the checkpoint's."""
    return noise_config if request.setup is None else request.setup.schedule


def possible_steps(noise_scheduler: Any, steps: int) -> int:
    """`steps`, or one more where the solver cannot divide its schedule by it.

    "Trailing" spacing adds up fractions: 1000 / 61 overshoots by one step, whose timestep is −1.

    Raises:
        InvalidInput: a distilled sampler has no schedule of so many steps.
    """
    most = noise_scheduler.config.get("original_inference_steps", steps)
    if steps > most:
        raise InvalidInput(
            f"This sampler draws in {most} steps or fewer; ask for fewer steps or another sampler."
        )
    noise_scheduler.set_timesteps(steps)
    return steps if len(noise_scheduler.timesteps) == steps else steps + 1


def eta(noise_scheduler: Any) -> float:
    """The share of fresh noise that the solver itself would take; 0 where it takes no such share.

    Diffusers' pipelines hand 0 to every solver that asks, also to TCD, which is made for 0.3.
    """
    asked = inspect.signature(noise_scheduler.step).parameters.get("eta")
    return float(asked.default) if asked else 0.0
