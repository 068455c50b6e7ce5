"""Fuse jobs on the pocket model."""

from dataclasses import replace

import pytest
import torch

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.requests import FuseRequest, ImagineRequest
from core.errors import InvalidInput
from core.worker.artifact import pack, unpack
from core.worker.engine.studio import Studio
from core.worker.families import FAMILIES
from core.worker.formats.parts import DOWN
from core.worker.fusion import fuser
from core.worker.fusion.fuser import Fuser, check_parts, joined_words
from core.worker.given import NOTHING
from core.worker.imagine import Imaginer
from core.worker.ticket import Stopped
from core.worker.tokens import spelled
from tests.unit.core.worker.training.conftest import finish, new_ticket

LAYERS = ("mid_block.attentions", "down_blocks.0.resnets.0.conv1")


@pytest.fixture(scope="module")
def quick(base):
    """The pocket model, told that one sampling step is its usual number."""
    return replace(base, family=replace(FAMILIES["pocket"], steps=1))


@pytest.fixture(scope="module")
def imaginer(quick, stacks, storage):
    return Imaginer(quick, stacks, storage)


@pytest.fixture(scope="module")
def small(make_concept, stacks, storage):
    """Concepts that change a few layers only, a convolution among them: little has to be solved."""

    def make(name, seed, weight=1.0):
        entry = make_concept(name, seed=seed, weight=weight)
        whole = stacks.artifact(entry.artifact)
        lora = {key: value * 0.3 for key, value in whole.lora.items() if key.startswith(LAYERS)}
        paths = [key.removesuffix(DOWN) for key in lora if key.endswith(DOWN)]
        made = replace(whole, lora=lora, facts={**whole.facts, "targets": paths})
        return entry.model_copy(update={"artifact": storage.put(pack(made))})

    return make


@pytest.fixture(scope="module")
def request_of(small):
    parts = (small("xyz", 1, 0.5), small("kar", 2))

    def request(**changes):
        values = {
            "concept_id": None, "name": "duo", "class_noun": "house and house",
            "concept_kind": ConceptKind.SUBJECT, "stack_name": "home", "parts": parts,
        }  # fmt: skip
        return FuseRequest(**values | changes)

    return request


@pytest.fixture(scope="module", autouse=True)
def little():
    """One seed a prompt and one pair of samples: pictures take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fuser, "SEEDS", (0,))
        patch.setattr("core.worker.samples.SEEDS", (11,))
        yield


@pytest.fixture(scope="module")
def fused(quick, stacks, imaginer, storage, request_of):
    """A fusion, and what was told on the way."""
    told = []
    of = Fuser(quick, stacks, imaginer, storage)
    return finish(of.run(request_of(), new_ticket(told))), told


def entry_of(fused):
    return StackEntry(
        concept_id=9, version_id=9, name="duo", class_noun="house and house",
        kind=ConceptKind.SUBJECT, artifact=fused.artifact,
    )  # fmt: skip


def test_one_adapter_keeps_what_each_does_alone(fused, storage):
    """Much nearer to each concept's own outputs than the sum, at no more than the ranks' sum."""
    made = unpack(storage.get(fused[0].artifact))
    assert {len(down) for key, down in made.lora.items() if key.endswith(DOWN)} == {4}
    assert fused[0].fusion.rank == 4
    for word in fused[0].fusion.words:
        assert word.error < 0.5 * word.error_sum
    assert [(word.name, word.weight) for word in fused[0].fusion.words] == [
        ("xyz", 0.5),
        ("kar", 1.0),
    ]
    assert len(set(fused[0].samples)) == 2


def test_it_tells_how_far_it_is(fused):
    """Drawing first, then layer by layer, to the end."""
    steps = [message.progress for message in fused[1]]
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[0].note == "drawing <xyz> alone"
    assert all(step.done <= step.total for step in steps)


def test_words_of_all_are_in_it(fused, storage, stacks, request_of):
    """Each under its own token, at the weight it had; the name stands for all of them."""
    made = unpack(storage.get(fused[0].artifact))
    assert made.vectors == 2
    speller = stacks.wear((entry_of(fused[0]),))
    one, two = spelled(0), spelled(0, first=1)
    both = f"{one} house and {two} house"
    assert speller("<KAR> above <xyz> and <abc>") == f"{two} above {one} and <abc>"
    assert speller("a <duo> at night") == f"a {both} at night"
    assert speller("a <duo> house and house") == f"a {both}"
    first = stacks.artifact(request_of().parts[0].artifact).tokens[0]
    assert torch.allclose(made.tokens[0][0, 0], first.mean(0))
    stacks.wear(())


def test_a_word_of_it_is_drawn_as_the_concept_is(fused, imaginer, request_of):
    """Nearer to the concept alone than without its adapter; in every way of stacking."""

    def drawn(prompt, stack, stacking=Stacking.SUM):
        wish = ImagineRequest(prompt=prompt, seeds=(3,), stack=stack, stacking=stacking)
        return imaginer.run(wish, new_ticket([])).images[0].key

    own = (entry_of(fused[0]),)
    assert drawn("a <xyz> house", own) != drawn("a <kar> house", own)
    assert drawn("a <xyz> house", own) == drawn("a <xyz> house", own, Stacking.APART)


def test_guidance_draws_towards_it(fused, quick, stacks):
    """The unconditional half is drawn without it, unless sums were asked for."""
    studio = Studio(quick, stacks, images=2, adapter_bytes=2**22)
    rows = {}
    for stacking in (Stacking.APART, Stacking.SUM):
        wish = ImagineRequest(
            prompt="a <xyz> house", seeds=(3,), stack=(entry_of(fused[0]),), stacking=stacking,
            width_px=64, height_px=64, num_inference_steps=1, guidance_scale=3,
        )  # fmt: skip
        (draft,) = studio.admit(wish, owner=1, alone=True, given=NOTHING)
        assert len(draft.ask.row(0)) == 1
        rows[stacking] = draft.ask.negative_row(0)
    assert rows[Stacking.APART] == ()
    assert len(rows[Stacking.SUM]) == 1


def test_it_begins_anew_with_the_same_result(quick, stacks, imaginer, storage, request_of, fused):
    """In groups of layers too, with the concepts drawn again for each."""
    of = Fuser(quick, stacks, imaginer, storage)
    again = finish(of.run(request_of(), new_ticket([])))
    assert (again.artifact, again.samples) == (fused[0].artifact, fused[0].samples)


def test_it_stops_where_it_is_and_leaves_nothing(
    quick, stacks, imaginer, storage, request_of, base, monkeypatch
):
    """Between any two slices; no hook and no adapter stays at work."""
    monkeypatch.setattr(fuser, "GRAM_BYTES", 2)
    flags = []
    ticket = new_ticket([], is_cancelled=lambda: bool(flags))
    slices = Fuser(quick, stacks, imaginer, storage).run(request_of(), ticket)
    next(slices)
    flags.append(True)
    with pytest.raises(Stopped):
        finish(slices)
    unet = base.pipe.unet
    assert not any(module._forward_pre_hooks for module in unet.modules())
    assert not stacks.adapters._state[0]


def test_what_has_no_adapter_is_refused(stacks, small, fused, make_concept, storage):
    """With the concept's name and what to do; nothing was drawn by then."""
    plain = small("xyz", 1)
    artifact = stacks.artifact(plain.artifact)
    word = replace(artifact, lora={})
    with pytest.raises(InvalidInput, match="<kar> is a word alone"):
        check_parts((plain, small("kar", 2)), (artifact, word))
    text = replace(artifact, text=({},), delta={"x": torch.zeros(1)})
    with pytest.raises(InvalidInput, match="<xyz> is not an adapter"):
        check_parts((plain,), (text,))
    with pytest.raises(InvalidInput, match="<duo> is several"):
        check_parts((entry_of(fused[0]),), (stacks.artifact(fused[0].artifact),))
    long = replace(artifact, tokens=tuple(t[:, None].expand(2, 13, -1) for t in artifact.tokens))
    with pytest.raises(InvalidInput, match="26 vectors"):
        check_parts((plain, plain), (long, long))


def test_words_of_several_vectors_are_joined_in_order(stacks, small):
    """One vector and three make four."""
    entry = small("xyz", 1)
    one = stacks.artifact(entry.artifact)
    three = replace(one, tokens=tuple(t[:, None].expand(2, 3, -1) for t in one.tokens))
    (joined,) = joined_words((entry, entry), (one, three))
    assert joined.shape[:2] == (2, 4)
    assert torch.allclose(joined[:, 0], one.tokens[0], atol=1e-6)
    assert torch.allclose(joined[:, 3], one.tokens[0], atol=1e-6)
