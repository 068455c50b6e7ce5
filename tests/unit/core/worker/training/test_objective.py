"""The loss in each prediction type."""

import pytest
import torch
from diffusers import DDPMScheduler

from core.worker.training.objective import SNR_CAP, Objective

CLEAN = torch.randn((64, 4, 8, 8), generator=torch.Generator().manual_seed(5))


def config(prediction, **changes):
    return DDPMScheduler(
        beta_schedule="scaled_linear", prediction_type=prediction, **changes
    ).config


def noised(prediction, **changes):
    random = torch.Generator().manual_seed(1)
    return Objective(config(prediction, **changes)).noise(CLEAN, random)


def recovered(prediction, made):
    """The clean latents that follow from the noised ones and the right answer."""
    kept = DDPMScheduler.from_config(config(prediction)).alphas_cumprod[made.timesteps]
    root, rest = (x.sqrt().view(-1, 1, 1, 1) for x in (kept, 1 - kept))
    return {
        "epsilon": lambda: (made.latents - rest * made.target) / root,
        "v_prediction": lambda: root * made.latents - rest * made.target,
        "sample": lambda: made.target,
    }[prediction]()


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_right_answer_leads_back_to_the_clean_latents(prediction):
    """The target is what the checkpoint's own prediction type means."""
    made = noised(prediction)
    assert torch.allclose(recovered(prediction, made), CLEAN, atol=1e-2)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_right_answer_costs_nothing_and_each_row_its_own(prediction):
    """Zero for the target; an error in one row is that row's loss alone."""
    objective, made = Objective(config(prediction)), noised(prediction)
    assert objective.losses(made.target, made).abs().max() == 0
    wrong = made.target.clone()
    wrong[3] += 1
    losses = objective.losses(wrong, made)
    assert losses[3] == pytest.approx(made.weight[3].item())
    assert losses.count_nonzero() == 1


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_noisy_rows_count_in_full_and_clean_ones_less(prediction):
    """Weights are 1 up to the cap on the signal-to-noise ratio, then fall."""
    made = noised(prediction)
    kept = DDPMScheduler.from_config(config(prediction)).alphas_cumprod[made.timesteps]
    ratio = kept / (1 - kept)
    assert torch.allclose(made.weight[ratio <= SNR_CAP], torch.ones(1))
    assert (made.weight[ratio > SNR_CAP] < 1).all()
    assert (ratio > SNR_CAP).any()


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_rows_that_are_all_noise_have_finite_weights(prediction):
    """With zero terminal SNR nothing is divided by zero."""
    made = noised(prediction, rescale_betas_zero_snr=True)
    assert made.weight.isfinite().all()
    assert made.weight.min() > 0


def test_chance_comes_from_the_given_generator_alone():
    """The global generator neither decides nor moves."""
    before = torch.random.get_rng_state()
    one, two = noised("epsilon"), noised("epsilon")
    assert torch.equal(one.latents, two.latents)
    assert torch.equal(one.timesteps, two.timesteps)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_without_a_cap_every_row_counts_the_same():
    """Min-SNR can be switched off."""
    objective = Objective(config("epsilon"), snr_cap=None)
    made = objective.noise(CLEAN, torch.Generator().manual_seed(1))
    assert set(made.weight.tolist()) == {1.0}


def test_offset_moves_whole_channels():
    """Its noise differs from the plain one by one number a channel, and is the target too."""
    plain, moved = (
        Objective(config("epsilon"), noise_offset=offset).noise(
            CLEAN, torch.Generator().manual_seed(1)
        )
        for offset in (0.0, 0.2)
    )
    difference = moved.target - plain.target
    assert difference.flatten(2).std(2).max() < 1e-5
    assert difference[:, :, 0, 0].std() == pytest.approx(0.2, rel=0.2)


def test_errors_outside_the_mask_do_not_count():
    """Only marked cells do; the floor lets the rest count a little; half as many count double."""
    objective, made = Objective(config("epsilon")), noised("epsilon")
    wrong = made.target.clone()
    wrong[:, :, :, 4:] += 1
    left, right = (torch.zeros((64, 1, 8, 8)) for _ in range(2))
    left[..., :4], right[..., 4:] = 1, 1
    assert objective.losses(wrong, made, left).abs().max() == 0
    assert torch.allclose(objective.losses(wrong, made, right), made.weight)
    floored = 0.1 + 0.9 * left
    assert torch.allclose(objective.losses(wrong, made, floored), made.weight * 0.1 / 1.1)
    every = torch.ones((64, 1, 8, 8))
    assert torch.allclose(objective.losses(wrong, made, every), objective.losses(wrong, made))
