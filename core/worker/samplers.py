"""Samplers by their usual names, set up as the checkpoint was trained."""

import inspect
from collections.abc import Mapping
from typing import Any

from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    UniPCMultistepScheduler,
)

from core.domain.requests import Sampler

CLASSES: Mapping[Sampler, Any] = {
    Sampler.DDIM: DDIMScheduler,
    Sampler.EULER: EulerDiscreteScheduler,
    Sampler.EULER_A: EulerAncestralDiscreteScheduler,
    Sampler.DPMPP_2M: DPMSolverMultistepScheduler,
    Sampler.UNIPC: UniPCMultistepScheduler,
}
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
    """
    kind = CLASSES[sampler]
    known = inspect.signature(kind.__init__).parameters
    kept = {"clip_sample": False, **{key: config[key] for key in KEPT if key in config}}
    return kind(**{key: value for key, value in kept.items() if key in known})
