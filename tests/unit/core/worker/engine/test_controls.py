"""ControlNets in the engine against diffusers' own pipelines."""

from dataclasses import replace

import pytest
import torch
from diffusers import StableDiffusionControlNetPipeline, StableDiffusionXLControlNetPipeline
from PIL import Image

from core.domain.drawing import ControlImage, ControlKind, Sampler, StartImage
from core.errors import InvalidInput, ModelFault
from core.worker.controls import load_controls
from core.worker.engine.studio import Studio
from core.worker.given import Pictures, guide
from core.worker.imagine import Imaginer, png
from core.worker.models import load_base
from core.worker.samplers import noise_scheduler
from core.worker.stack import Stacks
from tests.small_pocket import with_small_unet
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU, concept_maker, loaded
from tests.unit.core.worker.engine.conftest import finish, plain_latents
from tests.unit.core.worker.engine.test_masks import given_of, ground, hole
from tests.unit.core.worker.engine.test_same_picture import CLOSE, gap, tiny_request

EDGES, DEPTH = ControlKind.EDGES, ControlKind.DEPTH


class Led:
    """A base model with one random ControlNet for every kind of map."""

    def __init__(self, base, folder, storage, *, channels, side):
        tiny.control(folder, base.pipe.unet, channels=channels)
        nets = load_controls(dict.fromkeys(ControlKind, str(folder)), base)
        self.base, self.storage, self.side = replace(base, controls=nets), storage, side
        self.stacks = Stacks(self.base, storage)
        self.studio = Studio(self.base, self.stacks, images=4, adapter_bytes=2**24)
        self.imaginer = Imaginer(self.base, self.stacks, storage, self.studio)
        self.pictures = Pictures(self.base, storage)
        self.key = storage.put(png(ground(side)))

    def wish(self, *, scale=0.8, kind=DEPTH, **changes):
        values = {
            "prompt": "a red temple", "seeds": (1, 2), "num_inference_steps": 4,
            "guidance_scale": 3.0, "sampler": Sampler.DDIM, "width_px": self.side,
            "height_px": self.side, "control": ControlImage(kind=kind, key=self.key, scale=scale),
        }  # fmt: skip
        return self.imaginer.resolve(tiny_request(**values | changes))

    def draw(self, *requests):
        drafts = [
            self.studio.admit(each, owner=i, alone=False, given=given_of(self.pictures, each))
            for i, each in enumerate(requests)
        ]
        finish(self.studio, [draft for each in drafts for draft in each])
        return drafts

    def plainly(self, request):
        given = given_of(self.pictures, request)
        return plain_latents(self.base, self.stacks, request, given=given)

    def theirs(self, request):
        """What the pipeline for ControlNets ends with."""
        scheduler = noise_scheduler(Sampler.DDIM, self.base.noise_config)
        parts = self.base.pipe.components | {"scheduler": scheduler}
        parts["controlnet"] = self.base.controls[request.control.kind]
        if self.base.xl:
            pipe = StableDiffusionXLControlNetPipeline(**parts)
        else:
            pipe = StableDiffusionControlNetPipeline(**parts, requires_safety_checker=False)
        pipe.set_progress_bar_config(disable=True)
        self.stacks.wear(())
        return pipe(
            [request.prompt] * 2, image=given_of(self.pictures, request).control[None],
            width=self.side, height=self.side,
            num_inference_steps=4, guidance_scale=3.0, output_type="latent",
            controlnet_conditioning_scale=request.control.scale,
            generator=[torch.Generator().manual_seed(seed) for seed in request.seeds],
        ).images  # fmt: skip


@pytest.fixture(scope="module")
def led(storage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("control")
    return Led(with_small_unet(loaded()), folder, storage, channels=(16, 32, 96), side=64)


@pytest.mark.parametrize("kind", ControlKind)
def test_the_pocket_model_follows_a_map_as_in_diffusers(led, kind):
    """Map in, latents out, the same within 1e-4; and not the same as without."""
    asked = led.wish(kind=kind)
    (ours,) = led.draw(asked)
    assert gap(ours, led.theirs(asked)) < CLOSE
    assert gap(ours, led.plainly(asked)) < CLOSE
    assert gap(ours, led.plainly(led.wish(control=None))) > 0.05


def test_sdxl_follows_a_map_as_in_diffusers(storage, tmp_path):
    """With its size conditions, which the ControlNet reads too."""
    base = load_base(str(tiny.sdxl(tmp_path / "base")), device=CPU, dtype=torch.float32)
    led = Led(base, tmp_path / "control", storage, channels=(16, 32), side=16)
    asked = led.wish()
    (ours,) = led.draw(asked)
    theirs = led.theirs(asked)
    assert gap(ours, theirs) < CLOSE * float(theirs.abs().max())


def test_maps_of_every_kind_share_the_engine(led):
    """A call has one net; kinds take turns and leave each other alone."""
    asked = [led.wish(kind=kind, seeds=(1,)) for kind in ControlKind]
    for ours, wish in zip(led.draw(*asked), asked, strict=True):
        assert gap(ours, led.plainly(wish)) < CLOSE


def test_every_image_has_its_own_strength(led):
    """Two jobs with one net and different strengths share calls and keep their own."""
    weak, strong = led.wish(scale=0.3), led.wish(scale=1.5, seeds=(4,), guidance_scale=1.0)
    ours = led.draw(weak, strong)
    assert all(draft.shared for drafts in ours for draft in drafts)
    assert gap(ours[0], led.plainly(weak)) < CLOSE
    assert gap(ours[1], led.plainly(strong)) < CLOSE


def test_it_works_on_top_of_stacks_masks_and_pictures(led, storage):
    """All of it at once, on both paths."""
    stack = (concept_maker(led.base, led.stacks, storage)("one", seed=1),)
    start = StartImage(key=led.key, strength=0.5)
    changed = led.wish(prompt="a <one> house", stack=stack, start=start)
    painted = led.wish(start=start, mask=storage.put(png(hole())))
    ours = led.draw(changed, painted)
    assert gap(ours[0], led.plainly(changed)) < CLOSE
    assert gap(ours[1], led.plainly(painted)) < CLOSE


@pytest.mark.parametrize("kind", ControlKind)
def test_the_whole_job_replays_from_its_manifest(led, ticket, kind):
    """A stored picture read as its kind is, a second pass, and the same bytes again."""
    asked = led.wish(kind=kind, exact=True, hires={"scale": 1.5})
    first = led.imaginer.run(asked, ticket)
    again = led.imaginer.run(first.images[0].manifest.request, ticket)
    assert [image.key for image in first.images] == [image.key for image in again.images]
    assert (first.images[0].width_px, first.images[0].height_px) == (96, 96)


def test_a_kind_without_a_net_is_refused_with_those_there_are(led, imaginer):
    """The sentence names what is missing, what is there, and the setting."""
    few = {kind: led.base.controls[kind] for kind in (DEPTH, EDGES)}
    lacking = Imaginer(replace(led.base, controls=few), led.stacks, led.storage)
    with pytest.raises(InvalidInput, match=r"no ControlNet for pose.*depth, edges.*CONTROLNETS"):
        lacking.resolve(led.wish(kind=ControlKind.POSE))
    with pytest.raises(InvalidInput, match=r"no ControlNet for depth, so I cannot follow"):
        imaginer.resolve(led.wish())


def test_nets_of_other_models_are_not_loaded(base, tmp_path, storage):
    """Found at the start of the worker, by name."""
    other = load_base(str(tiny.sd1(tmp_path / "sd1")), device=CPU, dtype=torch.float32)
    folder = tiny.control(tmp_path / "net", other.pipe.unet, channels=(16, 32))
    with pytest.raises(ModelFault, match="was made for another model than pocket"):
        load_controls({"pose": str(folder)}, base)
    wrong = tiny.control(tmp_path / "wrong", base.pipe.unet, channels=(16, 32, 96, 256))
    with pytest.raises(ModelFault, match="does not fit the latents"):
        load_controls({"pose": str(wrong)}, base)
    with pytest.raises(ModelFault, match="There is no model folder"):
        load_controls({"pose": "./nowhere"}, base)


def test_only_safetensors_are_read(base, tmp_path):
    """A pickled ControlNet is refused."""
    folder = tiny.control(tmp_path, base.pipe.unet, channels=(16, 32, 96))
    weights = folder / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(ModelFault, match="cannot be loaded"):
        load_controls({"edges": str(folder)}, base)


def test_a_scribble_on_paper_becomes_white_on_black():
    """Scribbles on black, and maps of depth, are read as they are."""
    paper = Image.new("RGB", (16, 16), "white")
    paper.paste("black", (4, 4, 6, 6))
    turned = guide(paper, ControlKind.SCRIBBLE)
    assert (turned[:, 5, 5], turned[:, 0, 0]) == (pytest.approx([1] * 3), pytest.approx([0] * 3))
    assert guide(paper, ControlKind.DEPTH)[0, 0, 0] == 1
    night = Image.new("RGB", (16, 16), "black")
    assert guide(night, ControlKind.SCRIBBLE).max() == 0
    assert guide(paper, ControlKind.EDGES).shape == (3, 16, 16)
