"""How files call the modules of a model."""

from types import SimpleNamespace

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.lora_conversion_utils import (
    _convert_non_diffusers_lora_to_diffusers,
    _maybe_map_sgm_blocks_to_diffusers,
)
from diffusers.utils.state_dict_utils import convert_unet_state_dict_to_peft
from torch import nn

from core.worker.formats.names import by_file_name, flat, original_paths, text_path, unet_path
from tests.unit.core.worker.formats.models import FAMILIES

SDXL = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
SD1 = {"sample_size": 64, "attention_head_dim": 8, "cross_attention_dim": 768}
ATTENTION_ONLY = "transformer_blocks", "proj_in", "proj_out"


def paths(config):
    """The layers of a UNet of full size; no memory is taken."""
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config)
    return [name for name, part in unet.named_modules() if isinstance(part, nn.Linear | nn.Conv2d)]


@pytest.fixture(scope="module")
def sdxl():
    return paths(SDXL)


def test_layers_of_the_real_unets_are_as_many_as_kohya_trains(sdxl):
    """722 for SDXL and 192 for SD 1: what its trainer prints, without convolutions outside."""
    for known, count in ((sdxl, 722), (paths(SD1), 192)):
        assert sum(any(part in path for part in ATTENTION_ONLY) for path in known) == count


@pytest.mark.parametrize(
    ("path", "original"),
    [
        ("conv_in", "input_blocks.0.0"),
        ("down_blocks.0.resnets.1.conv2", "input_blocks.2.0.out_layers.3"),
        ("down_blocks.0.downsamplers.0.conv", "input_blocks.3.0.op"),
        ("down_blocks.1.resnets.0.conv_shortcut", "input_blocks.4.0.skip_connection"),
        ("down_blocks.1.attentions.0.proj_in", "input_blocks.4.1.proj_in"),
        ("down_blocks.2.attentions.1.transformer_blocks.9.attn2.to_out.0",
         "input_blocks.8.1.transformer_blocks.9.attn2.to_out.0"),
        ("mid_block.resnets.0.conv1", "middle_block.0.in_layers.2"),
        ("mid_block.attentions.0.transformer_blocks.3.ff.net.0.proj",
         "middle_block.1.transformer_blocks.3.ff.net.0.proj"),
        ("mid_block.resnets.1.time_emb_proj", "middle_block.2.emb_layers.1"),
        ("up_blocks.0.upsamplers.0.conv", "output_blocks.2.2.conv"),
        ("up_blocks.1.attentions.2.transformer_blocks.1.attn1.to_k",
         "output_blocks.5.1.transformer_blocks.1.attn1.to_k"),
        ("up_blocks.2.resnets.2.conv1", "output_blocks.8.0.in_layers.2"),
        ("add_embedding.linear_2", "label_emb.0.2"),
        ("conv_out", "out.2"),
    ],
)  # fmt: skip
def test_sdxl_has_the_names_of_the_original_code(sdxl, path, original):
    """Blocks are counted through, with what samples them down and up."""
    assert original_paths(sdxl)[path] == original


def test_every_layer_of_sdxl_has_an_original_name_of_its_own(sdxl):
    """None is left out and no two share one."""
    found = original_paths(sdxl)
    assert found.keys() == set(sdxl)
    assert len(set(found.values())) == len(sdxl)


def test_upsampler_without_attention_before_it_comes_earlier():
    """As in SD 1, whose first block up has none."""
    assert original_paths(paths(SD1))["up_blocks.0.upsamplers.0.conv"] == "output_blocks.2.1.conv"


@pytest.mark.parametrize("family", ["sdxl", "sd1"])
def test_diffusers_reads_every_name_as_the_same_layer(sdxl, family):
    """Its own converters take each kohya name back to the layer that it was made from."""
    known = sdxl if family == "sdxl" else paths(SD1)
    names = original_paths(known) if family == "sdxl" else {path: path for path in known}
    files = {
        f"lora_unet_{flat(names[path])}.lora_{part}.weight": path
        for path in known
        for part in ("down", "up")
    }
    if family == "sdxl":
        files = _maybe_map_sgm_blocks_to_diffusers(files, SimpleNamespace(layers_per_block=2))
    converted, _ = _convert_non_diffusers_lora_to_diffusers(files)
    back = convert_unet_state_dict_to_peft(
        {key.removeprefix("unet."): path for key, path in converted.items()}
    )
    assert len(back) == 2 * len(known)
    assert all(key.startswith(f"{path}.lora_") for key, path in back.items())


@pytest.mark.parametrize("family", FAMILIES)
def test_no_two_modules_share_a_name(modules, family):
    """Taking dots away makes no two names equal, and each module has names of every form."""
    known = modules[family]
    aliases = by_file_name(known)
    for module in known:
        own = {alias for alias, named in aliases.items() if named == module}
        forms = ("lora_unet_", "unet.", "base_model.model.") if unet_path(module) else ("lora_te",)
        assert all(any(alias.startswith(form) for alias in own) for form in forms)


def test_text_encoders_are_told_apart():
    """Kohya numbers SDXL's from 1; newer CLIP classes leave `text_model` out, files do not."""
    layer = "encoder.layers.0.mlp.fc1"
    assert text_path(f"text.0.{layer}") == text_path(f"text.0.text_model.{layer}")
    aliases = by_file_name((f"text.0.{layer}", f"text.1.text_model.{layer}"))
    for name, module in {
        f"lora_te_text_model_{flat(layer)}": f"text.0.{layer}",
        f"lora_te1_text_model_{flat(layer)}": f"text.0.{layer}",
        f"lora_te2_text_model_{flat(layer)}": f"text.1.text_model.{layer}",
        f"text_encoder.text_model.{layer}": f"text.0.{layer}",
        f"text_encoder_2.text_model.{layer}": f"text.1.text_model.{layer}",
    }.items():
        assert aliases[name] == module
