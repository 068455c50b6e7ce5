"""Tables against the schedulers of diffusers that they were read off."""

from itertools import product

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    PNDMScheduler,
    UniPCMultistepScheduler,
)

from core.domain.drawing import Sampler
from core.worker.engine.tables import WINDOW, NotLinear, read_table
from core.worker.from_image import image_to_image
from core.worker.samplers import eta, noise_scheduler

SHAPE = (1, 4, 8, 8)
NOISY = {Sampler.EULER_A, Sampler.DPMPP_2M_SDE, Sampler.LCM, Sampler.TCD}
STEPS = (1, 2, 5, 20)
PREDICTIONS = ("epsilon", "v_prediction", "sample")
IMPOSSIBLE = {(Sampler.EULER_A, "sample")}
"""Diffusers has no such step."""
DIVIDES_BY_ZERO = {Sampler.DDIM, Sampler.LCM, Sampler.TCD}
"""With an epsilon at a signal of exactly zero; the others keep a little signal."""


def scheduler(sampler, prediction="epsilon", *, zero_snr=False, **changes):
    config = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": prediction,
        "rescale_betas_zero_snr": zero_snr,
        "timestep_spacing": "trailing" if zero_snr else "leading",
        "steps_offset": 1,
        **changes,
    }
    return noise_scheduler(sampler, config)


class Stepping:
    """Latents of one image, moved by rows of a table as an engine would."""

    def __init__(self, table, *, begin=0, dtype=torch.float32):
        self.table, self.step, self._dtype = table, begin, dtype
        self._terms = torch.zeros(2 * WINDOW, *SHAPE, dtype=dtype)

    def next(self, latents, output, generator):
        row = self.table.rows[self.step].to(self._dtype)
        noise = torch.zeros(SHAPE)
        if self.table.needs_noise(self.step):
            noise = torch.randn(SHAPE, generator=generator)
        self._terms = torch.stack([latents, output, *self._terms[:-2]])
        self.step += 1
        return combined(row[None], torch.cat([self._terms, noise[None].to(self._dtype)])[None])[0]


def combined(rows, terms):
    """One expression for a batch: rows (batch, terms), terms (batch, terms, …)."""
    return torch.einsum("nt,nt...->n...", rows, terms)


def drive(theirs, begin, steps):
    """The scheduler as diffusers' pipelines set it up, and the timesteps that are left."""
    theirs.set_timesteps(steps)
    if hasattr(theirs, "set_begin_index"):
        theirs.set_begin_index(begin)
    return theirs.timesteps[begin:]


def relative(ours, theirs):
    return float((ours - theirs).abs().max() / theirs.abs().max())


def cases():
    for sampler, prediction, zero_snr in product(Sampler, PREDICTIONS, (False, True)):
        possible = (sampler, prediction) not in IMPOSSIBLE
        if possible and not (zero_snr and prediction == "epsilon" and sampler in DIVIDES_BY_ZERO):
            yield sampler, prediction, zero_snr


@pytest.mark.parametrize(("sampler", "prediction", "zero_snr"), list(cases()))
def test_every_step_is_what_diffusers_makes(sampler, prediction, zero_snr):
    """Whatever the model says, one row gives diffusers' next latents within 1e-6 of their size.

    Both draw their noise from a generator of the same seed; image-to-image comes in later.
    """
    theirs = scheduler(sampler, prediction, zero_snr=zero_snr)
    for steps in STEPS:
        for begin in {0, steps // 3, steps - 1}:
            side_by_side(theirs, steps, begin)
    if sampler not in NOISY:  # diffusers draws other noise in float64
        side_by_side(theirs, 20, 3, dtype=torch.float64)


def side_by_side(theirs, steps, begin, *, dtype=torch.float32):
    table = read_table(theirs, steps=steps, begin=begin)
    ours = Stepping(table, begin=begin, dtype=dtype)
    outputs, one, other = (torch.Generator().manual_seed(seed) for seed in (1, 2, 2))
    takes = {"generator": one} if table.rows[:, -1].any() else {}
    latents = torch.randn(SHAPE, generator=outputs, dtype=dtype)
    for timestep in drive(theirs, begin, steps):
        output = torch.randn(SHAPE, generator=outputs, dtype=dtype)
        given = theirs.scale_model_input(latents, timestep)
        assert relative(table.input_scale[ours.step] * latents, given) < 1e-6
        after = theirs.step(output, timestep, latents, return_dict=False, **takes)[0]
        assert relative(ours.next(latents, output, other), after) < 1e-6
        latents = after


def test_any_mix_of_samplers_moves_as_each_alone():
    """In one expression every image gets its own sampler's step, whoever is beside it."""
    rows, terms = [], []
    for place, sampler in enumerate(Sampler):
        random = torch.Generator().manual_seed(place)
        steps = 4 + place
        rows.append(read_table(scheduler(sampler), steps=steps).rows[place % steps])
        terms.append(torch.randn(2 * WINDOW + 1, *SHAPE, generator=random))
    together = combined(torch.stack(rows), torch.stack(terms))
    for row, own, moved in zip(rows, terms, together, strict=True):
        alone = combined(row[None], own[None])[0]
        assert relative(moved, alone) < 1e-6
        by_hand = sum(float(share) * term for share, term in zip(row, own, strict=True))
        assert relative(moved, by_hand) < 1e-6


@pytest.mark.parametrize("sampler", Sampler)
@pytest.mark.parametrize("zero_snr", [False, True])
def test_noising_is_what_diffusers_adds(sampler, zero_snr):
    """For every step at which a picture may come in, and none is left after the last."""
    theirs = scheduler(sampler, "v_prediction", zero_snr=zero_snr)
    table = read_table(theirs, steps=7)
    clean, noise = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(1))
    for step in range(7):
        left = drive(theirs, step, 7)
        signal, sigma = table.noising[step]
        noisy = theirs.add_noise(clean, noise, left[:1])
        assert relative(signal * clean + sigma * noise, noisy) < 1e-6
    assert table.noising.shape == (8, 2)
    assert table.noising[-1].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("sampler", Sampler)
def test_noise_is_asked_for_where_it_goes_in(sampler):
    """Noisy samplers want it after every step but the last, the others never."""
    table = read_table(scheduler(sampler, "v_prediction", zero_snr=True), steps=6, begin=2)
    wanted = [table.needs_noise(step) for step in range(2, 6)]
    assert wanted == [sampler in NOISY] * 3 + [False]


@pytest.mark.parametrize("sampler", Sampler)
def test_beginning_is_as_the_scheduler_says(sampler):
    """Timesteps keep their kind and the starting noise its size."""
    theirs = scheduler(sampler)
    table = read_table(theirs, steps=9)
    theirs.set_timesteps(9)
    assert table.timesteps.dtype == theirs.timesteps.dtype
    assert table.timesteps.tolist() == theirs.timesteps.tolist()
    assert table.initial_scale == pytest.approx(float(theirs.init_noise_sigma), rel=1e-6)


@pytest.mark.parametrize(
    "theirs",
    [
        DDIMScheduler(clip_sample=True),
        DPMSolverMultistepScheduler(thresholding=True),
        PNDMScheduler(skip_prk_steps=True),
        UniPCMultistepScheduler(solver_order=3),
        DDIMScheduler(rescale_betas_zero_snr=True, timestep_spacing="trailing", clip_sample=False),
    ],
    ids=["clips", "thresholds", "four-back", "corrects-four-back", "divides-by-zero"],
)
def test_what_is_no_table_is_refused(theirs):
    """A scheduler whose steps are no finite sums over three of them is left to the plain path."""
    with pytest.raises(NotLinear, match=type(theirs).__name__):
        read_table(theirs, steps=8)


def test_third_order_without_a_corrector_still_fits():
    """The window is what a solver needs, not a list of names."""
    table = read_table(DPMSolverMultistepScheduler(solver_order=3), steps=20)
    assert table.rows[10, 4:6].any()


def test_same_settings_are_read_once():
    """Equal schedulers share a table; another number of steps, beginning or setting does not."""
    table = read_table(scheduler(Sampler.EULER), steps=5)
    assert read_table(scheduler(Sampler.EULER), steps=5) is table
    for other in (
        read_table(scheduler(Sampler.EULER), steps=6),
        read_table(scheduler(Sampler.EULER), steps=5, begin=1),
        read_table(scheduler(Sampler.EULER, "v_prediction"), steps=5),
    ):
        assert other is not table


def test_scheduler_is_left_as_it_was():
    """Reading works on a copy, so a scheduler in use may be read."""
    theirs = scheduler(Sampler.UNIPC)
    left = drive(theirs, 3, 8)
    read_table(theirs, steps=5)
    assert theirs.begin_index == 3
    assert theirs.timesteps[3:].tolist() == left.tolist()


@torch.no_grad()
def sampled(base, theirs, latents, *, seed, begin=0):
    """The pocket UNet at guidance 3 over 20 steps of a table."""
    table = read_table(theirs, steps=20, begin=begin)
    prompt, negative = base.pipe.encode_prompt("a red temple at night", "cpu", 1, True, "")
    stepping, embeds = Stepping(table, begin=begin), torch.cat([negative, prompt])
    generator = torch.Generator().manual_seed(seed)
    for step in range(begin, 20):
        given = (latents * table.input_scale[step]).expand(2, -1, -1, -1)
        without, said = base.pipe.unet(given, table.timesteps[step], embeds).sample.chunk(2)
        latents = stepping.next(latents, without + 3 * (said - without), generator)
    return latents


def asked(theirs, **options):
    return {
        "prompt": "a red temple at night",
        "num_inference_steps": 20,
        "guidance_scale": 3.0,
        "output_type": "latent",
        "eta": eta(theirs),
        "generator": torch.Generator().manual_seed(5),
        **options,
    }


@pytest.mark.parametrize("sampler", Sampler)
def test_picture_from_a_picture_is_what_the_pipeline_draws(base, sampler):
    """Image-to-image at strength 0.6 comes in at step 8, and agrees within 1e-4."""
    theirs = noise_scheduler(sampler, base.noise_config)
    clean, noise = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(4))
    pipe = image_to_image(base, theirs, noise=noise)
    expected = pipe(**asked(theirs, image=clean, strength=0.6)).images
    signal, sigma = read_table(theirs, steps=20, begin=8).noising[8]
    made = sampled(base, theirs, signal * clean + sigma * noise, seed=5, begin=8)
    assert float((made - expected).abs().max()) < 1e-4
