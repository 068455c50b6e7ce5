"""A whole picture of the embedded model: the engine ends where diffusers' own pipeline ends."""

import pytest
import torch

from core.domain.drawing import Sampler
from core.domain.requests import ImagineRequest
from core.worker.engine.tables import read_table
from core.worker.given import NOTHING
from core.worker.samplers import noise_scheduler
from tests.unit.core.worker.engine.conftest import finish
from tests.unit.core.worker.engine.test_same_picture import CLOSE, NOISY, gap
from tests.unit.core.worker.engine.test_tables import SHAPE, asked, sampled

STEADY = [sampler for sampler in Sampler if sampler not in NOISY]


@pytest.fixture(scope="module")
def drawn(studio, imaginer, make_concept):
    """For each deterministic sampler a request with a stack of two and its drafts; all were
    sampled together, as many as a batch holds."""
    stack = (make_concept("one", seed=1), make_concept("two", seed=2, weight=0.6))
    open_wish = ImagineRequest(prompt="a <one> house, <two>", seeds=(1,), stack=stack)
    wishes = [
        imaginer.resolve(open_wish.model_copy(update={"sampler": sampler})) for sampler in STEADY
    ]
    drafts = [
        studio.admit(wish, owner=owner, alone=False, given=NOTHING)
        for owner, wish in enumerate(wishes)
    ]
    finish(studio, [one for each in drafts for one in each])
    return dict(zip(STEADY, zip(wishes, drafts, strict=True), strict=True))


@pytest.mark.parametrize("sampler", STEADY)
def test_twenty_steps_end_where_diffusers_ends(drawn, plainly, sampler):
    """With the same adapters and the same words."""
    wish, ours = drawn[sampler]
    assert wish.num_inference_steps == 20
    assert all(draft.shared for draft in ours)
    assert gap(ours, plainly(wish)) < CLOSE


@pytest.mark.parametrize("sampler", Sampler)
def test_whole_picture_is_what_the_pipeline_draws(base, sampler):
    """After 20 steps of the real UNet the latents agree within 1e-4, noisy samplers too."""
    theirs = noise_scheduler(sampler, base.noise_config)
    noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(4))
    base.pipe.scheduler = theirs
    expected = base.pipe(**asked(theirs, latents=noise, height=64, width=64)).images
    initial = read_table(theirs, steps=20).initial_scale
    made = sampled(base, theirs, noise * initial, seed=5)
    assert float((made - expected).abs().max()) < 1e-4
