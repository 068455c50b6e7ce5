"""Parts of a concept beyond adapters and words, on the pocket model."""

import pytest
import torch
from torch.nn import functional

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.requests import ImagineRequest
from core.errors import ModelFault
from core.worker.artifact import Artifact, pack

RANDOM = torch.Generator()


def text_part(stacks):
    (part,) = stacks.extras.text.begin(2, RANDOM.manual_seed(1))
    return {"text": ({key: torch.randn(v.shape, generator=RANDOM) for key, v in part.items()},)}


def delta_part(stacks):
    own = stacks.extras.differences.parameters
    return {
        "delta": {
            key: torch.randn(value.shape, generator=RANDOM.manual_seed(2)) * 0.03
            for key, value in own.items()
        }
    }


def hyper_part(stacks):
    nets = stacks.extras.hypernetworks.begin(RANDOM.manual_seed(3))
    return {"hyper": {key: value * 20 for key, value in nets.items()}}


PARTS = [text_part, delta_part, hyper_part]


@pytest.fixture
def entry_of(base, storage):
    """A concept that has the given parts and nothing else, in a stack."""

    def entry(weight=1.0, **parts):
        facts = {"name": "one", "model": base.name, "family": base.family.name, "rank": 2}
        key = storage.put(pack(Artifact({}, (), facts, **parts)))
        return StackEntry(
            concept_id=1, version_id=1, name="one", class_noun="house", kind=ConceptKind.SUBJECT,
            artifact=key, weight=weight,
        )  # fmt: skip

    return entry


@pytest.fixture
def draw(imaginer, stacks):
    def draw(*entries):
        request = ImagineRequest(prompt="a house on a beach", seeds=(1,), num_inference_steps=2)
        speller = stacks.wear(entries)
        (picture,) = imaginer.draw(imaginer.resolve(request), speller, on_step=lambda *_: None)
        return picture.tobytes()

    return draw


@pytest.mark.parametrize("make", PARTS)
def test_part_is_drawn_with_at_its_weight_and_taken_off(make, stacks, entry_of, draw):
    """None, whole, half, zero, none again: the first, fourth and last are the same bytes."""
    part = make(stacks)
    plain = draw()
    whole, half = draw(entry_of(**part)), draw(entry_of(0.5, **part))
    assert len({plain, whole, half}) == 3
    assert draw(entry_of(0.0, **part)) == plain
    assert draw(entry_of(**part)) == whole
    assert draw() == plain


def test_parts_add_up_beside_adapters(stacks, entry_of, make_concept, draw):
    """A stack of an adapter and of all other parts differs from each without one of them."""
    adapter = make_concept("two", seed=2)
    parts = [entry_of(**make(stacks)) for make in PARTS]
    whole = draw(adapter, *parts)
    fewer = [draw(adapter, *(p for p in parts if p is not left)) for left in parts]
    assert len({whole, *fewer, draw(*parts)}) == 5
    assert draw(adapter, *parts) == whole


def test_differences_leave_the_very_weights_behind(base, stacks, entry_of):
    """Afterwards the UNet's weights are the same storage as before, not one computed back."""
    stacks.wear(())
    own = stacks.extras.differences.parameters
    before = {key: value.data_ptr() for key, value in own.items()}
    copies = {key: value.detach().clone() for key, value in own.items()}
    stacks.wear((entry_of(0.7, **delta_part(stacks)),))
    assert all(not torch.equal(own[key], copies[key]) for key in own)
    stacks.wear(())
    assert {key: value.data_ptr() for key, value in own.items()} == before
    assert all(torch.equal(own[key], copies[key]) for key in own)


def test_difference_is_what_is_added(stacks, entry_of):
    """Two of them at their weights: original + sum."""
    own = stacks.extras.differences.parameters
    key = "conv_in.weight"
    stacks.wear(())
    original = own[key].detach().clone()
    one, two = torch.ones_like(original), torch.full_like(original, 0.25)
    stacks.wear((entry_of(0.5, delta={key: one}), entry_of(2.0, delta={key: two})))
    assert torch.allclose(own[key], original + 1.0, atol=1e-6)
    stacks.wear(())


def test_hypernetwork_is_as_the_web_ui_computes_it(base, stacks, entry_of):
    """Keys and values are taken from x + weight · net(x), with the activation between layers."""
    stacks.wear(())
    attention = next(m for m in base.pipe.unet.modules() if hasattr(m, "to_k"))
    width = attention.to_k.in_features
    nets = hyper_part(stacks)["hyper"]
    x = torch.randn((1, 3, width), generator=RANDOM.manual_seed(4))
    plain = attention.to_k(x)
    first, second = (nets[f"{width}.0.linear.{n}.weight"] for n in (0, 1))
    changed = x + 0.5 * functional.linear(functional.linear(x, first), second)
    expected = attention.to_k(changed)
    stacks.wear((entry_of(0.5, hyper=nets),))
    assert torch.allclose(attention.to_k(x), expected, atol=1e-5)
    assert not torch.allclose(attention.to_k(x), plain, atol=1e-3)
    stacks.wear(())
    assert torch.equal(attention.to_k(x), plain)


def test_text_adapter_is_low_rank_and_beside_the_layer(base, stacks, entry_of):
    """y = Wx + b + weight · up · down · x."""
    part = text_part(stacks)
    layer = base.pipe.text_encoder.get_submodule("encoder.layers.0.mlp.fc1")
    stacks.wear(())
    x = torch.randn((2, layer.in_features), generator=RANDOM.manual_seed(5))
    down, up = (part["text"][0][f"encoder.layers.0.mlp.fc1.lora_{n}.weight"] for n in "AB")
    expected = layer(x) + 0.5 * x @ down.T @ up.T
    stacks.wear((entry_of(0.5, **part),))
    assert torch.allclose(layer(x), expected, atol=1e-4)
    stacks.wear(())


@pytest.mark.parametrize(
    "part",
    [
        {"delta": {"no.such.weight": torch.ones(1)}},
        {"delta": {"conv_in.weight": torch.ones(1)}},
        {"hyper": {"31.0.linear.0.weight": torch.ones(31, 31)}},
        {"hyper": {"0.linear.weight": torch.ones(2, 2)}},
        {"text": ({"encoder.layers.0.mlp.fc1.lora_A.weight": torch.ones(2, 2)},)},
        {"text": ({"no.lora_A.weight": torch.ones(2, 2), "no.lora_B.weight": torch.ones(2, 2)},)},
        {"text": ({"a": torch.ones(1)}, {"a": torch.ones(1)})},
    ],
    ids=["no such weight", "shape", "width", "foreign keys", "half a pair", "no such layer", "two"],
)
def test_part_that_does_not_fit_is_refused_whole(stacks, entry_of, draw, part):
    """Nothing of it is applied, and the model draws as before."""
    plain = draw()
    with pytest.raises(ModelFault, match="does not fit"):
        stacks.wear((entry_of(**part),))
    assert draw() == plain
