"""Half precision where it is faster."""

from collections.abc import Mapping
from typing import Any

import torch


def half_on_cpu(capabilities: Mapping[str, Any] | None = None) -> torch.dtype:
    """What products are computed in on a CPU where half precision would do.

    That is bfloat16 where the processor multiplies it itself; elsewhere it is emulated, at 30 times
    the time of float32 (docs/log.md). `capabilities` are torch's names; None asks this machine.
    """
    known = torch.cpu.get_capabilities() if capabilities is None else capabilities
    has_it = any(known.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return torch.bfloat16 if has_it else torch.float32


def halved_on_cpu(device: torch.device) -> torch.autocast:
    """Inside, products on a CPU are in half precision where that is faster; else all stays."""
    half = half_on_cpu()
    enabled = device.type == "cpu" and half != torch.float32
    return torch.autocast("cpu", half, enabled=enabled)


def halved(device: torch.device) -> torch.autocast:
    """Inside, products are in half precision wherever that is faster; on a GPU always."""
    if device.type == "cpu":
        return halved_on_cpu(device)
    return torch.autocast(device.type, torch.bfloat16)
