"""One uploaded weights file, whole and bounded: safetensors, or a pickle of the few kinds taken.

Only its frame is read; no I/O, no torch.

Source: the safetensors format: 8 bytes of length, a JSON header of names, types, shapes and places,
then the tensors without a gap.
"""

import json
import math
from typing import Any

from bot.intake.pictures import Refused
from core.errors import InvalidInput
from core.pickled import is_hypernetwork, word_in
from core.torchzip import is_zip, read

BYTES_MAX = 256 * 1024 * 1024
HEADER_MAX_BYTES = 4 * 1024 * 1024
TENSORS_MAX = 20_000
SUFFIX = ".safetensors"
READ_AS_DATA = (".pt", ".bin")
"""Hypernetworks and embeddings, which many have in no other form."""
PICKLED = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip
_UNSAFE = (
    "is a pickled file, and such a file can run programs when it is opened, so I do not open it. "
    "Get or save it as safetensors and send that."
)
_DAMAGED = "is damaged, or it is no safetensors file. Download it once more and send it again."


def check(name: str, data: bytes) -> None:
    """Accept a file whose frame is whole, or say why not.

    Raises:
        Refused: it is pickled, damaged, too big or of another kind.
    """
    ending = name.lower()
    if len(data) > BYTES_MAX:
        raise Refused(f"is larger than {BYTES_MAX // 2**20} MiB. Send one of a lower rank.")
    if ending.endswith(READ_AS_DATA) and is_zip(data):
        _check_pickled(data)
        return
    if ending.endswith(PICKLED) or _is_pickled(data):
        raise Refused(_UNSAFE)
    if not ending.endswith(SUFFIX):
        raise Refused(f"is no {SUFFIX} file, and I take no other.")
    start, tensors = _frame(data)
    _check_places(tensors, start=start, end=len(data))


def _check_pickled(data: bytes) -> None:
    """The pickled kinds that are taken, hypernetworks and embeddings: nothing of them is run."""
    try:
        value = read(data).value
    except InvalidInput as error:
        raise Refused(f"cannot be used. {error}") from error
    if not is_hypernetwork(value) and not word_in(value):
        raise Refused(_UNSAFE)


def _is_pickled(data: bytes) -> bool:
    """It begins as a zip of torch's does, or with pickle's protocol and a first instruction."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) or (
        data[:1] == b"\x80"
        and data[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}
        and data[2:3] in {b"}", b"]", b"(", b"c", b"\x8a", b"\x95"}
    )


def _frame(data: bytes) -> tuple[int, list[Any]]:
    """Where the tensors begin, and what the header says of each."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise Refused(_DAMAGED)
    if length > HEADER_MAX_BYTES:
        raise Refused(f"has a header of {length // 2**20} MiB, which no adapter needs.")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise Refused(_DAMAGED) from error
    if not isinstance(header, dict):
        raise Refused(_DAMAGED)
    return 8 + length, [value for key, value in header.items() if key != "__metadata__"]


def _check_places(tensors: list[Any], *, start: int, end: int) -> None:
    """Every tensor is as large as its shape says, and they fill the file without a gap."""
    if len(tensors) > TENSORS_MAX:
        raise Refused(f"holds {len(tensors)} tensors, which no adapter needs.")
    if not tensors:
        raise Refused("is empty.")
    place = start
    for first, last in sorted(_place(tensor) for tensor in tensors):
        if start + first != place:
            raise Refused(_DAMAGED)
        place = start + last
    if place != end:
        raise Refused(_DAMAGED)


def _place(tensor: Any) -> tuple[int, int]:
    try:
        shape, (first, last), bits = tensor["shape"], tensor["data_offsets"], BITS[tensor["dtype"]]
        whole = all(isinstance(n, int) and n >= 0 for n in (*shape, first, last))
        fits = whole and math.prod(shape) * bits == (last - first) * 8
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(_DAMAGED) from error
    if not fits:
        raise Refused(_DAMAGED)
    return first, last
