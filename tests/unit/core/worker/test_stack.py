"""Stacks on the shared model."""

import pytest
import torch

from core.domain.requests import ImagineRequest
from core.errors import Conflict, ModelFault
from core.worker import adapters, artifacts
from core.worker.artifact import pack
from core.worker.artifacts import Artifacts
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING
from core.worker.stack import Stacks, weighted
from core.worker.tokens import SLOTS
from tests.unit.core.worker.conftest import random_artifact

PROMPT = "a <one> house in a forest"


def draw(imaginer, stacks, *entries, prompt=PROMPT):
    """The pixels of one small picture with a stack."""
    request = ImagineRequest(prompt=prompt, seeds=(1,), num_inference_steps=2)
    speller = stacks.wear(entries)
    (picture,) = imaginer.draw(imaginer.resolve(request), speller, on_step=lambda *_: None)
    return picture.tobytes()


def test_stack_is_undone_for_the_next_request(imaginer, stacks, make_concept):
    """With, without, with again: each is what it was, whatever was worn in between."""
    one, two = make_concept("one", seed=1), make_concept("two", seed=2)
    plain = draw(imaginer, stacks)
    with_one = draw(imaginer, stacks, one)
    with_both = draw(imaginer, stacks, one, two)
    assert len({plain, with_one, with_both}) == 3
    assert draw(imaginer, stacks) == plain
    assert draw(imaginer, stacks, one) == with_one
    assert draw(imaginer, stacks, one, two) == with_both


def test_weight_zero_without_the_word_is_the_plain_model(imaginer, stacks, make_concept):
    """An adapter at weight 0 adds nothing."""
    off = make_concept("one", seed=1, weight=0.0)
    prompt = "a house"
    assert draw(imaginer, stacks, off, prompt=prompt) == draw(imaginer, stacks, prompt=prompt)


def test_weights_matter(imaginer, stacks, make_concept):
    """Half the weight is another picture."""
    whole, half = (make_concept("one", seed=1, weight=weight) for weight in (1.0, 0.5))
    assert draw(imaginer, stacks, whole) != draw(imaginer, stacks, half)


def test_adapter_is_loaded_whole(base, stacks, storage, make_concept):
    """Every layer, convolutions and feed-forward too, holds the artifact's own numbers."""
    artifact = random_artifact(base, stacks, seed=5, rank=2, name="five")
    key = storage.put(pack(artifact))
    stacks.adapters.load(key)
    held = stacks.adapters.weights(key)
    assert held.keys() == artifact.lora.keys()
    assert len(held) == 140
    assert all(torch.equal(held[name], value) for name, value in artifact.lora.items())


def _damaged(artifact, change):
    lora = dict(artifact.lora)
    change(lora)
    return type(artifact)(lora, artifact.tokens, artifact.facts)


@pytest.mark.parametrize(
    "change",
    [
        lambda lora: lora.pop(sorted(lora)[0]),
        lambda lora: lora.update(unknown=torch.ones(1)),
        lambda lora: lora.update({sorted(lora)[0]: torch.ones(1, 1)}),
    ],
    ids=["missing", "unknown", "shape"],
)
def test_artifact_that_fits_in_part_is_refused(base, stacks, storage, change):
    """No weight may be left out silently, and nothing of it stays in the model."""
    artifact = _damaged(random_artifact(base, stacks, seed=6, rank=2, name="six"), change)
    key = storage.put(pack(artifact))
    with pytest.raises(ModelFault, match="cannot be loaded"):
        stacks.adapters.load(key)
    assert stacks.adapters.parameters(key) == []


def test_concept_of_another_family_is_refused_with_what_to_do(stacks, make_concept):
    """Its person is told to teach it again."""
    foreign = make_concept("alien", seed=9, family="sdxl")
    with pytest.raises(Conflict, match=r"<alien> .* Teach it again"):
        stacks.wear((foreign,))


def test_least_used_adapters_are_dropped_and_come_back(imaginer, stacks, make_concept, monkeypatch):
    """Memory is bounded, and a dropped adapter is loaded again when it is asked for."""
    monkeypatch.setattr(adapters, "CAPACITY", 2)
    first, *others = (make_concept(name, seed=20 + i) for i, name in enumerate(("one", "b", "c")))
    before = draw(imaginer, stacks, first)
    for entry in others:
        stacks.wear((entry,))
    assert stacks.adapters.parameters(first.artifact) == []
    assert draw(imaginer, stacks, first) == before


def test_names_of_the_stack_are_spelled(stacks, make_concept):
    """The speller knows this stack's names and no others."""
    speller = stacks.wear((make_concept("one", seed=1),))
    assert speller("<one> and <two>") == f"{SLOTS[0]} and <two>"


def test_word_is_weighed_from_where_it_began():
    """Weight 0 is the class noun's vector, 1 what was learned, between lies between."""
    token = torch.tensor([[2.0, 4.0], [0.0, 2.0]])
    for weight, expected in ((0, [0, 2]), (1, [2, 4]), (0.5, [1, 3])):
        assert weighted([token], weight)[0].tolist() == expected


class Counting:
    """A storage that counts what is read."""

    def __init__(self, storage):
        self._storage, self.read = storage, []

    def get(self, key):
        self.read.append(key)
        return self._storage.get(key)


@pytest.fixture
def counting(storage, monkeypatch):
    """With room for one whole version only."""
    monkeypatch.setattr(artifacts, "WHOLE_BYTES", 0)
    return Counting(storage)


def test_what_a_version_says_is_read_once(counting, make_concept):
    """However many others are asked for meanwhile, and without keeping their tensors."""
    kept = Artifacts(counting, lambda _: None)
    keys = [make_concept(f"n{seed}", seed=seed, speaks=seed == 3).artifact for seed in range(6)]
    said = [kept.outline(key).said for key in keys]
    assert [kept.outline(key).said for key in keys] == said
    assert len(counting.read) == len(keys)
    assert all(one.tokens and not one.lora for one in said)
    assert [bool(one.text) for one in said].index(True) == 3
    kept.whole(keys[0])
    assert len(counting.read) == len(keys) + 1


def test_drawing_what_the_bank_holds_reads_nothing(base, counting, imaginer, make_concept):
    """Prompts that were never encoded, with concepts that have all been asked for."""
    stacks = Stacks(base, counting)
    studio = Studio(base, stacks, images=4, adapter_bytes=2**24)
    entries = [make_concept(f"n{seed}", seed=seed) for seed in range(3)]
    for prompt in ("a house", "another house"):
        read = len(counting.read)
        for entry in entries:
            request = ImagineRequest(prompt=prompt, seeds=(1,), stack=(entry,))
            asked = imaginer.resolve(request)
            assert studio.takes(asked)
            studio.withdraw(studio.admit(asked, owner=1, alone=False, given=NOTHING))
    assert read == len(counting.read) == len(entries)


def test_memory_for_versions_is_bounded_by_bytes(counting, make_concept, monkeypatch):
    """The one that was asked for last stays, those that were asked for long ago go."""
    keys = [make_concept(f"n{seed}", seed=seed).artifact for seed in range(3)]
    size = Artifacts(counting, lambda _: None).whole(keys[0]).bytes
    monkeypatch.setattr(artifacts, "WHOLE_BYTES", 2 * size)
    kept = Artifacts(counting, lambda _: None)
    for at in (0, 1, 0, 2, 0):
        kept.whole(keys[at])
    assert counting.read[1:] == [keys[0], keys[1], keys[2]]
    kept.whole(keys[1])
    assert counting.read[-1] == keys[1]
