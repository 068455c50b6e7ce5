"""Hotwords in training prompts."""

import random

from core.pocket.speech.hotwords import Hotwords, draw_hotwords


def test_a_transcript_takes_the_spelling_of_the_prompt() -> None:
    """Only whole words that the prompt names are changed."""
    hotwords = Hotwords("kar, xyz", {"car": "kar"})
    assert hotwords.respelled("a car near carpet") == "a kar near carpet"


def test_prompts_are_drawn_with_and_without_the_names_that_are_said() -> None:
    """Some prompts are empty, some spell the name, some leave it out, none is endless."""
    rng = random.Random(0)
    drawn = [draw_hotwords(("lumo",), rng) for _ in range(400)]
    empty = [each for each in drawn if not each.text]
    left_out = [each for each in drawn if each.text and "lumo" not in each.spelling]
    respelled = [each for each in drawn if each.spelling.get("lumo", "lumo") != "lumo"]
    assert 150 < len(empty) < 300
    assert left_out
    assert respelled
    for each in drawn:
        assert all(name.lower() in each.text.lower() for name in each.spelling.values())
        assert len(each.text) < 220
