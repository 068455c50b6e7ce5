"""Safetensors files: foreign ones read whole or refused with a word, ours always the same bytes."""

import hashlib
import json
from collections.abc import Mapping

from safetensors import SafetensorError
from safetensors.torch import load, save
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


def packed(tensors: Mapping[str, Tensor], metadata: Metadata) -> bytes:
    """The bytes of a safetensors file; the same values give the same bytes.

    The hash of the tensors' own bytes is added, as the modelspec specification asks. Safetensors
    itself writes metadata in an order of chance.
    """
    data: bytes = save({key: tensors[key].contiguous() for key in sorted(tensors)})
    start = 8 + int.from_bytes(data[:8], "little")
    body = memoryview(data)[start:]
    digest = {"modelspec.hash_sha256": f"0x{hashlib.sha256(body).hexdigest()}"}
    header = {"__metadata__": dict(sorted({**metadata, **digest}.items()))}
    header |= json.loads(data[8:start])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((len(text).to_bytes(8, "little"), text, body))
