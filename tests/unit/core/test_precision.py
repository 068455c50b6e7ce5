"""Half precision where the machine is faster in it."""

import pytest
import torch

from core.precision import half_on_cpu, halved, halved_on_cpu


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "bf16"])
def test_cpu_that_multiplies_bfloat16_is_used_so(name):
    """Intel's, AMD's and Arm's ways of it alike."""
    assert half_on_cpu({"avx2": True, name: True}) is torch.bfloat16


def test_cpu_without_bfloat16_computes_in_float32():
    """Emulated, it would take many times as long."""
    assert half_on_cpu({"avx2": True, "avx512_bf16": False}) is torch.float32


def test_this_machine_is_asked():
    """Its own capabilities decide where none are given."""
    assert half_on_cpu() is half_on_cpu(torch.cpu.get_capabilities())


def test_products_on_a_cpu_are_halved_where_that_is_faster():
    """Inside and nowhere else; on another device all is computed as it is held."""
    row = torch.ones(2, 2)
    with halved_on_cpu(torch.device("cpu")):
        assert (row @ row).dtype is half_on_cpu()
    with halved_on_cpu(torch.device("cuda")):
        assert (row @ row).dtype is torch.float32
    assert (row @ row).dtype is torch.float32


@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_a_gpu_is_always_faster_in_half_precision():
    """It is halved there whatever the processor beside it can do."""
    there = halved(torch.device("cuda"))
    assert (there.device, there.fast_dtype) == ("cuda", torch.bfloat16)


def test_a_processor_without_half_precision_is_left_as_it_is():
    """Emulated, a step of the pocket models' training takes twelve times as long."""
    row = torch.ones(2, 2)
    with halved(torch.device("cpu")):
        assert (row @ row).dtype is half_on_cpu()
