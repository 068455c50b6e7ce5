"""Safetensors files that nobody has vouched for: read whole, or refused with a word."""

import json
from collections.abc import Mapping

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from core.errors import InvalidInput

Metadata = Mapping[str, str]


def open_file(data: bytes) -> tuple[dict[str, Tensor], Metadata]:
    """The tensors of a safetensors file, and its metadata.

    Raises:
        InvalidInput: it is damaged or no such file.
    """
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise InvalidInput("The file is damaged, or it is no safetensors file.") from error
    return tensors, {str(key): str(value) for key, value in metadata.items()}
