"""Recipes: settings as people write them."""

import pytest

from core.domain.recipes import Method, Optimizer, Preset, Prior, Recipe, parse_changes
from core.errors import InvalidInput


def test_settings_are_read_with_their_types():
    """Numbers, choices, yes and no; spaces and case do not matter."""
    made = parse_changes(" Rank=16, EMA = 0.9,flips=no, optimizer=Prodigy, prior=output")
    assert made == {
        "rank": 16, "ema": 0.9, "flips": False, "optimizer": Optimizer.PRODIGY,
        "prior": Prior.OUTPUT,
    }  # fmt: skip
    assert parse_changes("") == parse_changes(" , ") == {}


def test_what_can_be_off_is_switched_off():
    """`off` is nothing for a limit, and no for a switch."""
    assert parse_changes("snr_cap=off, flips=off") == {"snr_cap": None, "flips": False}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rank", "name=value"),
        ("rank=", "name=value"),
        ("speed=3", "no such setting. There are: accumulation, "),
        ("rank=0", "setting rank: .*greater than or equal to 1"),
        ("rank=many", "setting rank: .*valid integer"),
        ("optimizer=sgd", "setting optimizer: .*'adamw'"),
        ("method=pivotal", "no such setting"),
        ("steps=3", "no such setting"),
        ("batch=off", "setting batch"),
    ],
)
def test_what_cannot_be_used_is_told(text, says):
    """The sentence names the setting and what it can be."""
    with pytest.raises(InvalidInput, match=says):
        parse_changes(text)


def test_recipes_of_older_jobs_are_still_read():
    """A row that knows fewer settings is the recipe that it was."""
    old = '{"method":"dreambooth-lora","steps":300,"batch":4,"rank":8,"prior_pictures":42}'
    assert Recipe.model_validate_json(old) == Recipe()
    assert Recipe().company == 0


def test_every_method_is_a_preset_of_its_own_name():
    """So that people choose between names alone."""
    assert {method.value for method in Method} <= {preset.value for preset in Preset}
