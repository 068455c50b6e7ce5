"""Models whose UNet reads a mask beside the latents, against diffusers' own pipeline."""

import pytest
import torch
from diffusers import StableDiffusionInpaintPipeline, StableDiffusionXLInpaintPipeline
from PIL import Image

from core.domain.drawing import Sampler, StartImage
from core.worker import beside
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING, Pictures
from core.worker.imagine import Imaginer, png
from core.worker.models import load_base
from core.worker.samplers import noise_scheduler
from core.worker.stack import Stacks
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU
from tests.unit.core.worker.engine.conftest import finish, plain_latents
from tests.unit.core.worker.engine.test_masks import given_of, ground, hole
from tests.unit.core.worker.engine.test_same_picture import CLOSE, entry, gap, tiny_request

WISH = {"prompt": "a house", "seeds": (1, 2), "num_inference_steps": 5, "guidance_scale": 3.0}


class House:
    """A tiny inpaint checkpoint and all that is built around it."""

    def __init__(self, folder, storage):
        self.base = load_base(str(folder), device=CPU, dtype=torch.float32)
        self.storage, self.stacks = storage, Stacks(self.base, storage)
        self.studio = Studio(self.base, self.stacks, images=4, adapter_bytes=2**24)
        self.pictures = Pictures(self.base, storage)

    def wish(self, **changes):
        values = WISH | {"width_px": 16, "height_px": 16, "sampler": Sampler.DDIM} | changes
        return Imaginer(self.base, self.stacks, self.storage).resolve(tiny_request(**values))

    def draw(self, *requests, given=NOTHING):
        drafts = [
            self.studio.admit(request, owner=index, alone=False, given=given)
            for index, request in enumerate(requests)
        ]
        finish(self.studio, [draft for each in drafts for draft in each])
        return drafts

    def pipeline(self):
        scheduler = noise_scheduler(Sampler.DDIM, self.base.noise_config)
        parts = self.base.pipe.components | {"scheduler": scheduler}
        if self.base.xl:
            pipe = StableDiffusionXLInpaintPipeline(**parts)
        else:
            pipe = StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def theirs(self, image, mask, masked):
        """What the pipeline of such checkpoints ends with."""
        return self.pipeline()(
            [WISH["prompt"]] * 2, image=image, mask_image=mask, masked_image_latents=masked,
            width=16, height=16, strength=1.0, num_inference_steps=5, guidance_scale=3.0,
            generator=[torch.Generator().manual_seed(seed) for seed in WISH["seeds"]],
            output_type="latent",
        ).images  # fmt: skip


@pytest.fixture(scope="module", params=[tiny.inpaint, tiny.sdxl_inpaint])
def house(tmp_path_factory, storage, request):
    return House(request.param(tmp_path_factory.mktemp("inpaint")), storage)


def test_it_is_known_by_its_channels(house, base):
    """A family of its own it is not; what it reads tells."""
    assert house.base.family.name in ("pocket", "sdxl")
    assert house.base.reads_masks
    assert not base.reads_masks


def test_masked_picture_is_what_the_pipeline_draws(house, storage):
    """Mask and the picture around it go in beside the latents."""
    start = StartImage(key=storage.put(png(ground(16))), strength=1)
    asked = house.wish(start=start, mask=storage.put(png(hole(16))))
    given = given_of(house.pictures, asked)
    (ours,) = house.draw(asked, given=given)
    theirs = house.theirs(given.clean, hole(16), given.masked)
    assert gap(ours, theirs) < CLOSE
    assert gap(ours, plain_latents(house.base, house.stacks, asked, given=given)) < CLOSE


def test_text_to_image_is_a_mask_that_is_white_all_over(house):
    """Nothing of a picture is kept: grey everywhere, on both paths."""
    asked = house.wish()
    (ours,) = house.draw(asked)
    kept = beside.nothing_kept(house.base.pipe, 8, 8)
    white = Image.new("L", (16, 16), 255)
    assert gap(ours, house.theirs(kept[:, 1:], white, kept[:, 1:])) < CLOSE
    assert gap(ours, plain_latents(house.base, house.stacks, asked)) < CLOSE


def test_with_stacks_in_one_batch(house, storage):
    """Painted into, from a picture, and from nothing: different jobs share calls."""
    stack = (entry(house.base, house.stacks, storage, seed=1),)
    start = StartImage(key=storage.put(png(ground(16))), strength=0.6)
    painted = house.wish(prompt="a <c1>", stack=stack, start=start, mask=storage.put(png(hole(16))))
    given = given_of(house.pictures, painted)
    first = house.studio.admit(painted, owner=1, alone=False, given=given)
    second = house.studio.admit(house.wish(), owner=2, alone=False, given=NOTHING)
    finish(house.studio, [*first, *second])
    assert all(draft.shared for draft in (*first, *second))
    assert gap(first, plain_latents(house.base, house.stacks, painted, given=given)) < CLOSE
    assert gap(second, plain_latents(house.base, house.stacks, house.wish())) < CLOSE
