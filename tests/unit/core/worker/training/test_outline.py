"""Where the base model sees a thing."""

import pytest
import torch

from core.domain.requests import ImagineRequest
from core.worker.training.dataset import encode_whole
from core.worker.training.outline import outlines


@pytest.fixture(scope="module")
def drawn(base, stacks, imaginer):
    """Latents of what a prompt gives, (1, channels, height, width)."""

    def draw(prompt, seed=3):
        wish = ImagineRequest(prompt=prompt, seeds=(seed,), num_inference_steps=12)
        speller = stacks.wear(())
        pictures = imaginer.draw(imaginer.resolve(wish), speller, on_step=lambda *_: None)
        return encode_whole(base, pictures, flips=False).clean

    return draw


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
    """Other pictures beside it change nothing, and the UNet keeps no hooks."""
    one, two = drawn("a red house"), drawn("a blue house at night", seed=5)
    (alone,) = outlines(base, two, "a photo of a house", "house")
    assert outlines(base, torch.cat([one, two]), "a photo of a house", "house")[1] == alone
    assert not any(module._forward_hooks for module in base.pipe.unet.modules())
