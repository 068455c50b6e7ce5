"""Guidance row by row, against diffusers' own."""

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

from core.worker.engine.guidance import guide


@pytest.fixture
def halves():
    random = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 4, 8, 8, generator=random)


def test_each_row_has_its_own_scale_and_rescaling(halves):
    """Rows are what diffusers makes of each alone, rescaled or not."""
    said, without = halves
    scales, rescales = torch.tensor([1.5, 7.5, 4.0]), torch.tensor([0.0, 0.7, 1.0])
    made = guide(said, without, scale=scales, rescale=rescales)
    for row in range(3):
        one, other = said[row : row + 1], without[row : row + 1]
        theirs = other + scales[row] * (one - other)
        if rescales[row]:
            theirs = rescale_noise_cfg(theirs, one, guidance_rescale=float(rescales[row]))
        assert torch.allclose(made[row : row + 1], theirs, atol=1e-6)


def test_without_rescaling_it_is_the_plain_sum(halves):
    """Bit for bit as a pipeline without rescaling computes it."""
    said, without = halves
    made = guide(said, without, scale=torch.full((3,), 5.0), rescale=torch.zeros(3))
    assert torch.equal(made, without + 5.0 * (said - without))
