"""Where and how precisely the models run on this machine."""

import torch

from core.errors import ModelFault

POCKET = "pocket"
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def resolve_device(wanted: str) -> torch.device:
    """The device of a setting; `auto` takes CUDA, then Apple's GPU, then the CPU."""
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def usable_device(wanted: str) -> torch.device:
    """The same, tried out.

    Raises:
        ModelFault: this machine, or its torch, does not have it.
    """
    device = resolve_device(wanted)
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelFault(f"{wanted} cannot be used on this machine: {reason}") from error
    return device


def resolve_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """The dtype of a setting; `auto` is half precision on CUDA (bfloat16 where it has it)."""
    if wanted != "auto":
        return DTYPES[wanted]
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def threads_for(model: str, wanted: int) -> int:
    """CPU threads for a base model; 0 leaves the choice to torch.

    The embedded models are so small that a second thread waits more than it works: with every
    core busy elsewhere, one image took 0.7 s on one thread and 114 s on two (docs/log.md).
    """
    return wanted or (1 if model == POCKET else 0)


def make_deterministic(threads: int) -> None:
    """Fixes what may differ between two runs of the same work on one machine.

    On CUDA, cuBLAS also needs CUBLAS_WORKSPACE_CONFIG in the environment before torch starts.
    """
    if threads:
        torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
