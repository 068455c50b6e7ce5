"""Concept names: made up, spelled, and spelled otherwise."""

import random

import pytest

from core.pocket.speech import names


@pytest.mark.parametrize(("name", "spelled"), [("xyz", True), ("bqt", True), ("lumo", False)])
def test_a_name_without_a_vowel_is_said_letter_by_letter(name: str, spelled: bool) -> None:
    """As people say it, and as espeak must be told."""
    assert names.is_spelled(name) is spelled


def test_made_up_names_can_be_said_and_are_no_words() -> None:
    """They have a vowel, end in none that is silent and are not in the lexicon."""
    rng = random.Random(0)
    for _ in range(2000):
        name = names.made_up(rng)
        assert not names.is_spelled(name)
        assert not name.endswith("e")
        assert name not in {"sol", "moon", "red"}


def test_a_respelled_name_sounds_the_same() -> None:
    """The spelling changes by a rule of sound; letters that are spelled out never do."""
    rng = random.Random(1)
    assert names.respell("car", rng) == "kar"
    assert names.respell("xyz", rng) == "xyz"
    assert {names.respell("kifu", rng) for _ in range(60)} <= {
        "cifu", "kiphu", "kifoo", "keefu", "kyfu",
    }  # fmt: skip


def test_names_that_sound_like_words_are_drawn_as_they_sound() -> None:
    """ "kar" is heard as "car" unless it was announced."""
    rng = random.Random(2)
    drawn = {names.any_name(rng) for _ in range(4000)}
    assert "car" in drawn
    assert "kar" not in drawn
    assert {"xyz", "lumo", "zed"} <= drawn
