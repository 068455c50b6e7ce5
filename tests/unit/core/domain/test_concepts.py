"""Names, tokens and class nouns."""

import pytest

from core.domain.concepts import class_noun, concept_name, token_of, tokens_in
from core.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "name"), [("xyz", "xyz"), (" <XYZ> ", "xyz"), ("a-1_b", "a-1_b"), ("ab", "ab")]
)
def test_names_are_tidied(text: str, name: str) -> None:
    """Case, blanks and brackets do not matter."""
    assert concept_name(text) == name


@pytest.mark.parametrize("text", ["", "x", "1ab", "a b", "é" * 3, "a" * 25, "<<xyz>>", "a\nb"])
def test_what_is_no_name_is_refused(text: str) -> None:
    """The refusal gives the rule and an example."""
    with pytest.raises(InvalidInput, match="for example xyz"):
        concept_name(text)


@pytest.mark.parametrize(("text", "noun"), [(" Temple ", "temple"), ("tea  pot", "tea pot")])
def test_class_nouns_are_tidied(text: str, noun: str) -> None:
    """Lower case, one blank between words."""
    assert class_noun(text) == noun


@pytest.mark.parametrize("text", ["", "a", "<temple>", "temple!", "t" * 41, "7 dwarfs"])
def test_what_is_no_class_is_refused(text: str) -> None:
    """The refusal gives an example."""
    with pytest.raises(InvalidInput, match="for example temple"):
        class_noun(text)


def test_tokens_are_found_in_order_once() -> None:
    """A prompt's concepts, each the first time that it is mentioned."""
    assert tokens_in("<kar> by <XYZ>, <kar>") == ("kar", "xyz")
    assert token_of("xyz") == "<xyz>"
