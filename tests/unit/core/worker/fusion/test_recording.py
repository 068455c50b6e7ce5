"""What layers read, as one matrix each."""

import pytest
import torch
from torch import nn

from core.worker.fusion.recording import in_groups, recording


def test_linear_layers_read_rows_of_the_guided_half():
    """Diffusers puts the unconditional half first; what is read is added up over calls."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    calls = [torch.randn(4, 5, 3) for _ in range(2)]
    grams = {}
    with recording(model, ["0"], grams):
        for read in calls:
            model(read)
    model(torch.randn(4, 5, 3))
    rows = torch.cat([read[2:].flatten(0, 1) for read in calls])
    assert grams.keys() == {"0"}
    assert torch.allclose(grams["0"], rows.T @ rows, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 0)])
def test_convolutions_read_patches(stride, padding):
    """The energy that the matrix foretells is that of the layer's own output."""
    layer = nn.Conv2d(3, 5, 3, stride=stride, padding=padding, bias=False)
    read, grams = torch.randn(2, 3, 8, 8), {}
    with recording(nn.Sequential(layer), ["0"], grams):
        put_out = layer(read)
    weight = layer.weight.detach().flatten(1)
    foretold = torch.einsum("oi,ij,oj->", weight, grams["0"], weight)
    assert foretold.item() == pytest.approx(put_out[1:].square().sum().item(), rel=1e-4)


def test_some_calls_count():
    """The first, and each third after it; for each layer by itself."""
    model, calls, grams = nn.Sequential(nn.Linear(3, 3)), torch.randn(7, 2, 3), {}
    with recording(model, ["0"], grams, every=3):
        for read in calls:
            model(read)
    rows = calls[::3, 1]
    assert torch.allclose(grams["0"], rows.T @ rows, rtol=1e-5, atol=1e-5)


def test_hooks_are_gone_after_an_error():
    """A cancelled drawing leaves the model as it was."""
    model, grams = nn.Sequential(nn.Linear(3, 4)), {}
    with pytest.raises(KeyboardInterrupt), recording(model, ["0"], grams):
        raise KeyboardInterrupt
    model(torch.randn(2, 3))
    assert grams == {}


def test_layers_are_grouped_by_memory():
    """In order; one that is too large goes alone."""
    widths = {"a": 10, "b": 10, "c": 100, "d": 10}
    assert in_groups(widths, most_bytes=800) == [["a", "b"], ["c"], ["d"]]
    assert in_groups(widths, most_bytes=10**6) == [["a", "b", "c", "d"]]
    assert in_groups({}, most_bytes=1) == []
