"""Files of torch's are read as data, and what is more than data is refused by its name."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.torchzip import Stored, is_zip, read

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(max_size=9)
    | st.floats(-9, 9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


def saved(value: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def zipped(pickled: bytes, **options: Any) -> bytes:
    """A file like torch's around any pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", b"3\n")
    return buffer.getvalue()


@settings(max_examples=30, deadline=None)
@given(PLAIN)
def test_plain_values_are_read_as_they_are(value: Any) -> None:
    """Whatever torch writes of numbers, words, lists and dictionaries."""
    assert read(saved(value)).value == value


def test_tensors_are_told_by_their_places() -> None:
    """Ordered dictionaries of a net's state with torch's own notes, and parameters."""
    net = torch.nn.Linear(3, 2).half()
    file = read(saved({320: (net.state_dict(), OrderedDict(w=net.weight)), "step": 7}))
    first, second = file.value[320]
    assert first["weight"] == Stored(first["weight"].entry, "F16", 0, (2, 3), (3, 1))
    assert second["w"].shape == (2, 3)
    assert file.value["step"] == 7
    held = file.entries[first["weight"].entry]
    assert torch.equal(
        torch.frombuffer(bytearray(held), dtype=torch.float16).view(2, 3), net.weight.detach()
    )


class Evil:
    """What a pickle can do to who opens it: run a program."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.system, (f"touch '{self.file}'",)


class Setting:
    """The same by way of an object's state."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return eval, (f"open({str(self.file)!r}, 'w').close() or {{}}",), {"a": 1}


@pytest.mark.parametrize("kind", [Evil, Setting])
@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_file_is_refused_and_nothing_runs(
    tmp_path: Path, kind: type, protocol: int
) -> None:
    """The pickle is a real one: opened as pickles are, it makes a file; read here, it does not."""
    file = tmp_path / "made"
    bad = pickle.dumps({320: ({"linear.0.weight": kind(file)}, {})}, protocol=protocol)
    with pytest.raises(InvalidInput) as refused:
        read(zipped(bad))
    assert not file.exists()
    if protocol >= 2:
        name = "posix.system" if kind is Evil else "eval"
        assert name in str(refused.value)
        assert "Do not open it anywhere" in str(refused.value)
    with suppress(AttributeError):  # after the harm is done
        pickle.loads(bad)
    assert file.exists()


def test_torchs_own_way_of_saving_malice_is_refused(tmp_path: Path) -> None:
    """Written by torch.save, beside a real tensor."""
    file = tmp_path / "made"
    with pytest.raises(InvalidInput, match=r"posix\.system"):
        read(saved({"weight": torch.ones(2), "more": Evil(file)}))
    assert not file.exists()


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",
        b"(X\x01\x00\x00\x00xios\nsystem\n.",
        b"\x80\x02ccollections\nOrderedDict\n)\x81.",
        b"\x80\x02ctorch\nFloatStorage\nX\x01\x00\x00\x00x\x85R.",
        b"\x80\x02ccollections\nOrderedDict\n]R}X\x01\x00\x00\x00aK\x01sb.",
        b"\x80\x02\x82\x01.",
        b"Pname\n.",
    ],
    ids=["eval", "stack-global", "inst", "newobj", "storage", "state", "extension", "persid"],
)
def test_whatever_makes_objects_is_refused(pickled: bytes) -> None:
    """Every instruction that looks something up or calls it, apart from torch's few."""
    with pytest.raises(InvalidInput):
        read(zipped(pickled))


@pytest.mark.parametrize(
    "pickled",
    [
        b"",
        b"\x80\x02",
        b".",
        b"\x80\x02}q\x00K\x01s.",
        b"\x80\x02h\x05.",
        b"\x80\x02u.",
        b"K\x01K\x02.",
    ],
)
def test_broken_pickles_are_damaged_files(pickled: bytes) -> None:
    """Cut short, underflowing, or pointing at nothing."""
    with pytest.raises(InvalidInput, match="damaged"):
        read(zipped(pickled))


def test_a_file_that_unpacks_to_more_is_refused() -> None:
    """Packed parts could be endless; torch packs none."""
    bomb = zipped(pickle.dumps("0" * 10_000_000, 2), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(InvalidInput, match="unpacks to more"):
        read(bomb)
    with pytest.raises(InvalidInput, match="far too long"):
        read(zipped(pickle.dumps("0" * 2_000_000, 2)))


def test_other_numbers_are_named() -> None:
    """Doubles are honest, and not what is needed."""
    with pytest.raises(InvalidInput, match="DoubleStorage; save it in float32"):
        read(saved(torch.ones(2, dtype=torch.float64)))


GOOD = saved({320: ({"linear.0.weight": torch.ones(2, 2)}, {}), "activation_func": "relu"})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4))
def test_a_damaged_file_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    """Whatever bytes are changed, there is either a value or the one refusal."""
    data = bytearray(GOOD)
    for at, byte in changes:
        data[at] = byte
    with suppress(InvalidInput):
        read(bytes(data))


def test_zips_are_known_by_their_first_bytes() -> None:
    """And nothing else is one."""
    assert is_zip(GOOD)
    assert not is_zip(b"\x80\x02}q\x00.")
