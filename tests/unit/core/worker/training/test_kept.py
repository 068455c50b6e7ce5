"""What must stay as it is: which pictures are drawn for it, and how they are found again."""

from dataclasses import replace

import pytest
import torch

from core.domain.concepts import ConceptKind, StackEntry
from core.domain.recipes import Prior, Recipe
from core.worker.training import kept
from core.worker.training.kept import PER_CAPTION, Plan

PARENT = StackEntry(
    concept_id=2, version_id=2, name="one", class_noun="cat", kind=ConceptKind.SUBJECT,
    artifact="ab" * 32,
)  # fmt: skip


def test_class_comes_first_and_then_what_lies_underneath(request_of):
    """Pictures of the plain class, and of each parent under its own word."""
    made = kept.plans(request_of(parents=(PARENT,)), Recipe(prior_pictures=6, replay_pictures=3))
    assert [(plan.pictures, plan.replayed) for plan in made] == [(6, False), (3, True)]
    assert made[0].captions[0] == "a photo of a circle"
    assert made[1].captions[0] == "a photo of a <one> cat"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"prior": Prior.NONE}, []),
        ({"prior_weight": 0}, []),
        ({"prior": Prior.OUTPUT}, [0, 0]),
        ({"prior_pictures": 0}, [8]),
        ({"replay_pictures": 0}, [42]),
    ],
)
def test_nothing_is_drawn_that_is_not_wanted(request_of, changes, expected):
    """No prior, no weight, answers in place of pictures, or only one of the two."""
    made = kept.plans(request_of(parents=(PARENT,)), Recipe(**changes))
    assert [plan.pictures for plan in made] == expected


def test_drawing_goes_on_where_it_was_put_down():
    """From any stage the same pictures are left, and none is drawn twice."""
    wanted = [Plan(("a", "b"), 2 * PER_CAPTION + 1), Plan(("c",), 2, replayed=True)]
    every = list(kept.left(wanted, 0))
    assert [(prompt, len(seeds)) for prompt, seeds in every] == [
        ("a", 4),
        ("b", 4),
        ("a", 1),
        ("c", 2),
    ]
    known = 0
    for done, (_, seeds) in enumerate(every, start=1):
        known += len(seeds)
        assert list(kept.left(wanted, known)) == every[done:]


def test_pictures_are_found_again_while_all_are_there(storage):
    """One that is gone, and all are drawn anew."""
    keys = [storage.put(b"one"), storage.put(b"two")]
    assert kept.recalled(storage, "prior x") == []
    kept.remember(storage, "prior x", keys)
    assert kept.recalled(storage, "prior x") == keys
    kept.remember(storage, "prior x", [*keys, "0" * 64])
    assert kept.recalled(storage, "prior x") == []


def test_name_holds_all_that_decides_the_pictures(base):
    """Prompts, seeds, and what lies underneath with its weights."""
    wishes, half = [("a circle", (1, 2))], PARENT.model_copy(update={"weight": 0.5})
    asked = [
        ((), wishes),
        ((), [("a ring", (1, 2))]),
        ((), [("a circle", (1, 3))]),
        ((), [*wishes, *wishes]),
        ((PARENT,), wishes),
        ((half,), wishes),
    ]
    names = {kept.name_of(base, parents, of) for parents, of in asked}
    assert len(names) == len(asked)
    assert kept.name_of(base, (), list(wishes)) in names


def test_pictures_of_another_sampler_are_others(base):
    """What a course draws in brief is remembered apart from what is drawn in the usual steps."""
    plain = replace(base, family=replace(base.family, brief=None))
    names = {kept.name_of(model, (), [("a circle", (1,))]) for model in (base, plain)}
    assert len(names) == 2


def test_pictures_of_other_weights_are_others(base):
    """A new decoder, or a new UNet under the old name, draws them anew."""
    names = [kept.name_of(base, (), [])]
    for module in (base.pipe.unet.conv_in, base.pipe.vae.decoder):
        weight = next(module.parameters())
        before = weight.detach().clone()
        try:
            with torch.no_grad():
                weight += 1
            names.append(kept.name_of(base, (), []))
        finally:
            weight.data.copy_(before)
    assert len(set(names)) == 3
    assert kept.name_of(base, (), []) == names[0]
