"""The engine around the pocket model, and requests to compare it with the plain path."""

import pytest
import torch

from core.domain.requests import ImagineRequest
from core.worker import latents
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING, Given
from core.worker.plain import PlainPath

MEGABYTES = 2**20


@pytest.fixture(scope="session")
def studio(base, stacks):
    return Studio(base, stacks, images=8, adapter_bytes=64 * MEGABYTES)


@pytest.fixture
def wish(imaginer):
    """Makes a resolved request of four steps."""

    def make(**changes):
        values = {"prompt": "a red temple", "seeds": (1,), "num_inference_steps": 4}
        return imaginer.resolve(ImagineRequest(**values | {"guidance_scale": 3.0} | changes))

    return make


@pytest.fixture
def together(studio):
    """Draws requests in one batch; returns their drafts, request by request."""

    def draw(*requests, given=NOTHING, alone=False):
        drafts = [
            studio.admit(request, owner=owner, alone=alone, given=given)
            for owner, request in enumerate(requests)
        ]
        finish(studio, [draft for each in drafts for draft in each])
        return drafts

    return draw


@pytest.fixture
def plainly(base, stacks):
    """The latents that diffusers' own pipeline ends with, (count, channels, height, width)."""

    def draw(request, *, given=NOTHING):
        return plain_latents(base, stacks, request, given=given)

    return draw


def finish(studio, drafts):
    """Advances until every draft has its picture."""
    while any(draft.picture is None for draft in drafts):
        studio.advance()


def plain_latents(base, stacks, request, *, given=NOTHING):
    """What the plain path hands to the VAE."""
    seen = []
    decode = base.pipe.vae.decode

    def noting(scaled, *args, **kwargs):
        seen.append(scaled * base.pipe.vae.config.scaling_factor)
        return decode(scaled, *args, **kwargs)

    base.pipe.vae.decode = noting
    try:
        speller = stacks.wear(request.stack)
        PlainPath(base).draw(request, speller, given=given, on_step=lambda _done, _total: None)
    finally:
        del base.pipe.vae.decode
    return torch.cat(seen)


def encoded(base, picture):
    """A picture to begin from."""
    return Given(latents.encode(base, [picture]))
