"""Tensors of a pickled file come out as they were saved, or not at all."""

import io
from dataclasses import replace

import pytest
import torch

from core.errors import InvalidInput
from core.torchzip import TorchFile, read
from core.worker.formats.pickled import tensors_in


def opened(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return read(buffer.getvalue())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_what_was_saved_comes_out(dtype):
    """Learned parameters, and views in another order, too."""
    whole = torch.randn(4, 6).to(dtype)
    file = opened({"whole": whole, "turned": whole.T[2:], "learned": torch.nn.Parameter(whole[1])})
    found = tensors_in(file, file.value)
    assert torch.equal(found["whole"], whole)
    assert torch.equal(found["turned"], whole.T[2:])
    assert torch.equal(found["learned"], whole[1])
    assert not found["learned"].requires_grad


def test_what_is_no_tensor_is_refused():
    """A number where a tensor should be, and a tensor whose bytes are missing."""
    file = opened({"x": torch.ones(3)})
    with pytest.raises(InvalidInput, match="should be a tensor"):
        tensors_in(file, {"x": 3})
    with pytest.raises(InvalidInput, match="should be a tensor"):
        tensors_in(TorchFile(file.value, {}), file.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"offset": 1}, "outside of its own bytes"),
        ({"stride": (2,)}, "outside of its own bytes"),
        ({"stride": (1, 1)}, "outside of its own bytes"),
        ({"shape": (0,)}, "outside of its own bytes"),
        ({"shape": (3_000_000,), "stride": (0,)}, "more numbers than it holds"),
    ],
)
def test_a_place_that_cannot_be_is_refused(changed, said):
    """Nothing outside of a tensor's bytes is read, and sharing makes nothing large."""
    file = opened({"x": torch.ones(3)})
    with pytest.raises(InvalidInput, match=said):
        tensors_in(file, {"x": replace(file.value["x"], **changed)})
