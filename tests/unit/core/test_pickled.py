"""What a pickled file holds is told by its frame."""

import pytest

from core.pickled import is_hypernetwork, word_in
from core.torchzip import Stored

VECTORS = Stored("data/0", "F32", 0, (2, 8), (8, 1))


def test_embeddings_of_the_web_ui_lie_one_level_down():
    """Beside what it notes of their training."""
    held = {"string_to_token": {"*": 265}, "string_to_param": {"*": VECTORS}, "step": 10}
    assert word_in(held | {"name": "x", "sd_checkpoint": None}) == {"*": VECTORS}


def test_embeddings_of_diffusers_lie_under_their_word():
    """And those of two text encoders under the names of both."""
    assert word_in({"<cat-toy>": VECTORS}) == {"<cat-toy>": VECTORS}
    both = {"clip_l": VECTORS, "clip_g": VECTORS}
    assert word_in(both) == both


@pytest.mark.parametrize(
    "value",
    [
        None,
        [VECTORS],
        {},
        {"string_to_param": {}},
        {"string_to_param": VECTORS},
        {"string_to_param": {"*": 3}},
        {"string_to_param": {1: VECTORS}},
        {"a.weight": VECTORS, "b.weight": VECTORS},
        {"clip_l": VECTORS, "other": VECTORS},
        {"<cat-toy>": VECTORS, "step": 3},
    ],
)
def test_anything_else_is_no_embedding(value):
    """Whole models too have tensors under names."""
    assert word_in(value) == {}


def test_hypernetworks_have_nets_by_width():
    """Whatever else they note; a flag is no width."""
    assert is_hypernetwork({320: ({}, {}), "step": 3})
    assert not is_hypernetwork({"320": ({}, {})})
    assert not is_hypernetwork({True: ({}, {})})
    assert not is_hypernetwork([320])
    assert word_in({320: VECTORS}) == {}
