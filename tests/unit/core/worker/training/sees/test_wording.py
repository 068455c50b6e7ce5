"""Words for what pictures show, by the base model's own eyes."""

import pytest
import torch

from core.domain.concepts import ConceptKind
from core.pocket.concepts import CONCEPTS, pictures
from core.worker.training import wording
from core.worker.training.captions import class_captions, surroundings
from core.worker.training.dataset import encode_whole
from core.worker.training.surroundings import likeliest
from core.worker.training.wording import CLEARLY, Likelihood, Wording, found
from tests.unit.core.worker.training.conftest import finish

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
    return finish(found(noun, looks, likelihood))


def errors(likelihood, *wordings):
    return finish(likelihood.errors(wordings))


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
    assert errors(one, said) == errors(other, said) == errors(one, said)
    assert finish(one.roughly([said])) < errors(one, said)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_right_colours_are_likelier(base):
    """Both at once, by far more than a look has to count for."""
    seen = likelihood(base, pictures(BY_TOKEN["<xyz>"], 1), "temple")
    looks = base.family.looks_of_things
    said = ((0, "yellow"), (3, "blue")), ((0, "purple"), (3, "white"))
    right, wrong = errors(seen, *(Wording("temple", looks, each) for each in said))
    assert right < CLEARLY * wrong


def test_many_wordings_at_once_are_each_as_likely_as_alone(base, monkeypatch):
    """In the order in which they were asked for, however many a call of the model takes."""
    monkeypatch.setattr(wording, "ROWS_AT_ONCE", 5)
    shown, looks = pictures(BY_TOKEN["<xyz>"], 2), base.family.looks_of_things
    many = Wording("temple", looks).longer()[:5]
    one, other = (likelihood(base, shown, "temple") for _ in range(2))
    together = finish(one.roughly([*many, many[0]]))
    alone = [finish(other.roughly([each]))[0] for each in many]
    assert together[:-1] == pytest.approx(alone, rel=1e-4)
    assert together[-1] == together[0]


def test_other_jobs_may_go_first_between_two_calls_of_the_model(base, monkeypatch):
    """And what the search measures with is put on again before each."""
    monkeypatch.setattr(wording, "ROWS_AT_ONCE", 2)
    told, counted = likelihood(base, pictures(BY_TOKEN["<xyz>"], 1), "temple"), []
    monkeypatch.setattr(told, "_before", lambda: counted.append(1))
    slices = told.errors(Wording("temple", base.family.looks_of_things).longer()[:4])
    for calls in range(1, 7):
        next(slices)
        assert len(counted) == calls
    with pytest.raises(StopIteration):
        next(slices)
