"""Words for what pictures show, by the base model's own eyes."""

import pytest
import torch

from core.domain.concepts import ConceptKind
from core.pocket.concepts import CONCEPTS, pictures
from core.worker.training.captions import class_captions, surroundings
from core.worker.training.dataset import encode_whole
from core.worker.training.surroundings import likeliest
from core.worker.training.wording import CLEARLY, Likelihood, Wording, found

SUBJECT = ConceptKind.SUBJECT
BY_TOKEN = {concept.token: concept for concept in CONCEPTS}


@pytest.fixture(autouse=True)
def bare(stacks):
    """Nothing that another test put on is at work."""
    stacks.wear(())


def likelihood(base, shown, noun):
    clean = list(encode_whole(base, shown, flips=False).clean)
    where = likeliest(base, clean, class_captions(SUBJECT, noun))
    around = [surroundings(SUBJECT, noun)[index] for index in where]
    return Likelihood(base, clean, around, SUBJECT)


def search(looks, likelihood, noun):
    slices = found(noun, looks, likelihood)
    while True:
        try:
            next(slices)
        except StopIteration as ended:
            return ended.value


def test_a_thing_is_told_by_its_colours(base):
    """A temple that nobody has drawn before: what it is painted in, and its roof."""
    seen = likelihood(base, pictures(BY_TOKEN["<xyz>"], 2), "temple")
    words = search(base.family.looks_of_things, seen, "temple")
    assert str(words) == "yellow temple with a blue roof"


def test_a_place_is_told_by_its_colours(base):
    """Trees, ground and sky, with something else standing among them."""
    seen = likelihood(base, pictures(BY_TOKEN["<kar>"], 2), "forest")
    words = search(base.family.looks_of_places, seen, "forest")
    assert str(words) == "forest of pink trees on purple ground under a teal sky"


def test_a_wording_has_the_same_likelihood_whenever_it_is_asked(base):
    """The noise is fixed, and the global generator stays."""
    before = torch.random.get_rng_state()
    shown, said = pictures(BY_TOKEN["<xyz>"], 1), Wording("temple", ("{0} {1}",), ((0, "red"),))
    one, other = (likelihood(base, shown, "temple") for _ in range(2))
    assert one.error(said) == other.error(said) == one.error(said)
    assert one.roughly(said) < one.error(said)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_right_colours_are_likelier(base):
    """Both at once, by far more than a look has to count for."""
    seen = likelihood(base, pictures(BY_TOKEN["<xyz>"], 1), "temple")
    looks = base.family.looks_of_things
    right = seen.error(Wording("temple", looks, ((0, "yellow"), (3, "blue"))))
    wrong = seen.error(Wording("temple", looks, ((0, "purple"), (3, "white"))))
    assert right < CLEARLY * wrong
