"""The torch model against CTranslate2's reading of it."""

import json
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
import torch
from faster_whisper import WhisperModel

from core.pocket.speech import ctranslate
from core.pocket.speech.ctranslate import (
    read_folder,
    read_variables,
    spec_tensors,
    write_folder,
)
from core.pocket.speech.model import Whisper
from core.pocket.speech.tokenizer import Vocabulary

WINDOW = 3000  # frames that faster-whisper pads to


@pytest.fixture(scope="module")
def model(vocabulary: Vocabulary) -> Whisper:
    torch.manual_seed(5)
    whisper = Whisper(len(vocabulary)).eval()
    with torch.no_grad():
        for parameter in whisper.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
    return whisper


def _features() -> tuple[torch.Tensor, ctranslate2.StorageView]:
    mel = torch.zeros(1, 80, WINDOW)
    mel[..., :600] = torch.rand(1, 80, 600, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return mel[..., :1000], ctranslate2.StorageView.from_array(mel.numpy())


def test_the_export_hears_what_the_torch_model_hears(
    model: Whisper, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """Encoder states agree within 1e-3 of their size, and so do greedy log-probabilities."""
    write_folder(model, vocabulary, tmp_path, quantization="float32")
    exported = ctranslate2.models.Whisper(str(tmp_path), device="cpu", intra_threads=1)
    assert exported.is_multilingual
    mel, view = _features()
    with torch.no_grad():
        ours = model.encoder(mel).states[:, :500]
    theirs = torch.from_numpy(np.array(exported.encode(view)))[:, :500]
    torch.testing.assert_close(theirs, ours, atol=1e-3, rtol=1e-3)
    names = ("startoftranscript", "en", "transcribe", "notimestamps")
    prompt = [vocabulary.id(f"<|{name}|>") for name in names]
    [result] = exported.generate(
        view, [prompt], beam_size=1, max_length=8, return_scores=True, suppress_blank=False
    )
    written = [*prompt, *result.sequences_ids[0]]
    with torch.no_grad():
        logits = model(mel, torch.tensor([written]))[0]
    assert logits[3:-1].argmax(-1).tolist() == result.sequences_ids[0][: len(written) - 4]


@pytest.mark.parametrize(("quantization", "tolerance"), [("float32", 0.0), ("int8", 0.02)])
def test_a_folder_reads_back_as_the_model_it_was(
    model: Whisper,
    vocabulary: Vocabulary,
    tmp_path: Path,
    quantization: str,
    tolerance: float,
) -> None:
    """Exactly in float32; within half a step of each row's scale in int8."""
    write_folder(model, vocabulary, tmp_path, quantization=quantization)
    read, tokens = read_folder(tmp_path)
    assert tokens == vocabulary.tokens()
    assert read.size == model.size
    theirs = spec_tensors(read)
    for name, value in spec_tensors(model).items():
        torch.testing.assert_close(theirs[name], value, atol=tolerance, rtol=0)


def test_faster_whisper_loads_the_folder(
    model: Whisper, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    """With windows of 10 s and the two languages that it was taught."""
    write_folder(model, vocabulary, tmp_path)
    loaded = WhisperModel(str(tmp_path), device="cpu", compute_type="int8", cpu_threads=1)
    assert loaded.model.is_multilingual
    assert loaded.feature_extractor.nb_max_frames == 1000
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["lang_ids"] == [vocabulary.id("<|en|>"), vocabulary.id("<|es|>")]


def test_another_shape_is_refused(
    model: Whisper, vocabulary: Vocabulary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of another layout names the tensor that does not fit."""
    write_folder(model, vocabulary, tmp_path, quantization="float32")
    variables = read_variables(tmp_path / "model.bin")
    variables["encoder/conv2/bias"] = variables["encoder/conv2/bias"][:100]
    monkeypatch.setattr(ctranslate, "read_variables", lambda _: variables)
    with pytest.raises(ValueError, match=r"encoder\.conv2\.bias is \(100,\), not \(160,\)"):
        read_folder(tmp_path)
