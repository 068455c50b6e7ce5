"""Recipes as they are kept."""

import pytest

from core.domain.recipes import Choice, Method, Preset, Recipe, recorded_recipe


def test_recipes_of_older_jobs_are_still_read():
    """A row that knows fewer settings is the recipe that it was."""
    old = '{"method":"dreambooth-lora","steps":300,"batch":4,"rank":8,"prior_pictures":42}'
    assert Recipe.model_validate_json(old) == Recipe()
    assert Recipe().company == 0


def test_every_method_is_a_preset_of_its_own_name():
    """So that people choose between names alone."""
    assert {method.value for method in Method} <= {preset.value for preset in Preset}


def test_kept_step_is_where_the_run_was_ended_unless_another_was_better() -> None:
    """Its last step where nothing was measured, be that the recipe's own or a person's."""
    choice = Choice(step=100, ran=120, error=0.1, error_last=0.2)
    assert Recipe(steps=300).kept_step == 300
    assert Recipe(steps=300, ended_at=120).kept_step == 120
    assert Recipe(steps=300, ended_at=120, choice=choice).kept_step == 100


def test_noun_is_heard_beside_a_comma() -> None:
    """Words with commas in them are words all the same."""
    assert Recipe(begins_as="a cat, striped").says_noun("Cat")
    assert not Recipe(begins_as="a catamaran, striped").says_noun("cat")


@pytest.mark.parametrize(
    ("changes", "ran", "kept"),
    [
        ({}, 300, 300),
        ({"ended_at": 120}, 120, 120),
        ({"choice": Choice(step=50, ran=200, error=0.1, error_last=0.2)}, 200, 50),
    ],
)
def test_a_person_keeps_another_step_of_the_same_run(
    changes: dict[str, object], ran: int, kept: int
) -> None:
    """However that ended; nothing else of the recipe is changed."""
    recipe = Recipe.model_validate(changes)
    assert (recipe.ran, recipe.kept_step) == (ran, kept)
    by_hand = recipe.kept_by_hand(25)
    assert (by_hand.ran, by_hand.kept_step) == (ran, 25)
    assert by_hand.choice == Choice(step=25, ran=ran, by_hand=True)
    same = {"choice": None}
    assert by_hand.model_copy(update=same) == recipe.model_copy(update=same)
    assert recorded_recipe(by_hand.model_dump_json()) == by_hand
