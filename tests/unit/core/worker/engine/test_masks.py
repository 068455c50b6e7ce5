"""Painting into pictures: the engine against diffusers' own inpaint pipelines."""

import pytest
import torch
from diffusers import StableDiffusionInpaintPipeline
from PIL import Image, ImageDraw

from core.domain.drawing import Margins, Sampler, StartImage
from core.worker.canvas import lay
from core.worker.engine.studio import Studio
from core.worker.given import Pictures
from core.worker.imagine import Imaginer, png
from core.worker.models import load_base
from core.worker.samplers import noise_scheduler
from core.worker.stack import Stacks
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU
from tests.unit.core.worker.engine.conftest import finish, plain_latents
from tests.unit.core.worker.engine.test_same_picture import CLOSE, entry, gap, tiny_request


def ground(size=64):
    picture = Image.linear_gradient("L").resize((size, size)).convert("RGB")
    ImageDraw.Draw(picture).ellipse((8, 8, size - 8, size - 8), fill="red")
    return picture


def hole(size=64):
    mask = Image.new("L", (size, size), 0)
    ImageDraw.Draw(mask).rectangle((size // 4, size // 4, size - 1, size // 2 - 1), fill=255)
    return mask


def given_of(pictures, asked):
    return pictures.given(asked, pictures.canvas(asked))


@pytest.fixture
def pictures(base, storage):
    return Pictures(base, storage)


@pytest.fixture
def kept(storage):
    """Keys of a picture and of a mask."""
    return storage.put(png(ground())), storage.put(png(hole()))


@pytest.mark.parametrize("strength", [0.5, 1.0])
@pytest.mark.parametrize(
    "sampler", [Sampler.DDIM, Sampler.EULER, Sampler.DPMPP_2M_KARRAS, Sampler.UNIPC]
)
def test_masked_latents_are_those_of_the_plain_path(
    pictures, together, plainly, wish, make_concept, kept, sampler, strength
):
    """With a stack, next to another job, at full strength and half."""
    key, mask = kept
    asked = wish(
        prompt="a <one> house", stack=(make_concept("one", seed=1),), seeds=(1, 2), mask=mask,
        start=StartImage(key=key, strength=strength), sampler=sampler, num_inference_steps=8,
    )  # fmt: skip
    given = given_of(pictures, asked)
    (ours,) = together(asked, given=given)
    theirs = plainly(asked, given=given)
    assert gap(ours, theirs) < CLOSE
    cells = given.mask[0].bool().expand_as(ours[0].latents)
    assert torch.equal(ours[0].latents[~cells], given.clean[0][~cells])
    assert not torch.allclose(ours[0].latents[cells], given.clean[0][cells], atol=0.1)


def test_the_pipeline_itself_ends_there_too(base, stacks, pictures, together, wish, kept):
    """Nothing of Atelier in between: picture, mask and generator in, twenty steps, latents out."""
    key, mask = kept
    start = StartImage(key=key, strength=1)
    asked = wish(start=start, mask=mask, num_inference_steps=20, seeds=(5,))
    given = given_of(pictures, asked)
    scheduler = noise_scheduler(Sampler.DDIM, base.noise_config)
    parts = base.pipe.components | {"scheduler": scheduler}
    pipe = StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    stacks.wear(())
    theirs = pipe(
        asked.prompt, image=given.clean, mask_image=hole(), masked_image_latents=given.clean,
        width=64, height=64, strength=1.0, num_inference_steps=20, guidance_scale=3.0,
        generator=torch.Generator().manual_seed(5), output_type="latent",
    ).images  # fmt: skip
    (ours,) = together(asked, given=given)
    assert gap(ours, theirs) < CLOSE


def test_a_noisy_sampler_draws_the_same_noise_under_a_mask(pictures, together, plainly, wish, kept):
    """Noise on the way comes from the image's own generator, masked or not."""
    key, mask = kept
    start = StartImage(key=key, strength=0.75)
    asked = wish(start=start, mask=mask, sampler=Sampler.EULER_A, num_inference_steps=8)
    given = given_of(pictures, asked)
    (ours,) = together(asked, given=given)
    assert gap(ours, plainly(asked, given=given)) < 1e-3


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_large_families_paint_into_pictures(tmp_path, storage, family):
    """The same loop, with v-prediction and with size conditions."""
    base = load_base(str(getattr(tiny, family)(tmp_path)), device=CPU, dtype=torch.float32)
    stacks = Stacks(base, storage)
    studio = Studio(base, stacks, images=4, adapter_bytes=2**24)
    asked = Imaginer(base, stacks, storage).resolve(
        tiny_request(
            prompt="a <c1> house", seeds=(1, 2), num_inference_steps=5, width_px=16, height_px=16,
            start=StartImage(key=storage.put(png(ground(16))), strength=0.8),
            mask=storage.put(png(hole(16))), stack=(entry(base, stacks, storage, seed=1),),
        )
    )  # fmt: skip
    pictures = Pictures(base, storage)
    given = given_of(pictures, asked)
    drafts = studio.admit(asked, owner=1, alone=False, given=given)
    finish(studio, drafts)
    theirs = plain_latents(base, stacks, asked, given=given)
    assert gap(drafts, theirs) < CLOSE * float(theirs.abs().max())


def test_a_cell_is_made_anew_for_any_of_its_pixels(pictures, wish):
    """A stroke narrower than a cell of the latents is not lost."""
    mask = Image.new("L", (64, 64), 0)
    mask.putpixel((5, 9), 255)
    given = pictures.given(wish(), lay(ground(), (64, 64), mask=mask))
    assert given.mask.shape == (1, 1, 16, 16)
    assert given.mask.nonzero().tolist() == [[0, 0, 2, 1]]


def test_what_needs_no_picture_brings_nothing(pictures, wish):
    """Text-to-image has neither canvas nor tensors."""
    assert pictures.canvas(wish()) is None
    assert pictures.given(wish(), None).clean is None


def test_the_canvas_of_an_upload_has_sides_that_the_model_draws_well(pictures, storage, wish):
    """A photograph is brought near the native size; expanding counts the margins in."""
    photo = storage.put(png(Image.new("RGB", (1500, 1000), "teal")))
    tiny_one = storage.put(png(Image.new("RGB", (32, 32), "teal")))
    own = storage.put(png(Image.new("RGB", (64, 64), "teal")))
    sides = [
        (request.width_px, request.height_px)
        for request in (
            wish(start=StartImage(key=photo, strength=0.5)),
            wish(start=StartImage(key=tiny_one, strength=0.5)),
            wish(start=StartImage(key=own, strength=0.5)),
            wish(start=StartImage(key=own, strength=1), expand=Margins(right=0.5)),
            wish(start=StartImage(key=own, strength=1), expand=Margins(left=1, right=1)),
        )
    ]
    assert sides == [(112, 80), (48, 48), (64, 64), (96, 64), (160, 48)]
