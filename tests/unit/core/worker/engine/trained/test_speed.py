"""Settings that make the engine faster leave its pictures what they are."""

import pytest
import torch
from safetensors.torch import save_file

from core.domain.drawing import Sampler, Stacking
from core.domain.images import Manifest
from core.domain.requests import ImagineRequest
from core.errors import Conflict, ModelFault
from core.worker.adapters import lora_config
from core.worker.engine.asks import STYLE_SHARE
from core.worker.engine.bank import Bank, share
from core.worker.engine.fast import FastAdapters
from core.worker.engine.reach import Worn
from core.worker.engine.speed import Speed
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING
from core.worker.imagine import Imaginer
from core.worker.models import load_base
from core.worker.plain import scheduler_for
from core.worker.stack import Stacks
from tests.unit.core.worker.conftest import CPU
from tests.unit.core.worker.engine import small
from tests.unit.core.worker.engine.conftest import finish


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


@pytest.fixture(scope="module")
def other_base():
    """For adapters that the shared one must not have."""
    return load_base("pocket", device=CPU, dtype=torch.float32)


@pytest.fixture
def lora(base, tmp_path):
    """Makes LoRA files in peft's keys, as tools save them."""

    def make(seed):
        random, unet = torch.Generator().manual_seed(seed), share(base.pipe.unet)
        unet.add_adapter(lora_config(rank=2, targets=("to_q", "to_v")), "mould")
        tensors = {
            f"unet.{name.replace('.mould', '')}": torch.randn(value.shape, generator=random) * 0.3
            for name, value in unet.state_dict().items()
            if ".mould." in name
        }
        path = tmp_path / f"few{seed}.safetensors"
        save_file(tensors, path)
        return str(path)

    return make


@pytest.fixture
def hurried(other_base, storage):
    """A studio with a few-step adapter by its file, or with none."""
    stacks = Stacks(other_base, storage)

    def make(file):
        few = FastAdapters(other_base, storage, file)
        return Studio(other_base, stacks, images=4, adapter_bytes=2**26, few_steps=few)

    return make


def unsettled(request):
    """Drawn as the worker is set up now."""
    return request.model_copy(update={"setup": None})


def test_few_step_adapter_joins_its_samplers(hurried, studio, wish, make_concept, lora):
    """Beside any stack with lcm and tcd, and never with the others."""
    fast = hurried(lora(5))
    stack = (make_concept("one", seed=1),)
    for sampler in (Sampler.LCM, Sampler.TCD, Sampler.DDIM):
        for worn in ((), stack):
            asked = unsettled(wish(sampler=sampler, stack=worn, num_inference_steps=3))
            same = torch.allclose(latents(fast, asked), latents(studio, asked), atol=1e-4)
            assert same == (sampler is Sampler.DDIM)


@pytest.mark.parametrize("stacking", Stacking)
def test_few_step_adapter_is_always_worn(hurried, wish, make_concept, lora, stacking):
    """In both halves of every step, however the concepts of the stack work together."""
    fast = hurried(lora(5))
    stack = (make_concept("one", seed=1), make_concept("two", seed=2))
    asked = wish(prompt="<one>, <two>", stack=stack, sampler=Sampler.LCM, stacking=stacking)
    (draft,) = fast.admit(unsettled(asked), owner=1, alone=False, given=NOTHING)
    for step in range(4):
        for row in (draft.ask.row(step), draft.ask.negative_row(step)):
            assert fast.few_steps(Sampler.LCM) in {worn.adapter for worn in row}


def test_few_step_adapter_that_does_not_fit_is_told(base, storage, tmp_path):
    """At the start, with the file's name."""
    with pytest.raises(ModelFault, match="nowhere"):
        FastAdapters(base, storage, str(tmp_path / "nowhere.safetensors"))
    other = tmp_path / "other.safetensors"
    save_file({"unet.nothing.lora_A.weight": torch.zeros(2, 2)}, other)
    with pytest.raises(ModelFault, match="other"):
        FastAdapters(base, storage, str(other))


def test_manifest_replays_with_the_adapter_of_its_day(hurried, other_base, storage, ticket, lora):
    """Whatever the setting says when the picture is made again: another one, or none at all."""

    def drawn(file, request):
        stacks = Stacks(other_base, storage)
        made = Imaginer(other_base, stacks, storage, hurried(file)).run(request, ticket)
        return made.images[0]

    wish = ImagineRequest(
        prompt="a house", seeds=(1,), num_inference_steps=2, sampler=Sampler.LCM, exact=True
    )
    files = ("", lora(5), lora(6))
    images = [drawn(file, wish) for file in files]
    assert len({image.key for image in images}) == 3
    for image in images:
        kept = Manifest.model_validate_json(image.manifest.model_dump_json())
        for file in files:
            again = drawn(file, kept.request)
            assert (again.key, again.manifest.request) == (image.key, kept.request)


def test_manifest_says_how_the_worker_was_set_up(base, other_base, stacks, storage):
    """Path, schedule and what was switched on; a later replay says what it was then."""
    speed = Speed(channels_last=True)
    fast = Studio(other_base, stacks, images=4, adapter_bytes=2**20, speed=speed)
    wish = ImagineRequest(prompt="a house", seeds=(1,), num_inference_steps=1)
    engine = Imaginer(base, stacks, storage, fast).resolve(wish)
    assert (engine.setup.plain, engine.setup.channels_last, engine.setup.compile) == (
        False, True, "off",
    )  # fmt: skip
    assert engine.setup.threads == torch.get_num_threads()
    assert engine.setup.bare
    assert engine.setup.style_share == STYLE_SHARE
    assert engine.setup.places == {}
    assert engine.setup.schedule["beta_start"] == base.noise_config["beta_start"]
    assert Imaginer(base, stacks, storage).resolve(wish).setup.plain
    changed = {**engine.setup.schedule, "beta_end": 0.02}
    then = engine.setup.model_copy(update={"bare": False, "style_share": 0.0, "places": None})
    before = Imaginer(base, stacks, storage, fast).resolve(wish.model_copy(update={"setup": then}))
    assert (before.setup.bare, before.setup.style_share) == (False, 0.0)
    assert before.setup.places is None
    other = engine.setup.model_copy(update={"schedule": changed, "plain": True})
    again = Imaginer(base, stacks, storage, fast).resolve(wish.model_copy(update={"setup": other}))
    assert (again.setup.plain, again.setup.schedule) == (True, changed)
    assert scheduler_for(base, again).config["beta_end"] == 0.02


def test_an_adapter_that_is_gone_is_told(hurried, storage, wish):
    """The sentence says what to do instead."""
    asked = wish(sampler=Sampler.LCM)
    lost = asked.setup.model_copy(update={"few_steps": "0" * 64})
    with pytest.raises(Conflict, match="no longer here"):
        hurried("").admit(
            asked.model_copy(update={"setup": lost}), owner=1, alone=False, given=NOTHING
        )


def test_a_shared_tree_knows_nothing_of_adapters_that_were_put_in(other_base):
    """Also not that there ever were any, so that peft takes it for a bare model."""
    unet = share(other_base.pipe.unet)
    unet.add_adapter(lora_config(rank=2, targets=("to_q",)), "one")
    bare = share(unet)
    assert not any(".one." in name for name, _ in bare.named_parameters())
    bare.add_adapter(lora_config(rank=2, targets=("to_q",)), "two")
    assert list(bare.peft_config) == ["two"]
