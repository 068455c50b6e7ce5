"""The torch model as a CTranslate2 folder, and such a folder back as a torch model."""

import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.specs import WhisperSpec
from torch import Tensor

from core.pocket.speech.features import BINS
from core.pocket.speech.model import (
    POSITIONS,
    TAUGHT_POSITIONS,
    WINDOW_FRAMES,
    Whisper,
    WhisperSize,
)
from core.pocket.speech.tokenizer import TAUGHT_LANGUAGES, Vocabulary

_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
_HEADS = {"encoder_heads": "encoder/num_heads", "decoder_heads": "decoder/num_heads"}
_ENCODINGS = "position_encodings.encodings"


def write_folder(
    model: Whisper, vocabulary: Vocabulary, folder: Path, *, quantization: str = "int8"
) -> None:
    """Write everything that `faster_whisper.WhisperModel(folder)` needs."""
    folder.mkdir(parents=True, exist_ok=True)
    size = model.size
    spec = WhisperSpec(
        size.encoder_layers, size.encoder_heads, size.decoder_layers, size.decoder_heads
    )
    for name, value in spec_tensors(model).items():
        _set(spec, name, value.detach().float().clone())
    spec.register_vocabulary(vocabulary.tokens())
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [vocabulary.id(f"<|{language}|>") for language in TAUGHT_LANGUAGES]
    last = size.decoder_layers - 1
    spec.config.alignment_heads = [[last, head] for head in range(size.decoder_heads)]
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))
    vocabulary.save(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(_preprocessor(), indent=1) + "\n")


def read_folder(folder: Path) -> tuple[Whisper, list[str]]:
    """The torch model of a folder, its weights dequantised, and its vocabulary.

    Raises:
        ValueError: the file is no Whisper of this project's layout.
    """
    variables = read_variables(folder / "model.bin")
    model = Whisper(len(variables["decoder/embeddings/weight"]), _size(variables))
    state = model.state_dict()
    for name, value in spec_tensors(model).items():
        if name == "decoder.projection.weight":
            continue
        stored = torch.from_numpy(_dequantised(variables, _slashed(name)))
        if stored.shape != value.shape:
            raise ValueError(f"{name} is {tuple(stored.shape)}, not {tuple(value.shape)}")
        if name == f"encoder.{_ENCODINGS}":
            state["encoder.positions"].copy_(stored[:TAUGHT_POSITIONS])
            state["encoder.padding_position"].copy_(stored[-1])
        else:
            state[_torch_name(name)].copy_(stored)
    return model, json.loads((folder / "vocabulary.json").read_text())


def spec_tensors(model: Whisper) -> dict[str, Tensor]:
    """The model's tensors under the names of WhisperSpec, with dots."""
    state = model.state_dict()
    padding = state.pop("encoder.padding_position").expand(POSITIONS - TAUGHT_POSITIONS, -1)
    state["encoder.positions"] = torch.cat([state["encoder.positions"], padding])
    named = {_spec_name(name): value for name, value in state.items()}
    return {**named, "decoder.projection.weight": state["decoder.embeddings.weight"]}


def read_variables(path: Path) -> dict[str, np.ndarray]:
    """Every variable of a CTranslate2 model.bin, as stored.

    Source: `ctranslate2.specs.model_spec.ModelSpec.save`, binary version 6.
    """
    data = path.read_bytes()
    at = 0

    def number(code: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(f"<{code}", data, at)
        at += struct.calcsize(f"<{code}")
        return int(value)

    def text() -> str:
        nonlocal at
        length = number("H")
        at += length
        return data[at - length : at - 1].decode()

    number("I"), text(), number("I")
    variables: dict[str, np.ndarray] = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind = _TYPES[number("B")]
        length = number("I")
        variables[name] = np.frombuffer(data, kind, length // kind().itemsize, at).reshape(shape)
        at += length
    for _ in range(number("I")):  # variables of equal value are stored once
        alias, original = text(), text()
        variables[alias] = variables[original]
    return variables


def _set(spec: Any, name: str, value: Tensor) -> None:
    """Set `encoder.layer.0.ffn.linear_0.weight` and the like on a CTranslate2 spec."""
    *path, last = name.split(".")
    for part in path:
        spec = spec[int(part)] if part.isdigit() else getattr(spec, part)
    setattr(spec, last, value)


def _spec_name(name: str) -> str:
    name = re.sub(r"layer_norm\.weight$", "layer_norm.gamma", name)
    name = re.sub(r"layer_norm\.bias$", "layer_norm.beta", name)
    return re.sub(r"\.positions$", f".{_ENCODINGS}", name)


def _torch_name(name: str) -> str:
    name = name.replace(".gamma", ".weight").replace(".beta", ".bias")
    return name.replace(_ENCODINGS, "positions")


def _slashed(name: str) -> str:
    """A name as model.bin has it: `encoder/layer_0/ffn/linear_0/weight`."""
    return re.sub(r"\.(\d+)", r"_\1", name).replace(".", "/")


def _dequantised(variables: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A variable as float32; int8 rows are divided by their scales."""
    value = variables[name].astype(np.float32)
    scale = variables.get(f"{name}_scale")
    if scale is None:
        return value
    return np.asarray(value / scale.reshape(-1, *[1] * (value.ndim - 1)), np.float32)


def _size(variables: dict[str, np.ndarray]) -> WhisperSize:
    def layers(side: str) -> int:
        return len(
            {name.split("/")[1] for name in variables if name.startswith(f"{side}/layer_")}
            - {"layer_norm"}
        )

    feed_forward, width = variables["encoder/layer_0/ffn/linear_0/weight"].shape
    return WhisperSize(
        width=width,
        feed_forward=feed_forward,
        encoder_layers=layers("encoder"),
        decoder_layers=layers("decoder"),
        **{field: int(variables[name]) for field, name in _HEADS.items()},
    )


def _preprocessor() -> dict[str, Any]:
    """What faster-whisper reads of the feature extractor: windows of 10 s."""
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": BINS,
        "sampling_rate": 16000,
        "hop_length": 160,
        "chunk_length": WINDOW_FRAMES // 100,
        "n_fft": 400,
        "n_samples": WINDOW_FRAMES * 160,
        "nb_max_frames": WINDOW_FRAMES,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }
