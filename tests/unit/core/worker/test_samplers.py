"""Samplers over the noise schedules that checkpoints come with."""

import pytest
import torch
from diffusers import DDIMScheduler, PNDMScheduler

from core.domain.drawing import Sampler
from core.errors import InvalidInput
from core.worker.samplers import CLASSES, eta, noise_scheduler, possible_steps


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


def test_samplers_of_one_class_differ():
    """Karras' spacing and fresh noise make of DPM-Solver++ 2M the two others."""
    config = DDIMScheduler().config
    kinds = (Sampler.DPMPP_2M, Sampler.DPMPP_2M_KARRAS, Sampler.DPMPP_2M_SDE)
    plain, karras, sde = (noise_scheduler(kind, config).config for kind in kinds)
    assert [each.use_karras_sigmas for each in (plain, karras, sde)] == [False, True, False]
    assert plain.algorithm_type == karras.algorithm_type == "dpmsolver++"
    assert sde.algorithm_type == "sde-dpmsolver++"


def test_karras_spacing_begins_at_its_first_step():
    """Though it may list one timestep twice, which diffusers alone would take for the second."""
    trained = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        rescale_betas_zero_snr=True,
    )
    scheduler = noise_scheduler(Sampler.DPMPP_2M_KARRAS, trained.config)
    scheduler.set_timesteps(21)
    first, second = scheduler.timesteps[:2]
    assert first == second
    scheduler.step(torch.zeros(1), first, torch.zeros(1))
    assert scheduler.step_index == 1


@pytest.mark.parametrize("sampler", Sampler)
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
def test_every_possible_number_of_steps_is_listed_in_full(sampler, spacing):
    """The scheduler lists as many timesteps as were settled on, from noise to picture."""
    config = DDIMScheduler(timestep_spacing=spacing, steps_offset=1).config
    scheduler = noise_scheduler(sampler, config)
    for wanted in range(1, scheduler.config.get("original_inference_steps", 100) + 1):
        steps = possible_steps(scheduler, wanted)
        scheduler.set_timesteps(steps)
        assert steps - wanted in {0, 1}
        assert len(scheduler.timesteps) == steps
        assert scheduler.timesteps.min() >= 0


def test_steps_that_overshoot_get_one_more():
    """61 trailing steps would end at timestep -1 in diffusers; 62 end well."""
    config = DDIMScheduler(timestep_spacing="trailing").config
    assert possible_steps(noise_scheduler(Sampler.DDIM, config), 61) == 62
    assert possible_steps(noise_scheduler(Sampler.DDIM, config), 60) == 60


@pytest.mark.parametrize("sampler", [Sampler.LCM, Sampler.TCD])
def test_distilled_samplers_say_how_many_steps_they_have(sampler):
    """They pick from fifty steps, so they cannot draw in more."""
    scheduler = noise_scheduler(sampler, DDIMScheduler().config)
    assert possible_steps(scheduler, 50) == 50
    with pytest.raises(InvalidInput, match="50 steps or fewer"):
        possible_steps(scheduler, 51)


def test_model_that_a_sampler_does_not_know_is_said():
    """Euler ancestral has no step for a model that predicts the picture itself."""
    with pytest.raises(InvalidInput, match="choose another"):
        noise_scheduler(Sampler.EULER_A, {"prediction_type": "sample"})


def test_noise_share_is_the_solvers_own():
    """TCD is made for fresh noise, DDIM for none, and Euler takes no such share."""
    config = DDIMScheduler().config
    shares = [eta(noise_scheduler(kind, config)) for kind in (Sampler.TCD, Sampler.DDIM)]
    assert shares == [0.3, 0.0]
    assert eta(noise_scheduler(Sampler.EULER, config)) == 0.0
