"""Tables against the schedulers of diffusers that they were read off."""

from itertools import product

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, PNDMScheduler

from core.domain.requests import Sampler
from core.worker.engine.tables import WINDOW, NotLinear, read_table
from core.worker.samplers import eta, noise_scheduler

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

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
    return (rows.view(*rows.shape, 1, 1, 1, 1) * terms).sum(1)


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

    Both draw their noise from a generator of the same seed (diffusers draws other values in
    float64, so noisy samplers are compared in float32); image-to-image comes in at a later step.
    """
    dtypes = (torch.float32,) if sampler in NOISY else (torch.float32, torch.float64)
    for dtype, steps in product(dtypes, STEPS):
        for begin in {0, steps // 3, steps - 1}:
            theirs = scheduler(sampler, prediction, zero_snr=zero_snr)
            ours = Stepping(read_table(theirs, steps=steps, begin=begin), begin=begin, dtype=dtype)
            outputs, one, other = (torch.Generator().manual_seed(seed) for seed in (1, 2, 2))
            takes = {"generator": one} if sampler in NOISY else {}
            latents = torch.randn(SHAPE, generator=outputs, dtype=dtype)
            for timestep in drive(theirs, begin, steps):
                output = torch.randn(SHAPE, generator=outputs, dtype=dtype)
                given = theirs.scale_model_input(latents, timestep)
                scale = ours.table.input_scale[ours.step]
                assert relative(scale * latents, given) < 1e-6
                after = theirs.step(output, timestep, latents, return_dict=False, **takes)[0]
                assert relative(ours.next(latents, output, other), after) < 1e-6
                latents = after
