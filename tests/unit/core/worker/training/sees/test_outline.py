"""Where the base model sees a thing."""

import pytest
import torch
from PIL import Image

from core.domain.requests import ImagineRequest
from core.worker.models import load_base
from core.worker.training.dataset import encode_whole
from core.worker.training.outline import outlines
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU


@pytest.fixture(scope="module")
def drawn(base, stacks, imaginer):
    """Latents of what a prompt gives, (1, channels, height, width)."""

    def draw(prompt, seed=3):
        wish = ImagineRequest(prompt=prompt, seeds=(seed,), num_inference_steps=12)
        speller = stacks.wear(())
        pictures = imaginer.draw(imaginer.resolve(wish), speller, on_step=lambda *_: None)
        return encode_whole(base, pictures, flips=False).clean

    return draw


def hooks(base):
    return sum(len(module._forward_hooks) for module in base.pipe.unet.modules())


def test_outline_goes_with_the_thing(base, drawn):
    """On a white ground, in the same picture moved by three cells to the right."""
    clean = drawn("a small red house on a white background")
    here, there = outlines(
        base, torch.cat([clean, clean.roll(3, -1)]), "a photo of a house", "house"
    )
    assert 0.1 < here.side < 0.9
    assert there.x - here.x > 0.06
    assert abs(there.y - here.y) < 0.06


def test_scene_is_nowhere(base, drawn):
    """Its words are looked at faintly."""
    clean = drawn("a forest of pink trees on purple ground under a teal sky")
    assert outlines(base, clean, "a photo of a forest", "forest") == [None]


def test_word_that_is_not_said_is_nowhere(base, drawn):
    """Nothing can look at it."""
    assert outlines(base, drawn("a red house"), "a photo of a house", "zebra") == [None]


def test_each_picture_is_looked_at_by_itself(base, drawn):
    """Other pictures beside it change nothing, and the UNet has the hooks that it had."""
    before = hooks(base)
    one, two = drawn("a red house"), drawn("a blue house at night", seed=5)
    (alone,) = outlines(base, two, "a photo of a house", "house")
    assert outlines(base, torch.cat([one, two]), "a photo of a house", "house")[1] == alone
    assert hooks(base) == before


def test_models_in_half_precision_see_too(base, drawn):
    """In the same place."""
    clean = drawn("a red house on a white background")
    (exact,) = outlines(base, clean, "a photo of a house", "house")
    half = load_base("pocket", device=CPU, dtype=torch.bfloat16)
    (seen,) = outlines(half, clean.to(torch.bfloat16), "a photo of a house", "house")
    assert (seen.x, seen.y, seen.side) == pytest.approx((exact.x, exact.y, exact.side), abs=0.05)


@pytest.mark.parametrize("build", [tiny.sd1, tiny.sdxl])
def test_large_families_are_looked_at(tmp_path, build):
    """Random weights look nowhere in particular."""
    large = load_base(str(build(tmp_path)), device=CPU, dtype=torch.float32)
    clean = encode_whole(large, [Image.new("RGB", (64, 64), "teal")], flips=False).clean
    assert outlines(large, clean, "a photo of a house", "house") == [None]
