"""The file that a concept version is."""

import json

import pytest
import torch
from safetensors.torch import save

from core.errors import ModelFault
from core.worker.artifact import Artifact, pack, unpack
from core.worker.formats.files import open_file

FACTS = {"name": "xyz", "family": "pocket", "rank": 2, "targets": ["to_q"], "recipe": {"steps": 3}}


def made():
    lora = {"a.lora_B.weight": torch.ones(3, 2), "a.lora_A.weight": torch.zeros(2, 3)}
    return Artifact(lora, (torch.eye(2), torch.ones(2, 5)), FACTS)


def test_what_is_packed_comes_back():
    """Weights, words of both encoders in their order, and facts."""
    back = unpack(pack(made()))
    assert back.facts == FACTS
    assert back.family == "pocket"
    assert back.lora.keys() == made().lora.keys()
    assert all(torch.equal(back.lora[key], value) for key, value in made().lora.items())
    assert [tuple(token.shape) for token in back.tokens] == [(2, 2), (2, 5)]


def test_same_artifact_is_the_same_bytes():
    """So that a resumed training ends under the same storage key."""
    turned = Artifact(dict(reversed(made().lora.items())), made().tokens, FACTS)
    assert pack(made()) == pack(turned)


def test_what_other_tools_read_stands_beside_the_facts():
    """In a plain file's metadata, in one order; the artifact that comes back is the same."""
    spec = {"modelspec.title": "xyz", "modelspec.architecture": "atelier-pocket/lora"}
    data = pack(made(), spec)
    assert data == pack(made(), dict(reversed(spec.items())))
    _, metadata = open_file(data)
    assert spec.items() <= metadata.items()
    assert unpack(data).facts == FACTS


def test_artifacts_of_before_are_read():
    """They hold their facts alone."""
    old = save({"lora.a": torch.ones(1)}, metadata={"atelier-concept-1": json.dumps(FACTS)})
    assert (unpack(old).facts, list(unpack(old).lora)) == (FACTS, ["a"])


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00" * 40, b"not safetensors at all", save({"x": torch.ones(1)}),
     save({"x": torch.ones(1)}, metadata={"another-format": "{}"})],
)  # fmt: skip
def test_anything_else_is_refused(data):
    """Damaged or foreign files are a fault with a reason, never half an artifact."""
    with pytest.raises(ModelFault, match="not the artifact"):
        unpack(data)


def test_every_kind_of_part_comes_back():
    """Text adapters of both encoders in order, differences, hypernetworks, long words."""
    whole = Artifact(
        {},
        (torch.rand(2, 3, 4), torch.rand(2, 3, 5)),
        FACTS,
        text=({"q.lora_A.weight": torch.ones(1)}, {"q.lora_A.weight": torch.zeros(2)}),
        delta={"conv.weight": torch.ones(4)},
        hyper={"32.0.linear.0.weight": torch.ones(5)},
    )
    back = unpack(pack(whole))
    assert (back.has_extras, back.vectors, back.lora) == (True, 3, {})
    assert [part["q.lora_A.weight"].shape for part in back.text] == [(1,), (2,)]
    assert torch.equal(back.delta["conv.weight"], torch.ones(4))
    assert torch.equal(back.hyper["32.0.linear.0.weight"], torch.ones(5))
    assert torch.equal(back.tokens[1], whole.tokens[1])
    assert pack(back) == pack(whole)


def test_plain_artifact_has_no_extras():
    """An adapter and a word of one vector are what every base model can be given in a batch."""
    assert (made().has_extras, made().vectors) == (False, 1)


def test_cut_file_is_refused():
    """A file that ends too soon is not read as far as it goes."""
    with pytest.raises(ModelFault):
        unpack(pack(made())[:-8])
