"""Which weights a base model has."""

import shutil
from types import SimpleNamespace

from core.pocket.paths import diffusion_path
from core.worker.weights import weights_of

NAME = "diffusion_pytorch_model.safetensors"


def unet(folder):
    return SimpleNamespace(config={"_name_or_path": str(folder)})


def test_pocket_model_has_a_hash(base):
    """Of the file that was loaded."""
    digest = weights_of(base.pipe.unet)
    assert len(digest) == 64
    assert digest == weights_of(unet(diffusion_path() / "unet"))


def test_other_bytes_are_other_weights(tmp_path):
    """Whatever the folder is called; half-precision twins beside the file do not count."""
    for name, data in (("a", b"one"), ("b", b"two"), ("c", b"one")):
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME).write_bytes(data)
    shutil.copy(tmp_path / "b" / NAME, tmp_path / "c" / NAME.replace(".saf", ".fp16.saf"))
    first, second, third = (weights_of(unet(tmp_path / name)) for name in "abc")
    assert first == third != second


def test_model_without_files_has_none(tmp_path):
    """Nothing is made up."""
    assert weights_of(unet(tmp_path)) == ""
    assert weights_of(unet(tmp_path / "gone")) == ""
    assert weights_of(SimpleNamespace(config={})) == ""
