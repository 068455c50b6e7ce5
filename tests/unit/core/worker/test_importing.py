"""Import jobs: files of other tools on the pocket model."""

import io

import pytest
import torch
from safetensors.torch import save

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.requests import ImagineRequest, ImportRequest
from core.errors import InvalidInput
from core.worker.artifact import unpack
from core.worker.formats import writing
from core.worker.formats.modules import modules_of
from core.worker.formats.parts import adapter_of
from core.worker.formats.words import write_word
from core.worker.importing import Importer
from core.worker.samples import SEEDS
from core.worker.ticket import Stopped, Ticket
from tests.unit.core.worker.formats.models import assert_same, random_adapter

PROMPT = "a photo of a <xyz> house"


@pytest.fixture(scope="module")
def importer(base, stacks, imaginer, storage):
    return Importer(base, stacks, imaginer, storage)


@pytest.fixture(autouse=True)
def one_sample(monkeypatch):
    """One pair in place of three: pictures take most of the time."""
    monkeypatch.setattr("core.worker.samples.SEEDS", SEEDS[:1])


@pytest.fixture(scope="module")
def modules(base):
    return modules_of(base)


def small(adapter):
    """Weak enough that pictures stay pictures."""
    return {name: type(c)(c.A * 0.05, c.B * 0.05, c.scale) for name, c in adapter.items()}


def request(storage, tensors, noun="house"):
    data = tensors if isinstance(tensors, bytes) else save(tensors)
    return ImportRequest(
        concept_id=None,
        name="xyz",
        class_noun=noun,
        concept_kind=ConceptKind.SUBJECT,
        file=storage.put(data),
        file_name="a.safetensors",
    )


def pickled(value):
    """As torch saves it."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def run(slices):
    """All slices of a job; what it answers."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def drawn(imaginer, stacks, imported=None, prompt=PROMPT):
    entries = ()
    if imported is not None:
        entries = (
            StackEntry(
                concept_id=1, version_id=1, name="xyz", class_noun="house",
                kind=ConceptKind.SUBJECT, artifact=imported.artifact,
            ),
        )  # fmt: skip
    wish = imaginer.resolve(ImagineRequest(prompt=prompt, seeds=(1,), num_inference_steps=2))
    (picture,) = imaginer.draw(wish, stacks.wear(entries), on_step=lambda *_: None)
    return picture.tobytes()


def test_adapter_is_taken_in_whole(importer, imaginer, stacks, storage, modules, ticket):
    """Every layer of UNet and text encoder, of several ranks, with alpha in its place."""
    adapter = small(random_adapter(modules, ranks=(4, 2), scale=0.25))
    file = writing.write_kohya(adapter, modules, sdxl=False)
    ended = run(importer.run(request(storage, file), ticket))
    artifact = unpack(storage.get(ended.artifact))
    assert_same(adapter_of(artifact), adapter)
    assert len(adapter_of(artifact)) == len(modules)
    assert (ended.origin.form, ended.origin.rank, ended.origin.vectors) == ("kohya", 4, 0)
    assert ended.origin.text_encoders
    assert (artifact.family, artifact.facts["rank"], ended.model) == ("pocket", 4, "pocket")
    assert drawn(imaginer, stacks, ended) != drawn(imaginer, stacks, prompt="a photo of a house")
    assert len(stacks.adapters.weights(ended.artifact)) == len(artifact.lora)


def test_samples_are_pairs_of_the_same_seed(
    importer, storage, modules, ticket, opened, monkeypatch
):
    """Without and with it, alternating, as after teaching."""
    adapter = small(random_adapter(modules, only=lambda name: "attn2" in name))
    monkeypatch.setattr("core.worker.samples.SEEDS", SEEDS)
    ended = run(importer.run(request(storage, writing.write_diffusers(adapter)), ticket))
    assert len(ended.samples) == 2 * len(SEEDS) == len(set(ended.samples))
    assert {opened(key).size for key in ended.samples} == {(64, 64)}


def test_forms_make_the_same_artifact_but_for_its_origin(importer, storage, modules, ticket):
    """Scales of a power of two are multiplied in without loss."""
    adapter = small(random_adapter(modules, only=lambda name: "attn1.to_q" in name, scale=0.5))
    files = (
        writing.write_kohya(adapter, modules, sdxl=False),
        writing.write_diffusers(adapter),
        writing.write_peft(adapter),
    )
    artifacts = [importer._artifact(request(storage, f), importer._read(save(f))) for f in files]
    for other in artifacts[1:]:
        assert other.lora.keys() == artifacts[0].lora.keys()
        assert all(torch.equal(other.lora[k], v) for k, v in artifacts[0].lora.items())


def test_name_without_a_word_stands_for_the_class(importer, imaginer, stacks, storage, modules,
                                                  ticket):  # fmt: skip
    """An adapter at nothing, called by name, draws what the class noun draws."""
    adapter = {
        name: type(change)(change.A, change.B * 0, 1.0)
        for name, change in random_adapter(modules, only=lambda name: "to_v" in name).items()
    }
    file = writing.write_diffusers(adapter)
    ended = run(importer.run(request(storage, file), ticket))
    named = drawn(imaginer, stacks, ended, prompt="a photo of a <xyz>")
    assert named == drawn(imaginer, stacks, prompt="a photo of a house")


@pytest.mark.parametrize("vectors", [1, 3])
def test_word_is_taken_in(importer, imaginer, stacks, storage, base, ticket, vectors):
    """An embedding of one or several vectors is a concept without an adapter."""
    width = base.text_encoders[0].config.hidden_size
    rows = torch.randn(vectors, width, generator=torch.Generator().manual_seed(vectors))
    ended = run(importer.run(request(storage, write_word((rows,))), ticket))
    artifact = unpack(storage.get(ended.artifact))
    assert (ended.origin.form, ended.origin.rank, ended.origin.vectors) == ("embedding", 0, vectors)
    assert not ended.origin.text_encoders
    assert artifact.vectors == vectors
    assert torch.equal(artifact.tokens[0][0].reshape(-1, width), rows)
    assert not artifact.lora
    assert drawn(imaginer, stacks, ended) != drawn(imaginer, stacks, prompt="a photo of a house")


@pytest.mark.parametrize(
    "held",
    [
        lambda rows: {"string_to_token": {"*": 265}, "string_to_param": {"*": rows}, "step": 9},
        lambda rows: {"<cat-toy>": rows},
    ],
)
def test_pickled_word_is_the_same_word(importer, imaginer, stacks, storage, base, ticket, held):
    """As the web UI and as diffusers save it: it draws what it draws from safetensors."""
    width = base.text_encoders[0].config.hidden_size
    rows = torch.randn(2, width, generator=torch.Generator().manual_seed(5))
    files = (pickled(held(rows.half())), write_word((rows.half(),)))
    ended, plain = (run(importer.run(request(storage, one), ticket)) for one in files)
    assert (ended.origin.form, ended.origin.vectors) == ("embedding", 2)
    assert drawn(imaginer, stacks, ended) == drawn(imaginer, stacks, plain)


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        (b"PK\x03\x04 pickled", "damaged"),
        (save({}), "empty"),
        ({"model.weight": torch.ones(1, 1, 1)}, "not a LoRA file"),
        ({"lora_unet_x.lora_down.weight": torch.ones(2, 2)}, "Nothing in this file fits"),
        ({"emb_params": torch.ones(1, 768)}, "another base model"),
        (pickled({"string_to_param": {"*": torch.ones(1, 768)}}), "another base model"),
        (pickled({"a.weight": torch.ones(2), "b": torch.ones(2)}), "no hypernetwork and no embed"),
    ],
)
def test_file_that_cannot_be_used_is_refused(importer, storage, ticket, told, tensors, reason):
    """Before anything is stored or drawn."""
    before = sum(1 for _ in storage.path("0" * 64).parents[1].rglob("*"))
    wish = request(storage, tensors)
    with pytest.raises(InvalidInput, match=reason):
        run(importer.run(wish, ticket))
    after = sum(1 for _ in storage.path("0" * 64).parents[1].rglob("*"))
    assert after - before <= 2  # the file itself and its folder


def test_import_can_be_cancelled(importer, storage, modules):
    """While its samples are drawn."""
    adapter = random_adapter(modules, only=lambda name: "attn1.to_q" in name)
    ticket = Ticket(1, 1, lambda _: None, lambda: True, lambda: False)
    with pytest.raises(Stopped):
        run(importer.run(request(storage, writing.write_diffusers(adapter)), ticket))


def hypernetwork(stacks, **settings):
    """A file of the web UI's for this model, strong enough to be seen."""
    nets = stacks.extras.hypernetworks.begin(torch.Generator().manual_seed(5))
    by_width = {}
    for key, value in nets.items():
        width, index, name = key.split(".", 2)
        by_width.setdefault(int(width), ({}, {}))[int(index)][name] = value * 20
    buffer = io.BytesIO()
    torch.save(by_width | {"step": 3, "layer_structure": [1, 2, 1]} | settings, buffer)
    return buffer.getvalue(), nets


def test_a_hypernetwork_file_is_taken_in_whole(importer, storage, stacks, ticket):
    """As a trained one is: the same nets, worn by a prompt, with the file's own activation."""
    data, nets = hypernetwork(stacks, activation_func="relu", activate_output=False)
    ended = run(importer.run(request(storage, data), ticket))
    assert (ended.origin.form, ended.origin.rank, ended.origin.vectors) == ("hypernetwork", 0, 0)
    made = unpack(storage.get(ended.artifact))
    assert set(made.hyper) == set(nets)
    assert all(torch.equal(made.hyper[key], value * 20) for key, value in nets.items())
    assert (made.facts["activation"], made.facts["activate_output"]) == ("relu", False)
    assert not made.lora
    without, shown = ended.samples
    assert without != shown


def test_a_malicious_hypernetwork_is_refused(importer, storage, stacks, ticket, tmp_path):
    """By what it asks for, and it does not get it."""
    file = tmp_path / "made"

    class Evil:
        def __reduce__(self):
            return open, (str(file), "w")

    data, _ = hypernetwork(stacks, name=Evil())
    with pytest.raises(InvalidInput, match=r"io\.open"):
        run(importer.run(request(storage, data), ticket))
    assert not file.exists()
