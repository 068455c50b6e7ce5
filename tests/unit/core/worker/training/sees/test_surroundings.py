"""Where training pictures were taken, by the base model's own eyes."""

import pytest
import torch
from PIL import Image

from core.domain.concepts import ConceptKind
from core.domain.requests import ImagineRequest
from core.worker.training.captions import class_captions, surroundings
from core.worker.training.dataset import encode_whole
from core.worker.training.surroundings import likeliest

SUBJECT = ConceptKind.SUBJECT


def guess(base, pictures, noun):
    rows = encode_whole(base, pictures, flips=False).clean
    return likeliest(base, rows, class_captions(SUBJECT, noun))


@pytest.mark.parametrize("place", [" in a forest", " on a beach", " under the sea"])
def test_surroundings_are_recognised(base, stacks, imaginer, place):
    """A picture that was drawn somewhere is said to be there."""
    wish = ImagineRequest(prompt=f"a photo of a house{place}", seeds=(3,), num_inference_steps=10)
    speller = stacks.wear(())
    pictures = imaginer.draw(imaginer.resolve(wish), speller, on_step=lambda *_: None)
    (index,) = guess(base, pictures, "house")
    assert surroundings(SUBJECT, "house")[index] == "{}" + place


def test_thing_in_a_place_is_recognised(base, stacks, imaginer):
    """What stands in a forest is named, so that it is not learned as a part of it."""
    wish = ImagineRequest(prompt="a photo of a cat in a forest", seeds=(3,), num_inference_steps=10)
    pictures = imaginer.draw(imaginer.resolve(wish), stacks.wear(()), on_step=lambda *_: None)
    (index,) = guess(base, pictures, "forest")
    assert surroundings(SUBJECT, "forest")[index] == "a cat in {}"


def test_guess_takes_no_chance_and_moves_none(base, imaginer):
    """The same picture has the same surroundings, and the global generator stays."""
    before = torch.random.get_rng_state()
    picture = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    assert guess(base, [picture], "house") == guess(base, [picture], "house")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_no_caption_explains_is_left_unsaid(base):
    """A picture of noise is nowhere."""
    picture = Image.effect_noise((64, 64), 80).convert("RGB")
    assert guess(base, [picture], "house") == [0]
