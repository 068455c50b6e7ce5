"""Linear layers that are one matrix with their adapters give what peft's own give."""

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from core.worker.training.merged import Merged


def adapted(layer, *names):
    """A layer with an adapter of each name; the last is taught, those before it are at half."""
    torch.manual_seed(3)
    net = nn.Sequential(layer).requires_grad_(False)
    for name in names:
        inject_adapter_in_model(LoraConfig(r=3, target_modules=["0"]), net, name)
        del net.peft_config  # else it warns of a second one
    module = net[0]
    module.set_adapter(list(names))
    for name in names:
        module.scaling[name] = 1.0 if name == names[-1] else 0.5
    for name, parameter in module.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn(parameter.shape)
        parameter.requires_grad_(f".{names[-1]}." in f".{name}.")
    return module


def asked(module, x):
    """The answer, and the gradients of the input and of what is taught."""
    x = x.clone().requires_grad_()
    module.zero_grad()
    found = module(x)
    found.square().sum().backward()
    return found.detach(), [x.grad, *(p.grad for p in module.parameters() if p.requires_grad)]


def merged_answer(module, x, taught="taught"):
    layer = Merged(module, taught)
    layer.begin()
    try:
        return asked(module, x)
    finally:
        layer.end()


def agree(one, other):
    (found, gradients), (wanted, towards) = one, other
    assert torch.allclose(found, wanted, atol=1e-4, rtol=1e-4)
    assert len(gradients) == len(towards) == 3
    for mine, theirs in zip(gradients, towards, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("names", [("taught",), ("under", "taught"), ("a", "b", "taught")])
@pytest.mark.parametrize(("inputs", "outputs"), [(4, 32), (8, 8), (32, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_rows(inputs, outputs, names, bias):
    """Of any shape, with frozen adapters below or none."""
    module = adapted(nn.Linear(inputs, outputs, bias=bias), *names)
    x = torch.randn(2, 5, inputs)
    agree(merged_answer(module, x), asked(module, x))


@pytest.mark.parametrize("names", [("taught",), ("under", "taught")])
def test_pictures(names):
    """Through a kernel of one pixel; their order of memory makes no difference."""
    module = adapted(nn.Conv2d(6, 10, 1), *names)
    x = torch.randn(2, 6, 4, 3)
    agree(merged_answer(module, x), asked(module, x))
    last = x.contiguous(memory_format=torch.channels_last)
    agree(merged_answer(module, last), asked(module, x))


def test_nothing_is_worked_out_that_nobody_wants():
    """Where the adapter rests, the input alone has a gradient; where the input does not learn,
    the adapter alone.
    """
    module, x = adapted(nn.Linear(4, 6), "taught"), torch.randn(3, 4)
    _, (_, *towards) = asked(module, x)
    layer = Merged(module, "taught")
    layer.begin()
    module.zero_grad()
    module(x).square().sum().backward()
    learned = [p.grad for p in module.parameters() if p.requires_grad]
    assert all(torch.allclose(a, b, atol=1e-3) for a, b in zip(learned, towards, strict=True))
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    module.zero_grad()
    given = x.clone().requires_grad_()
    module(given).square().sum().backward()
    assert given.grad is not None
    assert all(parameter.grad is None for parameter in module.parameters())
    layer.end()


def test_takes_what_was_learned_since():
    """Whenever it begins anew."""
    module, x = adapted(nn.Linear(4, 6), "under", "taught"), torch.randn(3, 4)
    layer = Merged(module, "taught")
    layer.begin()
    before = module(x)
    layer.end()
    module.lora_B["taught"].weight.data.mul_(2)
    layer.begin()
    after = module(x)
    layer.end()
    assert torch.allclose(after, module(x), atol=1e-4)
    assert not torch.allclose(before, after)
