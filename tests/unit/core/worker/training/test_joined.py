"""Layers joined with their adapters give what peft's own layers give, forward and backward."""

import copy

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from peft.tuners.lora import LoraLayer

from core.worker.adapters import AdapterBank, lora_config
from core.worker.families import EVERYWHERE
from core.worker.training.joined import Joined

TARGETS = (*EVERYWHERE, "conv_shortcut", "downsamplers.0.conv")


@pytest.fixture(scope="module")
def made():
    """A small UNet that wears a frozen adapter at half weight below one that is taught."""
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, block_out_channels=(8, 16),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1, cross_attention_dim=8, attention_head_dim=2, norm_num_groups=4,
    )  # fmt: skip
    unet.requires_grad_(False)
    bank = AdapterBank(unet, lambda key: pytest.fail(f"nothing is fetched, not {key}"))
    bank.add("under", lora_config(rank=3, targets=["to_k", "conv1"]))
    bank.add("taught", lora_config(rank=2, targets=TARGETS))
    unet.set_adapters(["under", "taught"], [0.5, 1.0])
    for name, parameter in unet.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn(parameter.shape) * 0.2
        parameter.requires_grad_(".taught." in name)
    return unet


@pytest.fixture
def unet(made):
    return copy.deepcopy(made)


@pytest.fixture
def rows():
    random = torch.Generator().manual_seed(1)
    return torch.randn(3, 4, 8, 8, generator=random), torch.randn(3, 5, 8, generator=random)


def answer(unet, rows):
    return unet(rows[0], torch.tensor([5, 300, 900]), rows[1]).sample


def gradients(unet, rows):
    """The answer, and what each taught weight should change by; the input's gradient comes last."""
    rows = [row.clone().requires_grad_() for row in rows]
    unet.zero_grad()
    found = answer(unet, rows)
    found.float().square().sum().backward()
    learning = [p for p in unet.parameters() if p.requires_grad]
    return found.detach(), [p.grad for p in learning] + [row.grad for row in rows]


def likeness(one, other):
    flat = [torch.cat([part.float().flatten() for part in each]) for each in (one, other)]
    return float(torch.cosine_similarity(*flat, dim=0))


def test_same_answer_and_gradients(unet, rows):
    """In float32 up to rounding, with an adapter below, for linear layers and convolutions."""
    wanted, towards = gradients(unet, rows)
    with Joined(unet, "taught", torch.float32).at_work():
        found, ours = gradients(unet, rows)
    assert torch.allclose(found, wanted, atol=1e-4)
    assert len(ours) == len(towards) > 60
    for one, other in zip(ours, towards, strict=True):
        assert one.dtype == other.dtype
        assert torch.allclose(one, other, atol=1e-3, rtol=1e-3)


def test_half_precision_is_as_close_as_peft_is(unet, rows):
    """Beside float32, the gradient points where autocast's does."""
    exact = gradients(unet, rows)[1]
    with torch.autocast("cpu", torch.bfloat16):
        usual = gradients(unet, rows)[1]
    with Joined(unet, "taught", torch.bfloat16).at_work(), torch.autocast("cpu", torch.bfloat16):
        ours = gradients(unet, rows)[1]
    assert all(one.dtype == torch.float32 for one in ours)
    assert likeness(ours, exact) > 0.999 * likeness(usual, exact) > 0.99


@pytest.mark.parametrize(
    ("dtype", "attention"), [(torch.float32, AttnProcessor2_0), (torch.bfloat16, AttnProcessor)]
)
def test_every_layer_of_the_adapter_goes_this_way(unet, dtype, attention):
    """None is left to peft unnoticed, and afterwards every one has its own forward again.

    Attention goes another way in half precision alone.
    """
    joined = Joined(unet, "taught", dtype)
    layers = [m for m in unet.modules() if isinstance(m, LoraLayer) and "taught" in m.lora_A]
    with joined.at_work():
        assert all("forward" in vars(layer) for layer in layers)
        assert {type(each) for each in unet.attn_processors.values()} == {attention}
    with pytest.raises(AttributeError), joined.at_work():
        unet(None, 1, None)
    assert not any("forward" in vars(layer) for layer in layers)
    assert AttnProcessor not in {type(each) for each in unet.attn_processors.values()}


def test_follows_what_was_learned(unet, rows):
    """The next time it is at work, it knows what the step before changed."""
    joined = Joined(unet, "taught", torch.float32)
    with joined.at_work(), torch.no_grad():
        before = answer(unet, rows)
    for name, parameter in unet.named_parameters():
        if ".taught." in name:
            parameter.data.mul_(1.5)
    with torch.no_grad():
        wanted = answer(unet, rows)
        with joined.at_work():
            assert torch.allclose(answer(unet, rows), wanted, atol=1e-4)
    assert not torch.allclose(before, wanted, atol=1e-2)


def test_what_is_not_worn_does_nothing(unet, rows):
    """The base model's own answer is there to be asked for in between."""
    joined = Joined(unet, "taught", torch.float32)
    unet.set_adapters(["under"], [0.5])
    with torch.no_grad():
        wanted = answer(unet, rows)
        with joined.at_work():
            assert torch.allclose(answer(unet, rows), wanted, atol=1e-5)
    unet.disable_adapters()
    with torch.no_grad():
        wanted = answer(unet, rows)
        with joined.at_work():
            assert torch.allclose(answer(unet, rows), wanted, atol=1e-5)


def test_frozen_half_gets_no_gradient(unet, rows):
    """With A fixed, B alone learns, by the same gradient as before."""
    towards = dict(zip(names(unet), gradients(unet, rows)[1], strict=False))
    for name, parameter in unet.named_parameters():
        if ".lora_A." in name:
            parameter.requires_grad_(False)
    with Joined(unet, "taught", torch.float32).at_work():
        ours = dict(zip(names(unet), gradients(unet, rows)[1], strict=False))
    assert ours
    assert all(".lora_B." in name for name in ours)
    assert likeness(ours.values(), [towards[name] for name in ours]) > 0.9999


def names(unet):
    return [name for name, parameter in unet.named_parameters() if parameter.requires_grad]
