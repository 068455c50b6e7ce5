"""Devices and precisions that fit the machine."""

import pytest
import torch

from core.worker.device import resolve_dtype


@pytest.mark.parametrize(
    ("wanted", "device", "dtype"),
    [("auto", "cpu", torch.float32), ("float16", "cpu", torch.float16)],
)
def test_models_are_held_as_the_setting_says(wanted, device, dtype):
    """Left alone, a CPU holds them in float32."""
    assert resolve_dtype(wanted, torch.device(device)) is dtype
