"""The option `concepts`: names with weights."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.stack_option import both, parse_names, parse_stack
from core.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "stack"),
    [
        ("", ()),
        ("xyz", (("xyz", 1.0),)),
        ("xyz:0.8, kar", (("xyz", 0.8), ("kar", 1.0))),
        (" <XYZ> , <kar:0.5> ,", (("xyz", 1.0), ("kar", 0.5))),
        ("xyz:-1", (("xyz", -1.0),)),
    ],
)
def test_names_and_weights_are_read(text: str, stack: tuple[tuple[str, float], ...]) -> None:
    """With and without weights, brackets, spaces and capitals."""
    assert parse_stack(text) == stack


@pytest.mark.parametrize(
    "text", ["xyz:heavy", "xyz:9", "xyz:nan", "xyz:inf", "9", ",".join("abcdefg"), "x y"]
)
def test_what_cannot_be_read_is_explained(text: str) -> None:
    """A sentence, never a crash."""
    with pytest.raises(InvalidInput):
        parse_stack(text)


@pytest.mark.parametrize(
    ("names", "stacks", "shown"),
    [(25, 1, (24, 1)), (25, 40, (13, 12)), (3, 40, (3, 22)), (40, 0, (25, 0)), (2, 2, (2, 2))],
)
def test_concepts_and_stacks_are_offered_side_by_side(
    names: int, stacks: int, shown: tuple[int, int]
) -> None:
    """However many there are of one kind, the other keeps its share of the 25 choices."""
    offered = both(["c"] * names, ["s"] * stacks)
    assert (offered.count("c"), offered.count("s")) == shown


@given(st.text(max_size=60))
def test_any_text_is_a_stack_or_a_sentence(text: str) -> None:
    """Whatever is typed."""
    for parse in (parse_stack, parse_names):
        with contextlib.suppress(InvalidInput):
            assert all(parse(text))
