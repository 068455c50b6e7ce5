"""What must stay as it is: which pictures are drawn for it."""

import pytest

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
    assert [(plan.pictures, plan.stack) for plan in made] == [(6, ()), (3, (PARENT,))]
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
    wanted = [Plan(("a", "b"), 2 * PER_CAPTION + 1), Plan(("c",), 2, PARENT)]
    every = all_left(wanted, 0)
    assert [(plan.parent, prompt, len(seeds)) for plan, (prompt, seeds) in every] == [
        (None, "a", 4),
        (None, "b", 4),
        (None, "a", 1),
        (PARENT, "c", 2),
    ]
    known = 0
    for done, (_, (_, seeds)) in enumerate(every, start=1):
        known += len(seeds)
        assert all_left(wanted, known) == every[done:]


def all_left(wanted, known):
    """Each plan with each of the wishes that are left of it."""
    return [(plan, wish) for plan, wishes in kept.left(wanted, known) for wish in wishes]
