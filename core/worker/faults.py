"""Which setting is at fault when a worker cannot start."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from core.errors import ModelFault

NO_MEMORY = (
    "the device has no memory left for it. Set a smaller model, ATELIER_DTYPE=bfloat16 or "
    "ATELIER_DEVICE=cpu, or end what else uses the device."
)
OTHERWISE = "Set something else, or leave it out."


@contextmanager
def fault_of(setting: str) -> Iterator[None]:
    """Whatever goes wrong inside is a fault of that setting.

    Raises:
        ModelFault: names the setting, says what is wrong and what to do.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelFault(f"{setting}: {NO_MEMORY}") from error
    except ModelFault as fault:
        raise ModelFault(f"{setting}: {_sentence(str(fault))} {OTHERWISE}") from fault
    except Exception as error:  # loading runs the code of models and libraries
        text = f"it cannot be loaded: {type(error).__name__}: {error}"
        raise ModelFault(f"{setting}: {_sentence(text)} {OTHERWISE}") from error


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
