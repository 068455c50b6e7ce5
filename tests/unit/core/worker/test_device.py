"""Devices and precisions that fit the machine."""

import pytest
import torch

from core.worker.device import half_on_cpu, halved_on_cpu, resolve_dtype


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


@pytest.mark.parametrize(
    ("wanted", "device", "dtype"),
    [("auto", "cpu", torch.float32), ("float16", "cpu", torch.float16)],
)
def test_models_are_held_as_the_setting_says(wanted, device, dtype):
    """Left alone, a CPU holds them in float32."""
    assert resolve_dtype(wanted, torch.device(device)) is dtype
