"""The VAE in tiles."""

import pytest
import torch
from PIL import Image

from core.worker import vae
from core.worker.engine.decoder import Decoder
from tests.unit.core.worker.engine.test_masks import ground


@pytest.fixture
def pocket(base):
    """The pocket model's VAE, whose tiles are 64 pixels wide."""
    yield base.pipe.vae
    base.pipe.vae.disable_tiling()


@pytest.fixture
def pixels(base):
    """A picture of four by four tiles, (1, 3, 256, 256)."""
    picture = ground(64).resize((256, 256), Image.Resampling.LANCZOS)
    return base.pipe.image_processor.preprocess(picture)


def decibels(one, other):
    return float(10 * torch.log10(4 / (one - other).square().mean()))


def test_only_large_sides_are_tiled(pocket):
    """The bound is on the longer side, and the next smaller picture is whole again."""
    vae.tile(pocket, vae.TILED_FROM_PX)
    assert pocket.use_tiling
    vae.tile(pocket, vae.TILED_FROM_PX - 1)
    assert not pocket.use_tiling


def test_tiles_are_near_the_whole(monkeypatch, pocket, pixels):
    """Encoded and decoded in overlapping tiles, the picture is the same to the eye."""
    whole = vae.encode(pocket, [pixels])
    decoder = Decoder(pocket, pixels_a_latent=4)
    decoded = decoder.pictures(whole)
    monkeypatch.setattr(vae, "TILED_FROM_PX", 256)
    tiled = vae.encode(pocket, [pixels])
    assert pocket.use_tiling
    assert decibels(decoder.pictures(tiled).clamp(-1, 1), decoded.clamp(-1, 1)) > 28


def test_tiles_leave_no_seams(monkeypatch, pocket, pixels):
    """Steps from one column to the next are no larger where tiles meet than in the whole."""
    latents = vae.encode(pocket, [pixels])
    decoder = Decoder(pocket, pixels_a_latent=4)
    whole = decoder.pictures(latents)
    monkeypatch.setattr(vae, "TILED_FROM_PX", 256)
    tiled = decoder.pictures(latents)
    for axis in (-1, -2):
        steps, smooth = (each.diff(dim=axis).abs().mean(dim=(0, 1)) for each in (tiled, whole))
        extra = (steps - smooth).mean(dim=0 if axis == -1 else 1)
        assert float(extra.max()) < 0.05


def test_encoding_takes_the_mean(base, pocket, pixels):
    """Rows are encoded one by one, scaled, in the model's dtype."""
    rows = vae.encode(pocket, [pixels, pixels])
    assert torch.equal(rows[0], rows[1])
    assert rows.shape == (2, 4, 64, 64)
    assert rows.dtype == base.dtype
