"""Noise and pictures as latents."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.domain.drawing import Variation
from core.worker import latents

SIZE = (1, 4, 16, 16)


def test_noise_of_a_seed_does_not_depend_on_its_neighbours():
    """The same seed has the same noise wherever it stands in a batch."""
    alone = latents.noise(latents.generators((7,)), SIZE, None)
    among = latents.noise(latents.generators((3, 7, 9)), SIZE, None)
    assert torch.equal(alone[0], among[1])


def test_noise_is_what_diffusers_would_draw():
    """Passing the noise gives the picture that passing only the generator gives."""
    from diffusers.utils.torch_utils import randn_tensor

    theirs = randn_tensor((2, *SIZE[1:]), generator=latents.generators((1, 2)))
    assert torch.equal(latents.noise(latents.generators((1, 2)), SIZE, None), theirs)


def test_variation_bends_towards_its_seeds():
    """Small strengths stay near the own noise, strength 1 is the other seed's."""
    own = latents.noise(latents.generators((1,)), SIZE, None)
    other = latents.noise(latents.generators((2,)), SIZE, None)
    bent = latents.noise(latents.generators((1,)), SIZE, Variation(seeds=(2,), strength=0.35))
    whole = latents.noise(latents.generators((1,)), SIZE, Variation(seeds=(2,), strength=1))
    assert (bent - own).norm() < (bent - other).norm()
    assert torch.allclose(whole, other, atol=1e-5)


def test_rows_have_their_own_variation_seeds():
    """One seed and four variation seeds are four different noises."""
    bent = latents.noise(latents.generators((1, 1, 1)), SIZE, Variation(seeds=(5, 6), strength=0.3))
    assert not torch.equal(bent[0], bent[1])
    assert torch.equal(bent[1], bent[2])  # the last seed repeats


@given(st.integers(0, 1000), st.floats(0, 1))
def test_slerp_keeps_the_spread_of_noise(seed, amount):
    """Unlike a weighted mean, the bent noise is as strong as noise is."""
    own, other = torch.randn((2, 1, 4096), generator=torch.Generator().manual_seed(seed))
    assert abs(latents.slerp(own, other, amount).std().item() - 1) < 0.1


def test_encoding_inverts_decoding_nearly(base):
    """A picture that the model can draw comes back through its latents."""
    ramp = np.linspace(40, 220, 64).astype(np.uint8)
    picture = Image.fromarray(np.stack([np.tile(ramp, (64, 1))] * 3, axis=-1))
    rows = latents.encode(base, [picture, picture])
    assert rows.shape == (2, 4, 16, 16)
    with torch.no_grad():
        decoded = base.pipe.vae.decode(rows[:1] / base.pipe.vae.config.scaling_factor).sample
    (back,) = base.pipe.image_processor.postprocess(decoded)
    error = np.asarray(back, float) - np.asarray(picture, float)
    assert np.abs(error).mean() < 12


def test_encoding_takes_no_chance(base):
    """Twice the same picture is twice the same latents."""
    picture = Image.new("RGB", (64, 64), "teal")
    assert torch.equal(latents.encode(base, [picture]), latents.encode(base, [picture]))


@pytest.mark.parametrize(("width_px", "height_px"), [(64, 64), (48, 80)])
def test_shape_of_latents(base, width_px, height_px):
    """Width and height stand the right way round."""
    expected = (1, 4, height_px // 4, width_px // 4)
    assert latents.shape(base, width_px, height_px) == expected
