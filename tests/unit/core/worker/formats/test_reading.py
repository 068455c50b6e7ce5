"""Adapters out of other tools' files."""

import copy
import json

import pytest
import torch
from diffusers.utils.state_dict_utils import convert_state_dict_to_kohya
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from core.errors import InvalidInput
from core.worker.formats import writing
from core.worker.formats.modules import modules_of
from core.worker.formats.names import UNET, unet_path
from core.worker.formats.reading import PEFT_METADATA, read_adapter
from tests.unit.core.worker.formats.models import FAMILIES, assert_same, delta, random_adapter

TO_Q = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
KOHYA = f"lora_unet_{TO_Q.replace('.', '_')}"


def is_unet(module):
    return bool(unet_path(module))


@pytest.mark.parametrize("family", FAMILIES)
def test_three_forms_say_the_same(modules, family):
    """Every layer of UNet and encoders, of several ranks, comes back from each form."""
    known = modules[family]
    adapter = random_adapter(known, ranks=(4, 1, 3))
    assert len(adapter) == len(known)
    kohya = writing.write_kohya(adapter, known, sdxl=family == "sdxl")
    assert len(kohya) == 3 * len(known)
    assert_same(read_adapter(kohya, known), adapter)
    plain = writing.write_diffusers(adapter)
    assert len(plain) == 2 * len(known)
    assert_same(read_adapter(plain, known), adapter)
    of_unet = random_adapter(known, only=is_unet)
    assert_same(read_adapter(writing.write_peft(of_unet), known), of_unet)


@pytest.fixture(scope="module")
def taught(bases):
    """A UNet in double precision that wears a random adapter of peft's, and its module shapes."""
    unet = copy.deepcopy(bases["sd1"].pipe.unet).double()
    config = LoraConfig(
        r=4, lora_alpha=2, init_lora_weights=False,
        target_modules=["to_q", "to_k", "to_out.0", "conv1", "conv_shortcut", "ff.net.2"],
        rank_pattern={"conv1": 3}, alpha_pattern={"conv1": 6},
    )  # fmt: skip
    torch.manual_seed(1)
    unet.add_adapter(config)
    return unet, config


def forward(unet):
    random = torch.Generator().manual_seed(3)
    latents = torch.randn(1, 4, 8, 8, generator=random, dtype=torch.float64)
    text = torch.randn(1, 5, unet.config.cross_attention_dim, generator=random, dtype=torch.float64)
    with torch.no_grad():
        return unet(latents, 7, text).sample


def merged(unet, adapter):
    """A plain UNet whose weights have the changes added."""
    with torch.no_grad():
        for module, change in adapter.items():
            unet.get_submodule(unet_path(module)).weight += delta(change)
    return unet


def _metadata(config):
    stated = {"unet.lora_alpha": config.lora_alpha, "unet.alpha_pattern": config.alpha_pattern}
    return {PEFT_METADATA: json.dumps(stated)}


@pytest.mark.parametrize("form", ["peft", "diffusers", "kohya"])
def test_what_is_read_does_what_peft_does(bases, modules, taught, form):
    """Files that peft and diffusers themselves wrote, added to the weights, give peft's output."""
    worn, config = taught
    weights = get_peft_model_state_dict(worn)
    if form == "kohya":
        file = convert_state_dict_to_kohya({f"unet.{key}": value for key, value in weights.items()})
        for key in [key for key in file if key.endswith(".alpha")]:
            file[key] = torch.tensor(6.0 if "conv1" in key else 2.0)  # it knows ranks only
        adapter = read_adapter(file, modules["sd1"])
    else:
        prefix = "base_model.model." if form == "peft" else "unet."
        file = {f"{prefix}{key}": value for key, value in weights.items()}
        adapter = read_adapter(file, modules["sd1"], _metadata(config))
    assert 2 * len(adapter) == len(weights)
    assert adapter[f"{UNET}down_blocks.0.resnets.0.conv1"].scale == 2.0
    assert adapter[f"{UNET}{TO_Q}"].scale == 0.5
    plain = forward(copy.deepcopy(bases["sd1"].pipe.unet).double())
    ours = forward(merged(copy.deepcopy(bases["sd1"].pipe.unet).double(), adapter))
    assert (ours - forward(worn)).abs().max() < 1e-6
    assert (ours - plain).abs().max() > 1e-2


def test_modules_keep_their_names_under_an_adapter(bases, modules):
    """PEFT wraps layers; what the model is made of stays the same."""
    unet = bases["sd2"].pipe.unet
    unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "conv1"]), "over")
    try:
        assert modules_of(bases["sd2"]) == modules["sd2"]
    finally:
        unet.delete_adapters("over")


@pytest.mark.parametrize(
    ("down", "up"),
    [
        (f"unet.{TO_Q}.lora.down.weight", f"unet.{TO_Q}.lora.up.weight"),
        (f"{TO_Q}.lora_A.default.weight", f"{TO_Q}.lora_B.default.weight"),
        (f"unet.{TO_Q[:-5]}.processor.to_q_lora.down.weight",
         f"unet.{TO_Q[:-5]}.processor.to_q_lora.up.weight"),
        (f"{KOHYA}.lora_down.weight", f"{KOHYA}.lora_up.weight"),
    ],
)  # fmt: skip
def test_older_spellings_are_known(modules, down, up):
    """Attention processors, adapter names inside keys, and files without an alpha."""
    adapter = read_adapter({down: torch.ones(2, 32), up: torch.ones(32, 2)}, modules["sd1"])
    assert adapter.keys() == {f"{UNET}{TO_Q}"}
    assert adapter[f"{UNET}{TO_Q}"].scale == 1.0


def test_old_names_of_text_layers_are_known(modules):
    """`lora_linear_layer`, as diffusers wrote it for text encoders."""
    stem = "text_encoder.text_model.encoder.layers.1.self_attn.q_proj.lora_linear_layer"
    file = {f"{stem}.down.weight": torch.ones(2, 32), f"{stem}.up.weight": torch.ones(32, 2)}
    (module,) = read_adapter(file, modules["sd1"])
    assert module.startswith("text.0.")


def test_root_of_the_rank_is_known_when_stated(modules):
    """Rank-stabilised LoRA divides alpha by the root of the rank."""
    stated = {PEFT_METADATA: json.dumps({"unet.lora_alpha": 8, "unet.use_rslora": True})}
    (change,) = read_adapter(good(rank=4, alpha=None), modules["sd1"], stated).values()
    assert change.scale == 4.0


def good(rank=2, alpha=1.0, width=32):
    file = {
        f"{KOHYA}.lora_down.weight": torch.ones(rank, width),
        f"{KOHYA}.lora_up.weight": torch.ones(32, rank),
    }
    return file if alpha is None else file | {f"{KOHYA}.alpha": torch.tensor(alpha)}


def with_changes(**changes):
    names = {"down": f"{KOHYA}.lora_down.weight", "up": f"{KOHYA}.lora_up.weight",
             "alpha": f"{KOHYA}.alpha"}  # fmt: skip
    return good() | {names.get(name, name): value for name, value in changes.items()}


FOREIGN = "down_blocks.7.attentions.0.transformer_blocks.0.attn2.to_k"
TO_K = f"lora_unet_{TO_Q.replace('.', '_').replace('attn1_to_q', 'attn2_to_k')}"


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ({}, "no LoRA weights"),
        ({"model.weight": torch.ones(2)}, "not a LoRA file"),
        (good() | {"lora_unet_nowhere.lora_down.weight": torch.ones(2, 2)}, "1 of 4 .* no place"),
        ({f"unet.{FOREIGN}.lora_A.weight": torch.ones(2, 2)}, "Nothing in this file fits"),
        ({f"{KOHYA}.lora_down.weight": torch.ones(2, 32)}, "Half of a pair"),
        ({f"{KOHYA}.alpha": torch.tensor(1.0)}, "Half of a pair"),
        (good() | {f"unet.{TO_Q}.lora_A.weight": torch.ones(2, 32)}, "same weights twice"),
        (with_changes(down=torch.ones(2, 33)), "2 × 33 where this model needs 2 × 32"),
        (with_changes(up=torch.ones(32, 3)), "32 × 3 where this model needs 32 × 2"),
        (with_changes(up=torch.ones(3)), "3 where this model needs"),
        (with_changes(down=torch.tensor(1.0)), "where this model needs"),
        (with_changes(down=torch.full((2, 32), float("nan"))), "damaged"),
        (with_changes(up=torch.full((32, 2), float("inf"))), "damaged"),
        (with_changes(alpha=torch.tensor(float("nan"))), "damaged"),
        (with_changes(alpha=torch.ones(2)), "alpha in it is not one number"),
        (with_changes(down=torch.ones(2, 32, dtype=torch.int32)), "of type int32"),
        (with_changes(down=torch.ones(2, 32).to(torch.float8_e4m3fn)), "of type float8"),
        (with_changes(down=torch.ones(0, 32), up=torch.ones(32, 0)), "rank of 0"),
        (with_changes(down=torch.ones(2000, 32), up=torch.ones(32, 2000)), "rank of 2000"),
        (good() | {f"{KOHYA}.dora_scale": torch.ones(32)}, "DoRA"),
        ({f"{KOHYA}.hada_w1_a": torch.ones(2, 2)}, "LoHa"),
        ({f"{KOHYA}.lokr_w1": torch.ones(2, 2)}, "LoKr"),
        (good() | {f"{KOHYA}.lora_mid.weight": torch.ones(2, 2, 3, 3)}, "CP-decomposed"),
        (good() | {f"{KOHYA}.diff": torch.ones(32, 32)}, "whole differences"),
        ({f"{TO_K}.lora_down.weight": torch.ones(2, 2048),
          f"{TO_K}.lora_up.weight": torch.ones(32, 2)}, "another base model, SDXL"),
    ],
)  # fmt: skip
def test_whole_file_is_refused_with_the_reason(modules, file, reason):
    """What is unknown, mis-shaped or no number is named, and nothing is half loaded."""
    with pytest.raises(InvalidInput, match=reason):
        read_adapter(file, modules["sd1"])


def test_long_list_of_strangers_is_counted(modules):
    """Three are named, the others counted."""
    file = good() | {f"lora_unet_no{i}.lora_down.weight": torch.ones(2, 2) for i in range(9)}
    with pytest.raises(InvalidInput, match=r"9 of 12 .* and 6 more"):
        read_adapter(file, modules["sd1"])


@pytest.mark.parametrize("metadata", ["{", '{"unet.lora_alpha": "eight"}'])
def test_bad_metadata_is_refused(modules, metadata):
    """A file whose configuration cannot be read may mean anything."""
    with pytest.raises(InvalidInput, match="damaged"):
        read_adapter(good(alpha=None), modules["sd1"], {PEFT_METADATA: metadata})


def test_linear_layer_kept_as_convolution_is_fitted(modules):
    """SD 1 keeps `proj_in` as a convolution of 1 × 1, SD 2 as a linear layer."""
    stem = "lora_unet_down_blocks_1_attentions_0_proj_in"
    for family, shape in (("sd1", ()), ("sd2", (1, 1))):
        file = {f"{stem}.lora_down.weight": torch.ones(2, 32, *shape),
                f"{stem}.lora_up.weight": torch.ones(32, 2, *shape)}  # fmt: skip
        ((module, change),) = read_adapter(file, modules[family]).items()
        assert change.A.shape[1:] == modules[family][module][1:]


def test_peft_file_of_two_models_is_not_written(modules):
    """Such a file has no room for it."""
    with pytest.raises(ValueError, match="one model"):
        writing.write_peft(random_adapter(modules["sd1"]))
