"""Finding and loading base models."""

import pytest
import torch
from safetensors.torch import load_file
from safetensors.torch import save_file as save_safetensors

from core.domain.drawing import Sampler
from core.errors import ModelFault
from core.pocket.paths import diffusion_path
from core.worker.models import load_base, local_folder
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU


def load(name):
    return load_base(str(name), device=CPU, dtype=torch.float32)


def test_pocket_is_its_own_family():
    """Native size, steps of the sides, and nothing that asks for gradients."""
    base = load("pocket")
    assert base.family.name == "pocket"
    assert (base.native_px, base.size_step_px) == (64, 16)
    modules = [p for p in base.pipe.components.values() if isinstance(p, torch.nn.Module)]
    assert len(modules) == 3
    assert not any(w.requires_grad for module in modules for w in module.parameters())


@pytest.mark.parametrize(
    ("build", "family", "encoders"),
    [(tiny.sd1, "sd1", 1), (tiny.sd2, "sd2", 1), (tiny.sdxl, "sdxl", 2)],
)
def test_families_are_told_from_the_checkpoint(tmp_path, build, family, encoders):
    """A folder alone says which family it is."""
    base = load(build(tmp_path))
    assert base.family.name == family
    assert len(base.text_encoders) == len(base.tokenizers) == encoders
    assert base.family.sampler is Sampler.DPMPP_2M


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere", "a/b/c"])
def test_missing_folder_is_refused_before_the_hub_is_asked(name):
    """What is written as a path is a path."""
    with pytest.raises(ModelFault, match="There is no model folder"):
        local_folder(name, pocket=diffusion_path())


def test_hub_id_is_no_folder():
    """One slash and nothing there of that name: an id."""
    assert local_folder("owner/model-that-is-not-here", pocket=diffusion_path()) is None


def test_folder_without_a_pipeline_is_refused(tmp_path):
    """An empty folder is a fault that names it."""
    with pytest.raises(ModelFault, match=str(tmp_path)):
        load(tmp_path)


def test_other_pipelines_are_refused(tmp_path):
    """The reason names what runs."""
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(ModelFault, match=r"FluxPipeline; Atelier draws with Stable Diffusion"):
        load(tmp_path)


def test_pickled_weights_are_not_loaded(tmp_path):
    """Only safetensors files are read, even where others lie beside the configuration."""
    folder = tiny.sd2(tmp_path)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(ModelFault, match="cannot be loaded"):
        load(folder)


def test_damaged_weights_are_refused(tmp_path):
    """A file with a tensor of another shape is a fault, not a strange picture."""
    folder = tiny.sd2(tmp_path)
    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    save_safetensors({key: value[:1].clone() for key, value in tensors.items()}, weights)
    with pytest.raises(ModelFault, match="cannot be loaded"):
        load(folder)
