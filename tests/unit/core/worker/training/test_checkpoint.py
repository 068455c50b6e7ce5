"""Checkpoints as bytes."""

import io
import pickle

import pytest
import torch

from core.errors import ModelFault
from core.worker.training.checkpoint import Checkpoint, pack, unpack


def test_what_is_packed_comes_back():
    """Tensors, counts and keys are the same."""
    made = Checkpoint(
        step=3,
        seconds=1.5,
        prior=["k"],
        previews={0: "before", 100: "after"},
        parts={"adapter": {"a": torch.ones(2)}},
        optimizer={"state": {0: {"step": torch.tensor(3.0)}}},
        random=torch.Generator().get_state(),
    )
    back = unpack(pack(made))
    assert (back.step, back.seconds, back.prior) == (3, 1.5, ["k"])
    assert back.previews == {0: "before", 100: "after"}
    assert torch.equal(back.parts["adapter"]["a"], torch.ones(2))
    assert torch.equal(back.random, made.random)
    assert back.optimizer["state"][0]["step"] == 3


def test_picture_in_company_has_its_captions():
    """Several, or the one that earlier versions knew."""
    made = Checkpoint(company=[("k", "m", ("a", "b")), ("l", "n", "c")])  # type: ignore[list-item]
    assert unpack(pack(made)).company == [("k", "m", ("a", "b")), ("l", "n", ("c",))]


def test_checkpoint_of_the_first_version_begins_anew_with_its_pictures():
    """An update in the middle of a training costs its steps, not the job."""
    old = {"step": 9, "seconds": 1.5, "prior": ["k"], "adapter": {}, "token": [], "random": None}
    buffer = io.BytesIO()
    torch.save(old, buffer)
    assert unpack(buffer.getvalue()) == Checkpoint(seconds=1.5, prior=["k"])


class Mine:
    """Something that only pickle could bring back."""

    def __reduce__(self):
        return (print, ("code ran",))


@pytest.mark.parametrize(
    "data",
    [b"", b"no checkpoint", pickle.dumps(Mine(), protocol=2)],
    ids=["empty", "text", "pickle"],
)
def test_anything_else_is_refused_without_running_code(data, capsys):
    """A blob that is no checkpoint is a fault."""
    with pytest.raises(ModelFault, match="not a training checkpoint"):
        unpack(data)
    assert capsys.readouterr().out == ""
