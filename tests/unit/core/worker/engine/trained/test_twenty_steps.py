"""A whole picture of the embedded model: the engine ends where diffusers' own pipeline ends."""

import pytest

from core.domain.requests import ImagineRequest, Sampler
from core.worker.given import NOTHING
from tests.unit.core.worker.engine.conftest import finish
from tests.unit.core.worker.engine.test_same_picture import CLOSE, NOISY, gap

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

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
    asked, ours = drawn[sampler]
    assert asked.num_inference_steps == 20
    assert all(draft.shared for draft in ours)
    assert gap(ours, plainly(asked)) < CLOSE
