"""Samplers over the noise schedules that checkpoints come with."""

import pytest
from diffusers import DDIMScheduler, PNDMScheduler

from core.domain.requests import Sampler
from core.worker.samplers import CLASSES, noise_scheduler

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("sampler", Sampler)
def test_training_settings_are_kept(sampler):
    """Prediction, zero terminal SNR and spacing come from the checkpoint for every sampler."""
    trained = DDIMScheduler(
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        steps_offset=1,
    )
    made = noise_scheduler(sampler, trained.config)
    assert type(made) is CLASSES[sampler]
    for key in ("beta_schedule", "prediction_type", "rescale_betas_zero_snr", "timestep_spacing"):
        assert made.config[key] == trained.config[key], key


def test_settings_of_another_solver_do_not_leak():
    """What a checkpoint saved for PNDM alone is left out, and latents are never clipped."""
    made = noise_scheduler(Sampler.DDIM, PNDMScheduler(skip_prk_steps=True).config)
    assert "skip_prk_steps" not in made.config
    assert made.config.clip_sample is False


def test_every_call_makes_a_new_object():
    """Solvers remember steps, so no two drawings share one."""
    config = DDIMScheduler().config
    assert noise_scheduler(Sampler.UNIPC, config) is not noise_scheduler(Sampler.UNIPC, config)
