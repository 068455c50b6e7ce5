"""A file of torch's, read as data: nothing that it says is ever run.

torch.save writes a zip: a pickle that says what there is, and beside it the bytes of each tensor. A
pickle is a program for a small machine; the instructions that make plain values are followed here
one by one, and no name in it is ever looked up. A few names stand for what torch itself writes.
Whatever else it asks for is a reason to refuse the file.
Source: CPython's pickletools, torch/serialization.py.
"""

import io
import pickletools
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput

PICKLE_MAX_BYTES = 2**20
ENTRIES_MAX = 4096
KINDS = {"FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16"}
ORDERED, REBUILD = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
PARAMETER = "torch._utils _rebuild_parameter"
KNOWN = {ORDERED, REBUILD, PARAMETER, *(f"torch {kind}" for kind in KINDS)}
_DAMAGED = "The file is damaged, or it is none that torch has written. Download it once more."
_IGNORED = {"PROTO", "FRAME", "STOP"}
_EMPTY: Mapping[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple,
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
}  # fmt: skip
_PLAIN = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
}  # fmt: skip
_MARK = object()


@dataclass(frozen=True, slots=True)
class Name:
    """What a pickle calls by its name; here nothing but the name."""

    text: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a tensor lies: the file's entry, its kind of number, and its place in there."""

    entry: str
    kind: str
    """As safetensors names it: F32, F16 or BF16."""
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TorchFile:
    """What a file says that it holds, with `Stored` in the place of tensors, and their bytes."""

    value: Any
    entries: Mapping[str, bytes]


def is_zip(data: bytes) -> bool:
    """The bytes begin as a zip does."""
    return data.startswith(b"PK\x03\x04")


def read(data: bytes) -> TorchFile:
    """What `torch.save` wrote, without torch and without running any of it.

    Raises:
        InvalidInput: it is damaged, larger inside than outside, or asks for anything but tensors
            and plain values; the name that it asks for is told.
    """
    try:
        entries = _entries(data)
        return TorchFile(_followed(entries.pop("data.pkl")), entries)
    except (
        zipfile.BadZipFile, KeyError, ValueError, IndexError, TypeError, AttributeError, EOFError,
        NotImplementedError, RuntimeError,
    ) as error:  # fmt: skip
        raise InvalidInput(_DAMAGED) from error


def _entries(data: bytes) -> dict[str, bytes]:
    """The zip's files without the folder that they lie in; each as it is, none packed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        names = [info.filename.partition("/")[2] for info in infos]
        packed = any(info.compress_type != zipfile.ZIP_STORED for info in infos)
        if packed or sum(info.file_size for info in infos) > len(data):
            raise InvalidInput("The file unpacks to more than it is, which torch's files do not.")
        if len(infos) > ENTRIES_MAX or len(set(names)) < len(names):
            raise InvalidInput("The file holds too many parts, or one of them twice.")
        if archive.getinfo(_pickle_of(infos)).file_size > PICKLE_MAX_BYTES:
            raise InvalidInput("The file's list of contents is far too long.")
        return {name: archive.read(info) for name, info in zip(names, infos, strict=True)}


def _pickle_of(infos: Sequence[zipfile.ZipInfo]) -> str:
    return next((info.filename for info in infos if info.filename.endswith("/data.pkl")), "")


def _followed(pickle: bytes) -> Any:
    """The value that a pickle describes."""
    machine = _Machine()
    for instruction, argument, _ in pickletools.genops(pickle):
        machine.step(instruction.name, argument)
    (value,) = machine.stack
    return value


class _Machine:
    """The stack and the memory of a pickle; only plain values ever lie there."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._memory: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Follows one instruction.

        Raises:
            InvalidInput: it is none that tensors and plain values need.
        """
        if name in _PLAIN:
            self.stack.append(argument)
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name == "MARK":
            self.stack.append(_MARK)
        elif name not in _IGNORED:
            act = getattr(self, f"_{name.lower()}", None)
            if act is None:
                raise InvalidInput(
                    f"The file asks for the instruction {name}: it is no plain data."
                )
            act(argument)

    def _since_mark(self) -> list[Any]:
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise ValueError("a pickle without its mark")
        since = self.stack[at + 1 :]
        del self.stack[at:]
        return since

    def _binput(self, place: int) -> None:
        self._memory[place] = self.stack[-1]

    _long_binput = _binput

    def _memoize(self, _: None) -> None:
        self._memory[len(self._memory)] = self.stack[-1]

    def _binget(self, place: int) -> None:
        self.stack.append(self._memory[place])

    _long_binget = _binget

    def _tuple(self, _: None) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _last(self, count: int) -> None:
        values = tuple(self.stack.pop() for _ in range(count))
        self.stack.append(values[::-1])

    def _tuple1(self, _: None) -> None:
        self._last(1)

    def _tuple2(self, _: None) -> None:
        self._last(2)

    def _tuple3(self, _: None) -> None:
        self._last(3)

    def _append(self, _: None) -> None:
        value = self.stack.pop()
        self.stack[-1].append(value)

    def _appends(self, _: None) -> None:
        values = self._since_mark()
        self.stack[-1].extend(values)

    def _setitem(self, _: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.stack[-1].update({key: value})

    def _setitems(self, _: None) -> None:
        values = self._since_mark()
        self.stack[-1].update(zip(values[::2], values[1::2], strict=True))

    def _global(self, name: str) -> None:
        if name.startswith("torch ") and name.endswith("Storage") and name not in KNOWN:
            raise InvalidInput(f"The file's numbers are of type {name[6:46]}; save it in float32.")
        if name not in KNOWN:
            raise InvalidInput(
                f"The file asks for {name.replace(' ', '.')[:60]}, which tensors do not need: "
                "opened elsewhere it could run a program. Do not open it anywhere."
            )
        self.stack.append(Name(name))

    def _stack_global(self, _: None) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._global(f"{module} {name}")

    def _binpersid(self, _: None) -> None:
        word, kind, entry, _place, _count = self.stack.pop()
        if word != "storage" or not isinstance(entry, str):
            raise ValueError("no tensor's bytes are called that")
        self.stack.append(
            Stored(f"data/{entry}", KINDS[kind.text.removeprefix("torch ")], 0, (), ())
        )

    def _reduce(self, _: None) -> None:
        values, name = self.stack.pop(), self.stack.pop()
        self.stack.append(_called(name.text, values))

    def _build(self, _: None) -> None:
        """Of torch's ordered dictionaries; what they note of their modules' versions is dropped."""
        noted = self.stack.pop()
        if not isinstance(self.stack[-1], dict) or set(noted) - {"_metadata"}:
            raise InvalidInput("The file builds something that is neither tensor nor plain value.")


def _called(name: str, values: Sequence[Any]) -> Any:
    """What torch's few functions would give, as data."""
    if name == ORDERED and not values:
        return {}
    if name == PARAMETER:
        return values[0]
    if name != REBUILD:
        raise ValueError(f"{name} makes no value")
    held, offset, shape, stride, *_ = values
    if not all(type(n) is int and n >= 0 for n in (offset, *shape, *stride)):
        raise ValueError("a tensor's place is told in whole numbers")
    return Stored(held.entry, held.kind, offset, tuple(shape), tuple(stride))
