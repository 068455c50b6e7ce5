"""Settings that make the engine faster leave its pictures what they are."""

import pytest
import torch
from safetensors.torch import save_file

from core.domain.requests import Sampler, Stacking
from core.errors import ModelFault
from core.worker.adapters import lora_config
from core.worker.engine import fast
from core.worker.engine.bank import Bank
from core.worker.engine.fast import load_fast_adapter
from core.worker.engine.reach import Worn
from core.worker.engine.speed import Speed
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING
from core.worker.models import load_base
from core.worker.stack import Stacks
from tests.unit.core.worker.conftest import CPU
from tests.unit.core.worker.engine import small
from tests.unit.core.worker.engine.conftest import finish

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def latents(studio, request):
    drafts = studio.admit(request, owner=1, alone=False, given=NOTHING)
    finish(studio, drafts)
    return torch.stack([draft.latents for draft in drafts])


def test_channels_last_draws_the_same(storage, studio, wish, make_concept):
    """With adapters on linear layers and convolutions; only the order of sums is another."""
    asked = wish(prompt="a <one> house", stack=(make_concept("one", seed=1),), seeds=(1, 2))
    base = load_base("pocket", device=CPU, dtype=torch.float32)
    speed = Speed(channels_last=True)
    other = Studio(base, Stacks(base, storage), images=4, adapter_bytes=2**26, speed=speed)
    weight = base.pipe.unet.conv_in.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(latents(other, asked), latents(studio, asked), atol=1e-4)


def test_every_layer_works_in_either_layout():
    """Row by row, whatever the strides of what a layer is given."""
    made = []
    for layout in (torch.contiguous_format, torch.channels_last):
        model = small.model().to(memory_format=layout)
        bank = Bank(model, budget_bytes=0)
        bank.print("one", small.adapter(model, seed=1, ranks=3))
        bank.pin(["one"])
        row = (Worn("one", 0.7),)
        bank.wear([row, row, ()])
        pixels, words = small.inputs(3)
        made.append(model(pixels.to(memory_format=layout), words))
    assert torch.allclose(*made, atol=1e-5)


@pytest.fixture
def file(tmp_path):
    """A LoRA file in peft's keys, as tools save it."""
    random = torch.Generator().manual_seed(5)
    unet = load_base("pocket", device=CPU, dtype=torch.float32).pipe.unet
    unet.add_adapter(lora_config(rank=2, targets=("to_q", "to_v")), "mould")
    tensors = {
        f"unet.{name.replace('.mould', '')}": torch.randn(value.shape, generator=random) * 0.3
        for name, value in unet.state_dict().items()
        if ".mould." in name
    }
    path = tmp_path / "few.safetensors"
    save_file(tensors, path)
    return path


def test_few_step_adapter_joins_its_samplers(storage, studio, wish, make_concept, file):
    """Beside any stack with lcm and tcd, and never with the others."""
    base = load_base("pocket", device=CPU, dtype=torch.float32)
    adapter = load_fast_adapter(str(file), base)
    stacks = Stacks(base, storage)
    hurried = Studio(base, stacks, images=4, adapter_bytes=2**26, few_steps=adapter)
    stack = (make_concept("one", seed=1),)
    for sampler in (Sampler.LCM, Sampler.TCD, Sampler.DDIM):
        for worn in ((), stack):
            asked = wish(sampler=sampler, stack=worn, num_inference_steps=3)
            same = torch.allclose(latents(hurried, asked), latents(studio, asked), atol=1e-4)
            assert same == (sampler is Sampler.DDIM)


@pytest.mark.parametrize("stacking", Stacking)
def test_few_step_adapter_is_always_worn(storage, wish, make_concept, file, stacking):
    """In both halves of every step, however the concepts of the stack work together."""
    base = load_base("pocket", device=CPU, dtype=torch.float32)
    adapter = load_fast_adapter(str(file), base)
    studio = Studio(base, Stacks(base, storage), images=4, adapter_bytes=2**26, few_steps=adapter)
    stack = (make_concept("one", seed=1), make_concept("two", seed=2))
    asked = wish(prompt="<one>, <two>", stack=stack, sampler=Sampler.LCM, stacking=stacking)
    (draft,) = studio.admit(asked, owner=1, alone=False, given=NOTHING)
    for step in range(4):
        for row in (draft.ask.row(step), draft.ask.negative_row(step)):
            assert fast.KEY in {worn.adapter for worn in row}


def test_few_step_adapter_that_does_not_fit_is_told(base, tmp_path):
    """At the start, with the file's name."""
    with pytest.raises(ModelFault, match="nowhere"):
        load_fast_adapter(str(tmp_path / "nowhere.safetensors"), base)
    other = tmp_path / "other.safetensors"
    save_file({"unet.nothing.lora_A.weight": torch.zeros(2, 2)}, other)
    with pytest.raises(ModelFault, match="other"):
        load_fast_adapter(str(other), base)
