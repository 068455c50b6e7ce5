"""How alike two words sound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.services.sounding import SAME_SOUND, closeness, sound_of

WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kar", "car"),
        ("kar", "carr"),
        ("kat", "cat"),
        ("lumo", "loomo"),
        ("phish", "fish"),
        ("boat", "bote"),
        ("bear", "bair"),
        ("belle", "bell"),
        ("knox", "nocks"),
        ("quill", "kuil"),
        ("sity", "city"),
    ],
)
def test_spellings_of_one_sound_agree(one: str, other: str) -> None:
    """Two spellings of one sound are written the same and score as the same sound."""
    assert sound_of(one) == sound_of(other)
    assert SAME_SOUND <= closeness(one, other) < 1


@pytest.mark.parametrize(
    ("heard", "name"), [("grey", "kar"), ("far", "kar"), ("tree", "lumo"), ("x", "xyz")]
)
def test_other_words_are_not_close(heard: str, name: str) -> None:
    """Words of another sound score nothing."""
    assert closeness(heard, name) == 0


def test_one_wrong_letter_of_a_spelled_name_is_near() -> None:
    """ "xyc" is near "xyz", but farther than the same sound."""
    assert 0 < closeness("xyc", "xyz") < SAME_SOUND


@given(WORD, WORD)
def test_closeness_is_between_nothing_and_the_same(heard: str, name: str) -> None:
    """Any two words score from 0 to 1, and 1 only where they are one word."""
    score = closeness(heard, name)
    assert 0 <= score <= 1
    assert (score == 1) == (heard == name)
