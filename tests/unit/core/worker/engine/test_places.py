"""Where a prompt says that a concept belongs."""

import pytest

from core.worker.engine.places import find_places

SIZE = (4, 8)


def place(prompt, name="xyz"):
    (found,) = find_places(prompt, [name], size=SIZE)
    return found


@pytest.mark.parametrize(
    ("phrase", "rows", "columns"),
    [
        ("on the left", slice(0, 4), slice(0, 4)),
        ("at the right", slice(0, 4), slice(4, 8)),
        ("at the top", slice(0, 2), slice(0, 8)),
        ("in the lower half", slice(2, 4), slice(0, 8)),
        ("in the middle", slice(1, 3), slice(2, 6)),
    ],
)
def test_sides_are_parts_of_the_picture(phrase, rows, columns):
    """1 inside and 0 outside, at the size of the latents."""
    found = place(f"a photo of <xyz> temple {phrase}, in a forest")
    assert found.shape == SIZE
    assert found[rows, columns].eq(1).all()
    assert found.sum() == found[rows, columns].numel()


def test_each_concept_has_its_own():
    """What is said of one is not said of the next."""
    prompt = "<xyz> temple on the left and <mio> cat On The Right with <kar> flowers"
    left, right, nowhere = find_places(prompt, ["xyz", "mio", "kar"], size=SIZE)
    assert left[0, 0] == right[0, 7] == 1
    assert left[0, 7] == right[0, 0] == 0
    assert nowhere is None


@pytest.mark.parametrize(
    "prompt",
    [
        "<xyz> temple to the left of <mio> cat",
        "<xyz> temple on the left of a house",
        "a house on the left and <xyz> temple",
        "<xyz> temple. A house on the left",
        "<xyzzy> temple on the left",
        "xyz on the left",
    ],
)
def test_what_is_about_something_else_is_no_place(prompt):
    """Relations between two things are left to attention."""
    assert place(prompt) is None
