"""Edges of pictures."""

import torch

from core.worker.edges import edges, is_map


def square(inside=220.0, outside=30.0):
    grey = torch.full((40, 40), outside)
    grey[10:30, 10:30] = inside
    return grey


def test_a_square_is_its_outline():
    """Thin lines where the levels change, nothing inside and outside."""
    lines = edges(square())
    assert lines[15, 8:12].sum() == 1
    assert lines[15, 13:27].sum() == 0
    assert lines[:8].sum() == 0
    assert lines[8:12, 20].sum() == 1
    assert 60 < lines.sum() < 100


def test_faint_lines_count_where_they_lead_to_strong_ones():
    """A weak edge alone is left out; the weak end of a strong one stays."""
    assert edges(square(inside=60.0)).sum() == 60 * 0, "an edge of 30 levels is below both bounds"
    ramp = torch.full((40, 40), 30.0)
    ramp[:, 20:] = torch.linspace(70.0, 230.0, 40).unsqueeze(1)
    lines = edges(ramp)
    assert lines[:, 18:22].sum(1).min() >= 0
    assert lines[20:38, 18:22].sum() >= 18
    weak = torch.full((40, 40), 30.0)
    weak[:, 20:] = 65.0
    assert edges(weak).sum() == 0


def test_noise_below_the_bounds_is_no_edge():
    """A smooth picture with a little grain has no lines."""
    grain = 128 + 3 * torch.randn(40, 40, generator=torch.Generator().manual_seed(1))
    assert edges(grain).sum() == 0


def test_slanted_lines_are_found_in_every_direction():
    """A disc has a closed outline."""
    rows, columns = torch.meshgrid(torch.arange(40), torch.arange(40), indexing="ij")
    disc = 30 + 200 * (((rows - 20) ** 2 + (columns - 20) ** 2) < 144).float()
    lines = edges(disc)
    angles = torch.atan2((rows - 20).float(), (columns - 20).float())[lines > 0]
    turns = angles.sort().values
    assert (turns[1:] - turns[:-1]).max() < 0.3


def test_a_map_of_edges_is_taken_as_it_is():
    """White lines on black would be outlined twice otherwise."""
    lines = torch.zeros(40, 40)
    lines[20, 5:35] = 255.0
    assert is_map(lines)
    assert torch.equal(edges(lines), (lines > 0).float())
    assert not is_map(square())
    assert not is_map(torch.zeros(4, 4))
