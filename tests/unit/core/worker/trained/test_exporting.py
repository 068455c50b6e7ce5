"""Export jobs: what other tools read out of them."""

import json
import warnings
from datetime import UTC, datetime

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.exports import ExportForm
from core.domain.requests import ExportRequest
from core.errors import Conflict, InvalidInput
from core.pocket.paths import diffusion_path
from core.worker.artifact import Artifact, pack
from core.worker.exporting import Exporter
from core.worker.formats.files import open_file
from core.worker.formats.low_rank import LowRank
from core.worker.formats.modules import modules_of
from core.worker.formats.parts import adapter_of, ranks_of, text_parts, unet_part
from core.worker.formats.reading import read_adapter
from core.worker.formats.words import read_word
from tests.unit.core.worker.formats.models import assert_same, random_adapter

WHEN = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
PROMPT = "a photo of a <xyz> house at night"


@pytest.fixture(scope="module")
def exporter(base, storage):
    return Exporter(base, storage)


@pytest.fixture(scope="module")
def artifact(base):
    """Every layer of UNet and text encoder changed, at two ranks, and a word of two vectors."""
    everywhere = random_adapter(modules_of(base), ranks=(4, 2), scale=1.0, seed=4)
    weak = {name: LowRank(c.A * 0.04, c.B * 0.04, 1.0) for name, c in everywhere.items()}
    part = unet_part(weak)
    width = base.text_encoders[0].config.hidden_size
    word = torch.randn(2, 2, width, generator=torch.Generator().manual_seed(5)) * 0.5
    ranks = ranks_of(part)
    facts = {"name": "xyz", "model": "pocket", "family": "pocket", "rank": 4,
             "ranks": ranks, "targets": list(ranks)}  # fmt: skip
    return Artifact(part, (word,), facts, text=text_parts(weak, encoders=1))


def entry(storage, artifact):
    return StackEntry(
        concept_id=1, version_id=1, name="xyz", class_noun="house", kind=ConceptKind.SUBJECT,
        artifact=storage.put(pack(artifact)),
    )  # fmt: skip


def export(exporter, storage, ticket, artifact, form=ExportForm.KOHYA):
    request = ExportRequest(concept=entry(storage, artifact), number=3, taught_at=WHEN, form=form)
    return exporter.run(request, ticket)


@pytest.mark.parametrize("form", ExportForm)
def test_files_hold_the_whole_version(exporter, storage, ticket, base, artifact, form):
    """Read again, the adapter and the word are what was taught, every layer of them."""
    adapter, word = export(exporter, storage, ticket, artifact, form).files
    assert (adapter.name, adapter.is_word) == ("xyz-v3.safetensors", False)
    assert (word.name, word.is_word) == ("xyz.safetensors", True)
    tensors, _ = open_file(storage.get(adapter.key))
    modules = modules_of(base)
    back = read_adapter(tensors, modules)
    assert len(back) == len(modules)
    assert_same(back, adapter_of(artifact))
    width = artifact.tokens[0].shape[-1]
    (vectors,) = read_word(open_file(storage.get(word.key))[0], (width,))
    assert torch.equal(vectors, artifact.tokens[0][0])
    assert adapter.size_bytes == len(storage.get(adapter.key))


def test_metadata_says_what_it_is(exporter, storage, ticket, artifact):
    """The modelspec fields, kohya's own, and the hash of the tensors' bytes."""
    adapter, word = export(exporter, storage, ticket, artifact).files
    data = storage.get(adapter.key)
    _, facts = open_file(data)
    assert facts["modelspec.sai_model_spec"] == "1.0.1"
    assert facts["modelspec.architecture"] == "atelier-pocket/lora"
    assert facts["modelspec.title"] == "xyz v3"
    assert facts["modelspec.trigger_phrase"] == "xyz house"
    assert facts["modelspec.date"] == "2026-11-20T12:30:00"
    assert facts["modelspec.prediction_type"] == "v"
    assert facts["modelspec.hash_sha256"].startswith("0x")
    assert (facts["ss_network_dim"], facts["ss_output_name"]) == ("4", "xyz-v3")
    length = int.from_bytes(data[:8], "little")
    assert (8 + length) % 8 == 0
    assert next(iter(json.loads(data[8 : 8 + length]))) == "__metadata__"
    assert "textual-inversion" in open_file(storage.get(word.key))[1]["modelspec.architecture"]


def test_same_version_gives_the_same_bytes(exporter, storage, ticket, artifact):
    """So that it is stored once, however often it is asked for."""
    first, second = (export(exporter, storage, ticket, artifact).files for _ in range(2))
    assert first == second


def latents_of(pipe, prompt):
    """What the UNet makes of a prompt in a few steps, before the VAE."""
    return pipe(
        prompt, num_inference_steps=4, guidance_scale=3.0, output_type="latent",
        generator=torch.Generator().manual_seed(7), height=64, width=64,
    ).images  # fmt: skip


@pytest.mark.parametrize("form", ExportForm)
def test_plain_diffusers_draws_the_same(
    exporter, storage, ticket, base, stacks, artifact, form, tmp_path
):
    """`load_lora_weights` and `load_textual_inversion` take every key; latents agree to 1e-4."""
    files = export(exporter, storage, ticket, artifact, form).files
    for file in files:
        (tmp_path / file.name).write_bytes(storage.get(file.key))
    plain = StableDiffusionPipeline.from_pretrained(
        diffusion_path(), use_safetensors=True, dtype=torch.float32
    )
    plain.set_progress_bar_config(disable=True)
    without = latents_of(plain, "a photo of a house at night")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        plain.load_lora_weights(tmp_path / "xyz-v3.safetensors", adapter_name="xyz")
    plain.load_textual_inversion(tmp_path / "xyz.safetensors", token="<xyz>")
    worn = [n for part in (plain.unet, plain.text_encoder) for n, _ in part.named_modules()
            if n.endswith(".lora_A.xyz")]  # fmt: skip
    assert len(worn) == len(adapter_of(artifact))
    speller = stacks.wear((entry(storage, artifact),))
    base.pipe.scheduler = plain.scheduler
    ours = latents_of(base.pipe, speller(PROMPT))
    theirs = latents_of(plain, PROMPT)
    assert (ours - theirs).abs().max() < 1e-4
    assert (theirs - without).abs().max() > 1e-2


def test_noun_is_no_learned_word(exporter, storage, ticket, artifact):
    """What was taken in without a word has no file for one, and no trigger but its class."""
    same = tuple(token[1:].expand(2, -1, -1) for token in artifact.tokens)
    wordless = Artifact(artifact.lora, same, artifact.facts)
    (only,) = export(exporter, storage, ticket, wordless).files
    assert not only.is_word
    _, facts = open_file(storage.get(only.key))
    assert facts["modelspec.trigger_phrase"] == "house"


def test_word_alone_is_a_file_alone(exporter, storage, ticket, artifact):
    """Textual inversion has no adapter."""
    word = Artifact({}, artifact.tokens, artifact.facts)
    (only,) = export(exporter, storage, ticket, word).files
    assert only.is_word
    assert load(storage.get(only.key)).keys() == {"emb_params"}


def test_what_no_lora_file_can_hold_is_refused(exporter, storage, ticket, artifact):
    """Full differences and hypernetworks, and versions of another family."""
    for part in ({"delta": {"conv_in.weight": torch.ones(1)}}, {"hyper": {"x": torch.ones(1)}}):
        whole = Artifact({}, artifact.tokens, artifact.facts, **part)
        with pytest.raises(InvalidInput, match="no LoRA file has room"):
            export(exporter, storage, ticket, whole)
    foreign = Artifact(artifact.lora, artifact.tokens, {**artifact.facts, "family": "sdxl"})
    with pytest.raises(Conflict, match="another kind"):
        export(exporter, storage, ticket, foreign)
