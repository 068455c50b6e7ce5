"""What is drawn of prompts that tell concepts a place."""

from dataclasses import replace

import pytest
import torch

from core.domain.concepts import ConceptKind
from core.domain.drawing import Stacking
from core.domain.images import Manifest
from core.domain.requests import ImagineRequest
from core.worker.artifact import pack
from core.worker.engine.word_mask import DRAWN, WordMask
from core.worker.given import NOTHING
from core.worker.imagine import Imaginer

LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


@pytest.fixture
def word(make_concept, stacks, storage):
    """Makes a concept that is a word alone."""

    def make(name, *, seed):
        entry = make_concept(name, seed=seed)
        artifact = replace(stacks.artifact(entry.artifact), lora={})
        return entry.model_copy(update={"artifact": storage.put(pack(artifact))})

    return make


@pytest.fixture
def asked(base, stacks, storage, studio):
    """Makes a request as the worker settles it now, but for what its manifest says otherwise."""
    imaginer = Imaginer(base, stacks, storage, studio)

    def make(prompt, *stack, said=None, **changes):
        values = {"seeds": (1,), "num_inference_steps": 4, "guidance_scale": 3.0} | changes
        wish = ImagineRequest(prompt=prompt, stack=stack, stacking=Stacking.APART, **values)
        resolved = imaginer.resolve(wish)
        setup = resolved.setup.model_copy(update=said or {})
        return resolved.model_copy(update={"setup": setup})

    return make


def same(one, other):
    return torch.equal(one[0].latents, other[0].latents)


BEFORE, NOWHERE = {"places": None}, {"places": {}}


def test_a_word_alone_is_kept_to_its_place(together, asked, word):
    """Its own token and the noun after it are hidden from the other half; nothing else is."""
    told = asked("a <one> house on the left", word("one", seed=1))
    assert told.setup.places == {"one": (LEFT,)}
    (draft,), (free,) = together(told, told.model_copy(update={"setup": None, "stacking": "sum"}))
    assert draft.where is free.ask.shown is None
    shown = draft.ask.shown
    kept = shown.ne(1).flatten(1).any(1)
    assert kept.sum() == 2
    assert shown[kept, :, :8].eq(DRAWN).all()
    assert shown[kept, :, 8:].eq(0).all()
    assert not torch.allclose(draft.latents, free.latents, atol=1e-3)


def test_an_adapter_and_its_words_are_kept_to_one_place(together, asked, make_concept):
    """What has both is confined with both."""
    ((draft,),) = together(asked("a <one> house in the lower left", make_concept("one", seed=1)))
    own = draft.where.regions[0]
    assert own[8:, :8].eq(1).all()
    assert own.sum() == 64
    assert draft.ask.shown.amin(0)[own.eq(0)].eq(0).all()
    assert draft.ask.shown.amin(0)[own.eq(1)].eq(1).all()


def test_prompts_without_a_place_are_drawn_as_before(together, asked, word, make_concept):
    """In no bit otherwise, whatever is worn, also beside a neighbour that is told one."""
    one, two = word("one", seed=1), make_concept("two", seed=2)
    prompts = (
        ("a house", ()),
        ("a <one> house near a cat", (one,)),
        ("a <one> house to the left of a <two> house", (one, two)),
        ("a <two> house looking to the left", (two,)),
    )
    for prompt, stack in prompts:
        now, before = (asked(prompt, *stack, said=said) for said in ({}, BEFORE))
        assert now.setup.places == {}
        assert same(*(together(request)[0] for request in (now, before)))
        near = asked("a <one> house on the left", one, seeds=(5,))
        free = near.model_copy(update={"setup": near.setup.model_copy(update=NOWHERE)})
        (beside_told, told), (beside_free, without) = together(now, near), together(now, free)
        assert same(beside_told, beside_free)
        assert not same(told, without)


def test_old_manifests_are_drawn_as_then(together, asked, word, make_concept):
    """Words had the whole picture, and adapters only the places that were known."""
    one, two = word("one", seed=1), make_concept("two", seed=2)
    words, unknown, known = (
        asked(prompt, stack, said=BEFORE)
        for prompt, stack in (
            ("a <one> house on the left", one),
            ("a <two> house in the lower left", two),
            ("a <two> house on the left", two),
        )
    )
    (word_then,), (unknown_then,), (known_then,) = together(words, unknown, known)
    assert all(d.ask.shown is None for d in (word_then, unknown_then, known_then))
    assert word_then.where is unknown_then.where is None
    assert known_then.where.regions[0].sum() == 128
    now = together(*(asked(r.prompt, *r.stack) for r in (words, unknown, known)))
    then = ([word_then], [unknown_then], [known_then])
    assert not any(same(*pair) for pair in zip(now, then, strict=True))


def test_a_manifest_says_the_places_of_its_day(together, asked, word):
    """Whatever is made of the sentence later; it is the same after a way through JSON."""
    one = word("one", seed=1)
    told = asked("a <one> house on the left", one)
    kept = type(told).model_validate_json(told.model_dump_json())
    assert kept == told
    moved = asked("a <one> house on the left", one, said={"places": {"one": (RIGHT,)}})
    ours, again, other = (together(request)[0] for request in (told, kept, moved))
    assert same(ours, again)
    assert other[0].ask.shown.amin(0)[:, :8].eq(0).all()


def test_only_the_conditional_half_hides_words(studio, asked, word, monkeypatch):
    """What is not wanted is nowhere; nor is anything hidden of the fill of a call."""
    rows = []
    show = WordMask.show
    monkeypatch.setattr(
        WordMask,
        "show",
        lambda self, shown, *, like: (rows.append(shown), show(self, shown, like=like)),
    )
    told, free = (asked(f"a <one> house {w}", word("one", seed=1)) for w in ("on the left", "red"))
    for request in (told, free):
        studio.admit(request, owner=1, alone=False, given=NOTHING)
    while studio.busy:
        studio.advance()
    assert len(rows) == 4
    assert all([each is not None for each in row] == [True, False, False, False] for row in rows)


def test_a_style_has_the_whole_picture(together, asked, word):
    """What is said of a thing's place is not said of how all of it is drawn."""
    style = word("ink", seed=3).model_copy(update={"kind": ConceptKind.STYLE})
    ((draft,),) = together(asked("a house in <ink> style on the left", style))
    assert draft.ask.shown is None


def test_only_what_is_kept_apart_is_kept_to_a_place(together, asked, word):
    """Added up, the sentence is all that says where something is."""
    one = word("one", seed=1)
    told = asked("a <one> house on the left", one).model_copy(update={"stacking": Stacking.SUM})
    free = told.model_copy(update={"setup": told.setup.model_copy(update=NOWHERE)})
    assert same(*(together(request)[0] for request in (told, free)))


def test_a_picture_with_a_place_comes_out_again(base, stacks, storage, studio, ticket, word):
    """From its manifest, bit for bit."""
    wish = ImagineRequest(
        prompt="a <one> house, in the top right corner",
        seeds=(1, 2),
        stack=(word("one", seed=1),),
        stacking=Stacking.APART,
        num_inference_steps=3,
        exact=True,
    )
    imaginer = Imaginer(base, stacks, storage, studio)
    made = imaginer.run(wish, ticket).images
    kept = Manifest.model_validate_json(made[0].manifest.model_dump_json())
    assert kept.request.setup.places == {"one": ((0.5, 0.0, 1.0, 0.5),)}
    assert [one.key for one in imaginer.run(kept.request, ticket).images] == [m.key for m in made]


def test_diffusers_own_path_confines_nothing(imaginer, word):
    """It is the reference: what it drew, its manifest says without places."""
    wish = ImagineRequest(
        prompt="a <one> house on the left", seeds=(1,), stack=(word("one", seed=1),)
    )
    setup = imaginer.resolve(wish).setup
    assert (setup.plain, setup.places) == (True, None)
