"""What pictures are said to show."""

import pytest

from core.domain.concepts import ConceptKind
from core.worker.training.captions import (
    captions,
    class_captions,
    mirrored,
    plain_caption,
    told_caption,
    typed_caption,
    with_article,
    without_style,
)

SUBJECT, STYLE = ConceptKind.SUBJECT, ConceptKind.STYLE


@pytest.mark.parametrize("kind", ConceptKind)
def test_captions_name_what_they_show(kind):
    """Every caption holds the words once, and no two are the same."""
    made = captions(kind, "<xyz> temple")
    assert len(set(made)) == len(made) >= 4
    assert all(caption.count("<xyz> temple") == 1 for caption in made)
    assert plain_caption(kind, "<xyz> temple").count("<xyz> temple") == 1


@pytest.mark.parametrize("kind", ConceptKind)
def test_class_captions_vary_all_but_the_class(kind):
    """The plain class in many surroundings, or the plain style on many things."""
    made = class_captions(kind, "temple")
    assert len(set(made)) == len(made) == 8
    assert all("temple" in caption for caption in made)
    assert not any("<" in caption or "  " in caption for caption in made)


def test_things_are_in_places_and_not_places_on_beaches():
    """A forest has things in it; a temple, and whatever ends as one, is somewhere."""
    assert "a photo of a cat in a pine forest" in class_captions(SUBJECT, "pine forest")
    assert "a photo of a temple on a beach" in class_captions(SUBJECT, "temple")
    assert not any("beach" in said for said in class_captions(SUBJECT, "forest"))
    assert class_captions(STYLE, "forest")[1] == "a picture in forest style of a house"


def test_article_goes_with_what_is_shown():
    """With the article and without, also where something else comes first."""
    made = captions(SUBJECT, "<kar> forest", "an owl in {}")
    assert made[:2] == (
        "a photo of an owl in a <kar> forest",
        "a photo of an owl in <kar> forest",
    )
    assert captions(SUBJECT, "<xyz> owl", "{} at night")[:3] == (
        "a photo of a <xyz> owl at night",
        "a photo of <xyz> owl at night",
        "a <xyz> owl at night",
    )


def test_sentences_are_english():
    """Articles fit, and styles are called styles."""
    assert with_article("owl") == "an owl"
    assert with_article("<xyz> owl") == "a <xyz> owl"
    assert plain_caption(SUBJECT, "temple") == "a photo of a temple"
    assert plain_caption(STYLE, "<kar> ink") == "a house in <kar> ink style"
    assert class_captions(SUBJECT, "owl")[2] == "a photo of an owl in a forest"


def test_left_is_right_in_a_mirror():
    """Both words change places, and nothing else does."""
    said = "a cat to the left of a dog, a bright lamp on the right"
    assert mirrored(said) == "a cat to the right of a dog, a bright lamp on the left"
    assert mirrored(mirrored(said)) == said
    assert mirrored("a cat above a brightly leftover dog") == "a cat above a brightly leftover dog"


def test_typed_caption_names_what_is_taught():
    """In the place where the person put the token, else before everything."""
    assert typed_caption(SUBJECT, "<xyz> temple", "<xyz>", "on a hill") == "<xyz> temple, on a hill"
    assert (
        typed_caption(SUBJECT, "<xyz> temple", "<xyz>", "a <XYZ> by the sea")
        == "a <XYZ> by the sea"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a photo of a temple on a hill", "a photo of a <xyz> temple on a hill"),
        ("Temple beside a temple", "<xyz> temple beside a temple"),
        ("the temples of a town", "<xyz> temple, the temples of a town"),
        ("a building on a hill", "<xyz> temple, a building on a hill"),
        ("", ""),
    ],
)
def test_told_caption_names_what_is_taught_once(text, said):
    """For the noun's first mention as a whole word, else before everything."""
    assert told_caption(SUBJECT, "<xyz> temple", "temple", text) == said


def test_a_style_is_named_as_people_ask_for_it():
    """After what the picture shows; called a style once, also where its class is "style"."""
    assert typed_caption(STYLE, "<ink> comic", "<ink>", "a cat") == "a cat in <ink> comic style"
    assert typed_caption(STYLE, "<ink> comic", "<ink>", "an <INK> cat") == "an <INK> cat"
    assert told_caption(STYLE, "<ink> style", "style", "a cat") == "a cat in <ink> style"
    assert told_caption(STYLE, "<ink> dot", "dot", "a dot") == "a dot in <ink> dot style"
    assert told_caption(STYLE, "<ink> style", "style", "") == ""
    assert plain_caption(STYLE, "<ink> style") == "a house in <ink> style"
    assert class_captions(STYLE, "style")[1] == "a picture in style of a house"


def test_told_caption_is_english():
    """The article fits what follows it now; a noun's own marks mean nothing."""
    assert told_caption(SUBJECT, "<xyz> owl", "owl", "an owl at night") == "a <xyz> owl at night"
    assert told_caption(SUBJECT, "<xyz> c.t", "c.t", "a cat") == "<xyz> c.t, a cat"


@pytest.mark.parametrize(
    ("caption", "plain"),
    [
        ("a cat in <ink> comic style", "a cat"),
        ("A cat in <INK> Comic Style, smiling", "A cat, smiling"),
        ("an <ink> cat", "an cat"),
        ("a picture in <ink> comic style of a house", "a picture of a house"),
        ("a cat in a box", "a cat in a box"),
        ("<ink>", "a picture"),
    ],
)
def test_a_caption_without_its_style(caption, plain):
    """What the base model is asked to draw to see what the style does."""
    assert without_style(caption, "<ink> comic") == plain
