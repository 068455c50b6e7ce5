"""The score."""

from typing import Any

import pytest

from core.pocket.speech.evaluate import Ear, Score, evaluate, four_seconds, word_errors
from core.pocket.speech.testset import ScoredClip


@pytest.mark.parametrize(
    ("expected", "heard", "errors"),
    [
        ("a red cat", "a red cat", 0),
        ("a red cat", "a cat", 1),
        ("a red cat", "the red cat sat", 2),
        ("", "a red cat", 3),
        ("a red cat", "", 3),
    ],
)
def test_word_errors_are_edits(expected: str, heard: str, errors: int) -> None:
    """Insertions, deletions and substitutions of words."""
    assert word_errors(expected.split(), heard.split()) == errors


def test_a_score_counts_words_and_clips() -> None:
    """Rates are over all words; a wrong clip is kept to be looked at."""
    score = Score()
    score.add("a red cat", "a red cat", 0.1)
    score.add("a red cat", "a blue cat", 0.3)
    score.add("", "", 0.2)
    assert score.row("x") == "| x | 3 | 16.67 % | 66.7 % | 2 | 0.20 s |"
    assert score.wrong == [("a red cat", "a blue cat")]


def test_every_group_is_asked_in_every_way_that_fits(
    ear: Ear, voice_files: list[dict[str, Any]]
) -> None:
    """English with and without hotwords and detection, Spanish in both tasks, all in the report."""
    clips = [
        ScoredClip(group, entry["opus"], entry["duration_s"], entry["language"], entry["text"],
                 entry["english"], tuple(entry["names"]))
        for group, file in (("new voices", "red-star-forest"), ("Spanish", "gato-azul"),
                            ("nothing said", "silence"))
        for entry in voice_files
        if entry["file"] == f"{file}.ogg"
    ]  # fmt: skip
    lines: list[str] = []
    scores = evaluate(ear, clips, lines.append)
    assert {"new voices", "new voices, hotwords", "Spanish, translated", "nothing said"} <= {
        *scores
    }
    assert len(lines) == 2 + len(scores)
    assert scores["nothing said"].texts == 0
    assert four_seconds(ear, clips) > 0
