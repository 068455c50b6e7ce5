"""The engine's latents against those of diffusers' own pipelines."""

import pytest
import torch
from PIL import Image

from core.domain.drawing import Aspect, Sampler, Stacking, StartImage, Variation
from core.worker.engine import bank
from core.worker.engine.studio import Studio
from core.worker.given import NOTHING
from core.worker.imagine import Imaginer, png
from core.worker.models import load_base
from core.worker.stack import Stacks
from tests.unit.core.worker import tiny
from tests.unit.core.worker.conftest import CPU, random_artifact
from tests.unit.core.worker.engine.conftest import encoded, finish, plain_latents

CLOSE = 1e-4
ROUNDED = 5e-4
"""Euler begins at a noise of 4096 here, where float32 knows nothing finer than 2.4e-4."""
OTHER = {"alone": False, "given": NOTHING}
NOISY = {Sampler.EULER_A, Sampler.DPMPP_2M_SDE, Sampler.LCM, Sampler.TCD}


def gap(drafts, theirs):
    ours = torch.stack([draft.latents for draft in drafts])
    return float((ours - theirs).abs().max())


@pytest.mark.parametrize("sampler", sorted(NOISY))
def test_noisy_samplers_draw_the_same_noise(together, plainly, wish, sampler):
    """Each image's own generator goes on where its starting noise ended, as in diffusers."""
    asked = wish(seeds=(3, 4), sampler=sampler)
    ours, _ = together(asked, wish(seeds=(5,), sampler=sampler))
    assert gap(ours, plainly(asked)) < 1e-3


def test_any_mix_shares_calls(together, plainly, wish, make_concept):
    """Other samplers, step counts, guidance and stacks beside it leave an image as it was."""
    one, two = make_concept("one", seed=1), make_concept("two", seed=2)
    requests = [
        wish(prompt="a <one> cat", stack=(one,), sampler=Sampler.EULER, num_inference_steps=7),
        wish(prompt="a <two> dog", stack=(two,), sampler=Sampler.UNIPC, guidance_scale=1.0),
        wish(seeds=(5, 6), sampler=Sampler.DPMPP_2M_KARRAS, num_inference_steps=3),
        wish(negative_prompt="blue", guidance_scale=6.0, seeds=(9,)),
    ]
    for drafts, request in zip(together(*requests), requests, strict=True):
        close = ROUNDED if request.sampler is Sampler.EULER else CLOSE
        assert gap(drafts, plainly(request)) < close
        assert all(draft.shared for draft in drafts)


def test_text_adapters_are_at_work_in_a_batch(studio, together, plainly, wish, make_concept):
    """As on the plain path, each for its own image only, whatever is drawn beside it."""
    one, two = (make_concept(f"n{seed}", seed=seed, speaks=True) for seed in (1, 2))
    silent = make_concept("n1", seed=1)
    requests = [
        wish(prompt="a <n1> house", stack=(one,), negative_prompt="<n1> blue"),
        wish(prompt="a <n1> house", stack=(silent,)),
        wish(prompt="a <n1> cat, <n2>", stack=(one, two.model_copy(update={"weight": 0.6}))),
        wish(prompt="a house"),
    ]
    assert all(studio.takes(request) for request in requests)
    drawn = together(*requests)
    for drafts, request in zip(drawn, requests, strict=True):
        assert gap(drafts, plainly(request)) < CLOSE
        assert all(draft.shared for draft in drafts)
    assert float((drawn[0][0].latents - drawn[1][0].latents).abs().max()) > 0.05


def test_text_adapters_kept_apart_are_the_same_in_any_company(together, wish, make_concept):
    """The last words that were encoded are another job's."""
    stack = tuple(make_concept(f"n{seed}", seed=seed, speaks=True) for seed in (1, 2))
    asked = wish(prompt="a <n1> house, <n2> house", stack=stack, stacking=Stacking.APART)
    (alone,) = together(asked)
    beside, _ = together(asked, wish(prompt="a <n1> house", stack=stack[:1]))
    assert float((alone[0].latents - beside[0].latents).abs().max()) < CLOSE


def test_alone_is_the_same_bit_for_bit(together, wish, make_concept):
    """A job that shares no batch ends in the same bits, whatever else waits."""
    asked = wish(prompt="a <one> cat", stack=(make_concept("one", seed=1),), seeds=(1, 2))
    first, _ = together(asked, wish(seeds=(8,)), alone=True)
    again, *_ = together(asked, wish(seeds=(9, 10)), wish(seeds=(11,)), alone=True)
    assert all(torch.equal(a.latents, b.latents) for a, b in zip(first, again, strict=True))
    assert not any(draft.shared for draft in (*first, *again))


def test_exact_pictures_are_the_same_bytes_under_load(studio, wish, make_concept):
    """Kept apart, with strangers that are drawn, decoded and waiting beside it, and little room."""
    stack = (make_concept("one", seed=1), make_concept("two", seed=2))
    values = {"stack": stack, "stacking": Stacking.APART, "seeds": (1, 2, 3, 4)}
    asked = wish(prompt="a <one> house left of a <two> house", **values)
    alone = studio.admit(asked, owner=1, alone=True, given=NOTHING)
    finish(studio, alone)
    others = [
        studio.admit(wish(seeds=(5, 6, 7), num_inference_steps=steps), **OTHER, owner=owner)
        for owner, steps in ((2, 3), (3, 5))
    ]
    beside = studio.admit(asked, owner=4, alone=True, given=NOTHING)
    others.append(studio.admit(wish(seeds=(8, 9)), owner=5, **OTHER))
    finish(studio, [*beside, *(draft for each in others for draft in each)])
    assert not any(draft.shared for draft in (*alone, *beside))
    assert all(torch.equal(a.picture, b.picture) for a, b in zip(alone, beside, strict=True))


def test_begins_from_a_picture(base, together, plainly, wish, storage):
    """Image-to-image enters the table late, solvers with low order, next to text-to-image."""
    picture = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    start = StartImage(key=storage.put(png(picture)), strength=0.5)
    given = encoded(base, picture)
    for sampler in (Sampler.DDIM, Sampler.DPMPP_2M, Sampler.EULER, Sampler.UNIPC):
        # In 8 coarse steps diffusers' own batch and its own single pictures differ by 9e-5.
        asked = wish(start=start, sampler=sampler, num_inference_steps=20, seeds=(1, 2))
        (ours,) = together(asked, given=given)
        assert {draft.done for draft in ours} == {10}
        assert gap(ours, plainly(asked, given=given)) < CLOSE


def test_sizes_and_variations(together, plainly, wish):
    """Buckets of other shapes take turns; bent noise is bent as on the plain path."""
    wide = wish(aspect=Aspect.WIDE, seeds=(1, 2))
    bent = wish(seeds=(1, 1), variation=Variation(seeds=(5, 6), strength=0.3))
    ours = together(wide, bent)
    assert ours[0][0].latents.shape != ours[1][0].latents.shape
    assert gap(ours[0], plainly(wide)) < CLOSE
    assert gap(ours[1], plainly(bent)) < CLOSE
    assert ours[0][0].picture.shape == (3, wide.height_px, wide.width_px)


def test_stack_beyond_host_memory_is_drawn(together, wish, make_concept, monkeypatch):
    """None of its adapters is forgotten for the next one of the same stack."""
    monkeypatch.setattr(bank, "HOST_TIMES", 0)
    stack = tuple(make_concept(f"n{seed}", seed=seed) for seed in (31, 32, 33))
    (drafts,) = together(wish(stack=stack, num_inference_steps=1))
    assert drafts[0].picture is not None


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_large_families(tmp_path, storage, family):
    """Their predictions, text encoders and size conditions go through the same loop."""
    base = load_base(str(getattr(tiny, family)(tmp_path)), device=CPU, dtype=torch.float32)
    stacks = Stacks(base, storage)
    studio = Studio(base, stacks, images=4, adapter_bytes=2**24)
    imaginer = Imaginer(base, stacks, storage)
    stack = (entry(base, stacks, storage, seed=1), entry(base, stacks, storage, seed=2))
    values = {"prompt": "a <c1> and <c2>", "seeds": (1, 2), "num_inference_steps": 5}
    asked = imaginer.resolve(tiny_request(stack=stack, width_px=16, height_px=16, **values))
    drafts = studio.admit(asked, owner=1, alone=False, given=NOTHING)
    finish(studio, drafts)
    theirs = plain_latents(base, stacks, asked)
    assert gap(drafts, theirs) < CLOSE * float(theirs.abs().max())


def entry(base, stacks, storage, *, seed):
    from core.domain.concepts import ConceptKind, StackEntry
    from core.worker.artifact import pack

    name = f"c{seed}"
    artifact = random_artifact(base, stacks, seed=seed, rank=3, name=name)
    return StackEntry(
        concept_id=seed, version_id=seed, name=name, class_noun="house", kind=ConceptKind.SUBJECT,
        artifact=storage.put(pack(artifact)), weight=0.5,
    )  # fmt: skip


def tiny_request(**values):
    from core.domain.requests import ImagineRequest

    return ImagineRequest(**values)
