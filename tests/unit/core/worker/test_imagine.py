"""Pictures from requests."""

import pytest
import torch
from PIL import Image, ImageChops

from core.domain.concepts import ConceptKind
from core.domain.drawing import Aspect, Sampler, StartImage, Variation
from core.domain.images import Manifest
from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.worker.families import FAMILIES
from core.worker.imagine import png
from core.worker.ticket import Stopped, Ticket

NOISY = {Sampler.EULER_A, Sampler.DPMPP_2M_SDE, Sampler.LCM, Sampler.TCD}
"""They add fresh noise on the way."""
WISH = ImagineRequest(prompt="a red temple at night", seeds=(1, 2), num_inference_steps=3)


def wish(**changes):
    return WISH.model_copy(update=changes)


def keys(imagined):
    return [image.key for image in imagined.images]


def test_picture_is_what_plain_diffusers_draws(base, imaginer, ticket, opened):
    """The same seeds, steps and guidance through the pipeline itself are the same pixels."""
    made = imaginer.run(wish(guidance_scale=4.0), ticket)
    generators = [torch.Generator().manual_seed(seed) for seed in (1, 2)]
    theirs = base.pipe(
        ["a red temple at night"] * 2,
        num_inference_steps=3,
        guidance_scale=4.0,
        generator=generators,
    ).images
    for image, picture in zip(made.images, theirs, strict=True):
        assert opened(image.key).tobytes() == picture.tobytes()


def test_manifest_replays_bit_for_bit(imaginer, make_concept, ticket):
    """What a manifest holds draws the same bytes again after other jobs with other stacks."""
    stack = (make_concept("one", seed=1), make_concept("two", seed=2, weight=0.7))
    first = imaginer.run(wish(prompt="a <one> house, <two>", stack=stack), ticket)
    for sampler in Sampler:
        imaginer.run(wish(sampler=sampler, stack=stack[:1]), ticket)
    request = Manifest.model_validate_json(first.images[1].manifest.model_dump_json()).request
    assert keys(imaginer.run(request, ticket)) == keys(first)


def test_manifest_leaves_nothing_open(base, imaginer, ticket):
    """Defaults of the family stand in it as numbers, beside model, device and versions."""
    image = imaginer.run(ImagineRequest(prompt="a house", seeds=(3,)), ticket).images[0]
    request, family = image.manifest.request, base.family
    assert request.num_inference_steps == family.steps
    assert request.guidance_scale == family.guidance_scale
    assert request.sampler is family.sampler
    assert (request.width_px, request.height_px) == (image.width_px, image.height_px) == (64, 64)
    assert (image.manifest.model, image.manifest.device) == ("pocket", "cpu")
    assert image.manifest.dtype == "float32"
    assert image.manifest.versions["torch"].startswith("2.")
    assert image.manifest.seed == 3


def test_a_style_has_a_guidance_of_its_own(base, imaginer, make_concept):
    """Unless somebody asks for another; a subject alone has the usual one."""
    one, family = make_concept("one", seed=1), base.family
    style = one.model_copy(update={"kind": ConceptKind.STYLE, "concept_id": 2})
    open_ = {"prompt": "a house", "seeds": (1,)}
    resolved = [
        imaginer.resolve(ImagineRequest(**open_, stack=stack)).guidance_scale
        for stack in ((one,), (style,), (one, style))
    ]
    asked = ImagineRequest(**open_, stack=(style,), guidance_scale=5.0)
    assert resolved == [family.guidance_scale, 1.5, 1.5]
    assert imaginer.resolve(asked).guidance_scale == 5.0
    assert FAMILIES["sdxl"].guidance_for([ConceptKind.STYLE]) == FAMILIES["sdxl"].guidance_scale


@pytest.mark.parametrize("sampler", Sampler)
def test_every_sampler_draws_the_same_scene(imaginer, ticket, opened, sampler):
    """With enough steps they agree on the picture, each in its own pixels."""
    reference = imaginer.run(wish(seeds=(1,), num_inference_steps=12), ticket).images[0]
    made = imaginer.run(wish(seeds=(1,), num_inference_steps=12, sampler=sampler), ticket)
    if sampler is Sampler.DDIM:
        assert keys(made) == [reference.key]
        return
    assert keys(made) != [reference.key]
    if sampler not in NOISY:
        assert _distance(opened(made.images[0].key), opened(reference.key)) < 25


def test_karras_spacing_takes_every_step(imaginer, ticket, opened):
    """At 21 steps it lists the first timestep twice, and still draws the scene."""
    reference = imaginer.run(wish(seeds=(1,), num_inference_steps=12), ticket).images[0]
    request = wish(seeds=(1,), num_inference_steps=21, sampler=Sampler.DPMPP_2M_KARRAS)
    made = imaginer.run(request, ticket).images[0]
    assert _distance(opened(made.key), opened(reference.key)) < 25


@pytest.mark.parametrize("sampler", sorted(NOISY))
def test_noise_on_the_way_comes_from_the_seed(imaginer, ticket, sampler):
    """A noisy sampler repeats itself for a seed and draws something else for another."""
    both = imaginer.run(wish(sampler=sampler), ticket)
    assert keys(imaginer.run(wish(sampler=sampler), ticket)) == keys(both)
    first, second = (imaginer.run(wish(sampler=sampler, seeds=(s,)), ticket) for s in (1, 2))
    assert keys(first) != keys(second)


def test_aspect_sets_the_sides(imaginer, ticket, opened):
    """A portrait is higher than wide, at sides that the UNet can halve."""
    image = imaginer.run(wish(seeds=(1,), aspect=Aspect.PORTRAIT), ticket).images[0]
    assert opened(image.key).size == (image.width_px, image.height_px) == (48, 80)


def test_variations_share_their_origin(imaginer, ticket, opened):
    """Slightly bent noise changes a picture less than another seed does."""
    own = imaginer.run(wish(seeds=(1, 9), num_inference_steps=8), ticket)
    bent = imaginer.run(
        wish(seeds=(1, 1), num_inference_steps=8, variation=Variation(seeds=(5, 6), strength=0.2)),
        ticket,
    )
    origin, stranger = (opened(key) for key in keys(own))
    first, second = (opened(key) for key in keys(bent))
    assert first.tobytes() != second.tobytes()
    assert _distance(first, origin) < _distance(stranger, origin)


def test_start_image_is_kept_at_low_strength(imaginer, storage, ticket, opened):
    """Near strength 0 the picture stays; strength 1 forgets it."""
    start = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    key = storage.put(png(start))
    made = [
        imaginer.run(
            wish(seeds=(1,), num_inference_steps=8, start=StartImage(key=key, strength=s)), ticket
        )
        for s in (0.15, 1.0)
    ]
    kept, forgotten = (opened(keys(each)[0]) for each in made)
    assert _distance(kept, start) < 20 < _distance(forgotten, start)


def test_upscale_rounds_to_what_the_model_can_draw(imaginer, storage, ticket):
    """A size in between goes to the nearest that works; a start image lends its own."""
    key = storage.put(png(Image.new("RGB", (70, 90), "teal")))
    start = StartImage(key=key, strength=0.35)
    lent = imaginer.run(wish(seeds=(1,), start=start), ticket).images[0]
    doubled = imaginer.run(wish(seeds=(1,), start=start, width_px=140, height_px=180), ticket)
    assert (lent.width_px, lent.height_px) == (64, 96)
    assert (doubled.images[0].width_px, doubled.images[0].height_px) == (144, 176)


def test_start_image_and_variation_go_together(imaginer, storage, ticket):
    """Varying a picture that was made from another one bends its noise too."""
    key = storage.put(png(Image.new("RGB", (64, 64), "teal")))
    start = StartImage(key=key, strength=0.6)
    plain = imaginer.run(wish(seeds=(1,), start=start), ticket)
    variation = Variation(seeds=(5,), strength=0.4)
    bent = imaginer.run(wish(seeds=(1,), start=start, variation=variation), ticket)
    assert keys(plain) != keys(bent)
    assert keys(imaginer.run(bent.images[0].manifest.request, ticket)) == keys(bent)


def test_weak_start_gets_the_steps_it_needs(imaginer, storage):
    """At least one step falls inside the strength, and the manifest says how many there were."""
    key = storage.put(png(Image.new("RGB", (64, 64), "teal")))
    resolved = imaginer.resolve(wish(start=StartImage(key=key, strength=0.05)))
    assert resolved.num_inference_steps == 20


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"width_px": 1024, "height_px": 64}, "up to 256 a side"),
        ({"start": StartImage(key="", strength=0.5)}, "cannot be read"),
        ({"start": StartImage(key="", strength=0.001)}, "too little"),
        ({"sampler": Sampler.TCD, "num_inference_steps": 60}, "50 steps or fewer"),
    ],
)
def test_what_cannot_be_drawn_is_said(imaginer, storage, ticket, changes, sentence):
    """Each limit has a sentence for the person."""
    if start := changes.get("start"):
        data = b"no picture" if sentence == "cannot be read" else png(Image.new("RGB", (64, 64)))
        changes = {"start": start.model_copy(update={"key": storage.put(data)})}
    with pytest.raises(InvalidInput, match=sentence):
        imaginer.run(wish(**changes), ticket)


def test_progress_counts_the_steps_that_are_done(imaginer, told, storage, ticket):
    """The total is what really runs, image-to-image too."""
    key = storage.put(png(Image.new("RGB", (64, 64), "teal")))
    imaginer.run(wish(num_inference_steps=8, start=StartImage(key=key, strength=0.5)), ticket)
    assert {message.progress.total for message in told} == {4}
    assert told[0].progress.done == 1


def test_cancel_stops_between_steps(imaginer):
    """The job ends at the next step, and drawing works afterwards."""
    steps = []
    ticket = Ticket(1, 1, steps.append, lambda: len(steps) > 0, lambda: False)
    with pytest.raises(Stopped):
        imaginer.run(wish(num_inference_steps=50), ticket)
    assert len(steps) == 1


def _distance(one, other):
    """Mean difference of two pictures in 0 to 255."""
    histogram = ImageChops.difference(one, other).convert("L").histogram()
    return sum(level * count for level, count in enumerate(histogram)) / (one.width * one.height)
