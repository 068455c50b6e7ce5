"""Settings as people write them."""

import pytest

from core.domain.changes import parse_changes, written
from core.domain.recipes import Optimizer, Prior
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
        ("ended_at=3", "no such setting"),
        ('begins_as="a cat, striped', "quote in the settings is not closed"),
        ('begins_as=a "cat", rank=3', "Quotes go around a whole value"),
        ('begins_as="a" "cat"', "Quotes go around a whole value"),
        ('begins_as=""', "name=value"),
    ],
)
def test_what_cannot_be_used_is_told(text, says):
    """The sentence names the setting and what it can be."""
    with pytest.raises(InvalidInput, match=says):
        parse_changes(text)


@pytest.mark.parametrize("quotes", ['"{}"', "“{}”", "„{}“"])
def test_value_in_quotes_may_hold_commas(quotes):
    """Whatever quotes a telephone makes; what comes after is read as before."""
    said = quotes.format(" A cat, striped=no ")
    made = parse_changes(f"rank=16, begins_as={said}, ema=0.9")
    assert made == {"rank": 16, "begins_as": "a cat, striped=no", "ema": 0.9}


def test_what_is_written_is_read_again():
    """Every kind of value, so that a training can be asked for once more."""
    made = parse_changes(
        'rank=16, flips=no, snr_cap=off, learning_rate=1e-5, optimizer=prodigy, slot=3, '
        'begins_as="a cat, striped", buckets=yes'
    )  # fmt: skip
    text = written(made)
    assert text == (
        "rank=16, flips=no, snr_cap=off, learning_rate=1e-05, optimizer=prodigy, slot=3, "
        'begins_as="a cat, striped", buckets=yes'
    )
    assert parse_changes(text) == made
    assert written({}) == ""
