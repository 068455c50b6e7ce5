"""A second pass at a larger size, and guidance whose contrast is taken back."""

import pytest
from PIL import Image, ImageChops

from core.domain.drawing import SecondPass, StartImage
from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.worker.engine.studio import Studio
from core.worker.imagine import Imaginer, png

WISH = ImagineRequest(
    prompt="a red temple", seeds=(3,), num_inference_steps=8, hires=SecondPass(scale=1.5)
)


@pytest.fixture(scope="module")
def together(base, stacks, storage):
    """An imaginer that draws in batches."""
    studio = Studio(base, stacks, images=4, adapter_bytes=2**24)
    return Imaginer(base, stacks, storage, studio)


def distance(one, other):
    histogram = ImageChops.difference(one, other).convert("L").histogram()
    return sum(level * count for level, count in enumerate(histogram)) / (one.width * one.height)


def test_it_is_image_to_image_from_what_was_drawn(imaginer, storage, ticket, opened):
    """Bit for bit what the two jobs would have made one after the other."""
    whole = imaginer.run(WISH, ticket).images[0]
    first = imaginer.run(WISH.model_copy(update={"hires": None}), ticket).images[0]
    larger = opened(first.key).resize((96, 96), Image.Resampling.LANCZOS)
    start = StartImage(key=storage.put(png(larger)), strength=0.35)
    by_hand = imaginer.run(WISH.model_copy(update={"hires": None, "start": start}), ticket)
    assert whole.key == by_hand.images[0].key
    assert (whole.width_px, whole.height_px) == (96, 96)


def test_it_replays_from_the_manifest(together, ticket):
    """The manifest holds the first pass's sides and the second pass; the bytes are the same."""
    made = together.run(WISH.model_copy(update={"seeds": (1, 2)}), ticket)
    request = made.images[0].manifest.request
    assert (request.width_px, request.hires) == (64, WISH.hires)
    again = together.run(ImagineRequest.model_validate_json(request.model_dump_json()), ticket)
    assert [image.key for image in made.images] == [image.key for image in again.images]


def test_engine_and_plain_path_agree(imaginer, together, ticket, opened):
    """Each image goes on from its own first pass."""
    wish = WISH.model_copy(update={"seeds": (1, 2)})
    pairs = zip(imaginer.run(wish, ticket).images, together.run(wish, ticket).images, strict=True)
    for plain, batched in pairs:
        assert distance(opened(plain.key), opened(batched.key)) < 0.5


@pytest.mark.parametrize("path", ["imaginer", "together"])
def test_progress_goes_over_both_passes(request, path, told, ticket):
    """It never runs backwards: eight steps and two."""
    request.getfixturevalue(path).run(WISH, ticket)
    assert {message.progress.total for message in told} == {10}
    done = [message.progress.done for message in told]
    assert done == sorted(done)


def test_what_would_be_too_large_is_refused(imaginer, ticket):
    """The bound is on what comes out."""
    wish = WISH.model_copy(update={"width_px": 192, "height_px": 64})
    with pytest.raises(InvalidInput, match="288 × 96 pixels are too many"):
        imaginer.run(wish, ticket)


def test_a_mask_and_a_second_pass_do_not_go_together():
    """The second pass would change what the mask keeps."""
    parts = {"start": StartImage(key="a", strength=1), "mask": "b", "hires": {"scale": 2}}
    with pytest.raises(ValueError, match="what a mask keeps"):
        ImagineRequest(prompt="a", seeds=(1,), **parts)


def test_rescaled_guidance_is_that_of_the_pipeline(imaginer, together, ticket, opened):
    """Engine and pipeline take the same contrast back, and it shows."""
    wish = WISH.model_copy(update={"hires": None, "guidance_scale": 9.0, "guidance_rescale": 0.7})
    plain, batched = (each.run(wish, ticket).images[0].key for each in (imaginer, together))
    assert distance(opened(plain), opened(batched)) < 0.5
    full = imaginer.run(wish.model_copy(update={"guidance_rescale": 0.0}), ticket).images[0].key
    assert distance(opened(plain), opened(full)) > 2


def test_where_the_pipeline_cannot_rescale_it_says_so(imaginer, together, storage, ticket):
    """Changing a picture on the plain path; the engine does it."""
    key = storage.put(png(Image.new("RGB", (64, 64), "teal")))
    start = StartImage(key=key, strength=0.5)
    wish = WISH.model_copy(update={"hires": None, "start": start, "guidance_rescale": 0.7})
    with pytest.raises(InvalidInput, match="Leave it out"):
        imaginer.run(wish, ticket)
    assert together.run(wish, ticket).images
