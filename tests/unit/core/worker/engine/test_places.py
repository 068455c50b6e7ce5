"""Where a prompt says that a concept belongs."""

import pytest

from core.worker.engine.places import filled, told_before, told_places

LEFT, RIGHT, TOP, BOTTOM = (0, 0, 0.5, 1), (0.5, 0, 1, 1), (0, 0, 1, 0.5), (0, 0.5, 1, 1)
UPPER_LEFT, UPPER_RIGHT = (0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5)
LOWER_LEFT, LOWER_RIGHT = (0, 0.5, 0.5, 1), (0.5, 0.5, 1, 1)
MIDDLE = (0.25, 0.25, 0.75, 0.75)


def boxes(prompt, name="xyz"):
    return told_places(prompt, [name]).get(name)


@pytest.mark.parametrize(
    ("phrase", "box"),
    [
        ("on the left", LEFT),
        ("at the right", RIGHT),
        ("to the left", LEFT),
        ("on the left side", LEFT),
        ("on the right-hand side", RIGHT),
        ("at the left edge", LEFT),
        ("in the left half", LEFT),
        ("at the top", TOP),
        ("in the upper half", TOP),
        ("at the bottom", BOTTOM),
        ("in the lower part", BOTTOM),
        ("in the lower left", LOWER_LEFT),
        ("in the bottom-right corner", LOWER_RIGHT),
        ("in the top right corner", UPPER_RIGHT),
        ("On The Upper Left", UPPER_LEFT),
        ("in the middle", MIDDLE),
        ("in the center", MIDDLE),
    ],
)
@pytest.mark.parametrize("after", ["", ", in a forest", " in a forest", " of the picture", "."])
@pytest.mark.parametrize("before", [" temple ", " temple, ", " temple with a blue roof "])
def test_parts_of_the_picture(before, phrase, after, box):
    """However the sentence goes on, and with a comma before."""
    assert boxes(f"a photo of <xyz>{before}{phrase}{after}") == (box,)


def test_each_concept_has_its_own():
    """What is said of one is not said of the next."""
    prompt = "<xyz> temple on the left and <mio> cat On The Right with <kar> flowers"
    told = told_places(prompt, ["xyz", "mio", "kar"])
    assert told == {"xyz": (LEFT,), "mio": (RIGHT,)}


def test_a_voice_says_no_commas():
    """Nothing but the next name ends what is said of the one before."""
    told = told_places("a <xyz> temple on the left a <mio> cat on the right", ["xyz", "mio"])
    assert told == {"xyz": (LEFT,), "mio": (RIGHT,)}


def test_a_concept_that_is_there_twice():
    """It belongs in both places, and anywhere if nothing is said of one of them."""
    assert boxes("<xyz> temple on the left, <XYZ> temple on the right") == (LEFT, RIGHT)
    assert boxes("<xyz> temple on the left and a <xyz> temple") is None


@pytest.mark.parametrize(
    "prompt",
    [
        "<xyz> temple to the left of <mio> cat",
        "<xyz> temple on the left of <mio> house",
        "<xyz> temple on the left of a house",
        "<xyz> temple on the left side of a house",
        "<xyz> temple on the left of a house on the right",
        "<xyz> temple in the top left corner of the room",
        "<xyz> temple in the middle of the forest",
        "<xyz> temple in the middle ages",
        "<xyz> temple on the left bank",
        "<xyz> temple in the upper town",
        "<xyz> dog looking to the left",
        "<xyz> dog turned to the right",
        "<xyz> temple and a dog on the left",
        "<xyz> temple beside a house on the right",
        "<xyz> flowers on the left and right",
        "<xyz> flowers at the top and at the bottom",
        "<xyz> temple, on the left a house",
        "<xyz> temple, on the left <mio> cat",
        "a house on the left and <xyz> temple",
        "<xyz> temple. A house on the left",
        "<xyz> temple, a house on the left",
        "<xyzzy> temple on the left",
        "xyz on the left",
    ],
)
def test_what_is_about_something_else_is_no_place(prompt):
    """Two things, another thing, where somebody looks, or a left that is a name."""
    assert boxes(prompt) is None


def test_boxes_are_parts_of_the_latents():
    """1 inside and 0 outside; several boxes are one place."""
    found = filled((MIDDLE,), (4, 8))
    assert found.shape == (4, 8)
    assert found[1:3, 2:6].eq(1).all()
    assert found.sum() == 8
    assert filled((LEFT, RIGHT), (4, 8)).eq(1).all()
    corner = filled((LOWER_RIGHT,), (5, 7))
    assert corner[2:, 4:].eq(1).all()
    assert corner.sum() == corner[2:, 4:].numel()


@pytest.mark.parametrize(
    ("prompt", "box"),
    [
        ("<xyz> temple on the left, in a forest", LEFT),
        ("<xyz> temple at the top right", TOP),
        ("<xyz> temple in the middle ages", MIDDLE),
        ("<xyz> temple on the left of a house on the right", RIGHT),
        ("<xyz> temple and a dog on the left", LEFT),
        ("<xyz> temple in the lower left", None),
        ("<xyz> temple, on the left", None),
        ("<xyz> temple to the left", None),
        ("<xyz> temple on the left of a house", None),
    ],
)
def test_old_pictures_are_read_as_in_their_day(prompt, box):
    """With what was not known then, and what was taken wrongly."""
    assert told_before(prompt, ["xyz"]) == ({} if box is None else {"xyz": (box,)})
