"""Weights files at the door: pickled, damaged and oversized ones stay outside."""

import io
import json
import pickle
import struct
import zipfile

import pytest
import torch

from bot.intake import weights
from bot.intake.pictures import Refused

TENSOR = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def framed(header, body=b"\0" * 24):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    return buffer.getvalue()


GOOD = framed({"__metadata__": {"a": "b"}, "x": TENSOR})
SECOND = {"dtype": "F16", "shape": [4], "data_offsets": [24, 32]}


def test_whole_files_are_taken():
    """One tensor, two in any order, and one without a single element."""
    weights.check("x.safetensors", GOOD)
    weights.check("X.SAFETENSORS", framed({"b": SECOND, "a": TENSOR}, b"\0" * 32))
    empty = {"dtype": "F32", "shape": [0, 3], "data_offsets": [0, 0]}
    weights.check("x.safetensors", framed({"e": empty, "a": TENSOR}))


@pytest.mark.parametrize("name", ["x.pt", "x.ckpt", "x.BIN", "x.pth", "x.pkl"])
def test_pickled_kinds_are_refused_by_name(name):
    """Whatever is inside: their readers run what they read."""
    with pytest.raises(Refused, match=r"can run programs .* safetensors"):
        weights.check(name, GOOD)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_in_disguise_are_refused(protocol):
    """Pickle by any protocol that torch has written, and its zip, under a harmless name."""
    data = pickle.dumps({"state_dict": {"x": [1, 2]}}, protocol=protocol)
    for disguised in (data, zipped()):
        with pytest.raises(Refused, match=r"can run programs|damaged"):
            weights.check("x.safetensors", disguised)
    with pytest.raises(Refused, match="can run programs"):
        weights.check("x.safetensors", zipped())


@pytest.mark.parametrize("name", ["x.zip", "x.gguf", "safetensors", "x.png"])
def test_other_kinds_are_refused(name):
    """Only one kind is taken."""
    with pytest.raises(Refused, match="I take no other"):
        weights.check(name, GOOD)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 3) + b"{}",
        framed(b"not json"),
        framed(b"[1]"),
        framed(b"[" * 100_000),
        framed({"x": 5}),
        framed({"x": TENSOR | {"dtype": "F4"}}),
        framed({"x": TENSOR | {"shape": [2, -3]}}),
        framed({"x": TENSOR | {"shape": [2, 4]}}),
        framed({"x": TENSOR | {"shape": [2.0, 3]}}),
        framed({"x": TENSOR | {"data_offsets": [0, 24, 30]}}),
        framed({"x": TENSOR | {"data_offsets": [24, 0]}}),
        framed({"x": TENSOR, "y": TENSOR}),
        framed({"x": TENSOR | {"data_offsets": [8, 32]}}, b"\0" * 32),
        framed({"x": TENSOR}, b"\0" * 23),
        framed({"x": TENSOR}, b"\0" * 25),
        framed({"x": TENSOR | {"shape": [2**40, 2**40], "data_offsets": [0, 2**82]}}),
    ],
)
def test_damaged_frames_are_refused(data):
    """A length, type, shape or place that does not hold."""
    with pytest.raises(Refused, match="damaged"):
        weights.check("x.safetensors", data)


def test_every_cut_of_a_good_file_is_refused():
    """An upload that broke off is noticed wherever it did."""
    for end in range(len(GOOD)):
        with pytest.raises(Refused):
            weights.check("x.safetensors", GOOD[:end])


def test_empty_and_endless_files_are_refused(monkeypatch):
    """No tensor, too many, too long a header, too many bytes."""
    with pytest.raises(Refused, match="is empty"):
        weights.check("x.safetensors", framed({"__metadata__": {}}, b""))
    nothing = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    with pytest.raises(Refused, match="20001 tensors"):
        weights.check("x.safetensors", framed({f"t{i}": nothing for i in range(20_001)}, b""))
    with pytest.raises(Refused, match="header of 4 MiB"):
        weights.check("x.safetensors", framed(b" " * (weights.HEADER_MAX_BYTES + 1)))
    monkeypatch.setattr(weights, "BYTES_MAX", len(GOOD) - 1)
    with pytest.raises(Refused, match="larger than"):
        weights.check("x.safetensors", GOOD)


def test_a_hypernetwork_of_the_web_ui_may_be_pickled():
    """Its zip is read as data; under another name it stays outside, as every pickle does."""
    data = torch_file({320: ({}, {}), "step": 3, "activation_func": "relu"})
    weights.check("face.pt", data)
    with pytest.raises(Refused, match="pickled"):
        weights.check("face.ckpt", data)
    with pytest.raises(Refused, match="pickled"):
        weights.check("word.pt", torch_file({"string_to_param": {}}))


@pytest.mark.parametrize("name", ["word.pt", "learned_embeds.bin"])
@pytest.mark.parametrize(
    "held",
    [
        lambda vectors: {"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}},
        lambda vectors: {"<cat-toy>": vectors},
        lambda vectors: {"clip_l": vectors, "clip_g": vectors},
    ],
)
def test_an_embedding_may_be_pickled(name, held):
    """As the web UI and diffusers' example write them; a checkpoint's many tensors may not."""
    weights.check(name, torch_saved(held(torch.zeros(2, 8))))
    with pytest.raises(Refused, match="pickled"):
        weights.check(name, torch_saved({"a.weight": torch.zeros(2), "b.weight": torch.zeros(2)}))
    with pytest.raises(Refused, match="pickled"):
        weights.check("word.ckpt", torch_saved(held(torch.zeros(2, 8))))


def test_a_malicious_hypernetwork_is_refused_by_what_it_asks_for(tmp_path):
    """Before anything is stored, and nothing of it runs."""
    file = tmp_path / "made"

    class Evil:
        def __reduce__(self):
            return open, (str(file), "w")

    with pytest.raises(Refused, match=r"cannot be used.*io\.open.*Do not open it"):
        weights.check("face.pt", torch_file({320: (Evil(), {})}))
    assert not file.exists()


def torch_saved(value):
    """A file that torch itself has written."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def torch_file(value):
    """A file as torch writes them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(value, protocol=2))
    return buffer.getvalue()
