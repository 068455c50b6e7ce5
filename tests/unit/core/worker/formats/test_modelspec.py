"""What the library's own files say of themselves."""

import pytest
import torch

from core.worker.artifact import Artifact, unpack
from core.worker.formats.files import open_file
from core.worker.formats.modelspec import stored

FACTS = {"name": "xyz", "class_noun": "temple", "family": "pocket"}
ONE = {"x": torch.ones(1)}
WORD = (torch.ones(2, 4),)


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"lora": ONE, "tokens": WORD}, "lora"),
        ({"text": (ONE,)}, "lora"),
        ({"tokens": WORD}, "textual-inversion"),
        ({"delta": ONE, "tokens": WORD}, "difference"),
        ({"hyper": ONE, "tokens": WORD}, "hypernetwork"),
    ],
)
def test_stored_artifact_says_what_it_is(base, parts, kind):
    """Its part of the architecture, its name and its words; the same bytes each time."""
    made = Artifact(**{"lora": {}, "tokens": ()} | parts, facts=FACTS)
    data = stored(base, made)
    _, metadata = open_file(data)
    assert metadata["modelspec.architecture"] == f"atelier-pocket/{kind}"
    assert metadata["modelspec.title"] == "xyz"
    assert metadata["modelspec.trigger_phrase"] == "<xyz> temple"
    assert "modelspec.date" not in metadata
    assert data == stored(base, made)
    assert unpack(data).facts == FACTS
