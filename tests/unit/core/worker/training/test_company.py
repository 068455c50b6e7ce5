"""Pictures of the subject beside something else."""

import numpy as np
import pytest
from PIL import Image

from core.worker.training.company import MIDDLES, OPPOSITES, Scene, Sitter, scenes
from core.worker.training.outline import Outline

SIDE = 64
IN_THE_MIDDLE = Outline(0.5, 0.5, 0.4)


def sitter(where="{} on a beach", outline=IN_THE_MIDDLE):
    return Sitter(Image.new("RGB", (SIDE, SIDE), "purple"), outline, where)


def scene(relation="above", **changes):
    values = {"sitter": sitter(), "other": "a red car", "side": 0.28, "seed": 1}
    return Scene(relation=relation, **values | changes)


def opaque(picture):
    return np.asarray(picture)[..., 3] > 0


def test_caption_says_who_stands_where_beside_what():
    """For the class as the base model paints it, and for the concept as it is taught: either may
    be named first, with the article and without."""
    assert scene().said("owl")[0] == "a photo of an owl above a red car on a beach"
    assert scene("to the left of").said("<xyz> owl") == (
        "a photo of a <xyz> owl to the left of a red car on a beach",
        "a photo of a red car to the right of a <xyz> owl on a beach",
        "a photo of <xyz> owl to the left of a red car on a beach",
        "a photo of a red car to the right of <xyz> owl on a beach",
    )


@pytest.mark.parametrize("relation", MIDDLES)
def test_relations_have_opposites(relation):
    """Turned round twice they are the same, and the places they say are opposite too."""
    other = OPPOSITES[relation]
    assert OPPOSITES[other] == relation
    (x, y), (x_other, y_other) = MIDDLES[relation], MIDDLES[other]
    assert (x + x_other, y + y_other) == pytest.approx((1, 1))


@pytest.mark.parametrize(
    ("relation", "half"),
    [
        ("to the left of", np.s_[:, 32:]),
        ("to the right of", np.s_[:, :32]),
        ("above", np.s_[32:]),
        ("below", np.s_[:32]),
    ],
)
def test_other_half_is_the_base_models_to_paint(relation, half):
    """All of it is transparent, and is learned; on the own side the subject's pixels are there."""
    made = scene(relation)
    kept = opaque(made.canvas(SIDE))
    assert not kept[half].any()
    assert np.asarray(made.mask(SIDE))[half].all()
    x, y = MIDDLES[relation]
    assert kept[round(y * SIDE), round(x * SIDE)]
    assert made.canvas(SIDE).getpixel((round(x * SIDE), round(y * SIDE)))[:3] == (128, 0, 128)


def test_subject_stands_where_its_outline_was():
    """What was off the middle of its picture is in the middle of its half."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    picture.paste("red", (4, 30, 24, 50))
    outline = Outline(14 / SIDE, 40 / SIDE, 20 / SIDE)
    made = scene("to the right of", sitter=Sitter(picture, outline, ""))
    pixels = np.asarray(made.canvas(SIDE)).astype(int)
    rows, columns = np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 80) & opaque(pixels))
    x, y = MIDDLES["to the right of"]
    assert abs(columns.mean() - x * SIDE) < 2
    assert abs(rows.mean() - y * SIDE) < 2


def test_seam_around_the_subject_is_not_learned():
    """The mask ends before the pasted picture does."""
    made = scene("above", sitter=sitter(outline=Outline(0.5, 0.5, 0.38)))
    kept, learned = opaque(made.canvas(SIDE)), np.asarray(made.mask(SIDE)) > 0
    own = np.s_[:32]
    assert learned[own].sum() < kept[own].sum()
    assert not (learned[own] & ~kept[own]).any()


def test_larger_subjects_become_smaller():
    """Within bounds: a speck is not blown up to fill its half."""
    sizes = [
        opaque(scene(sitter=sitter(outline=Outline(0.5, 0.5, side))).canvas(SIDE)).sum()
        for side in (0.6, 0.5, 0.1, 0.05)
    ]
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3]


def test_each_picture_takes_its_turn_and_the_seed_decides():
    """A resumed run has the same scenes as the one that it goes on from."""
    sitters = [sitter("{} at night"), sitter("{} in a city")]
    made = scenes(10, sitters, seed=3)
    assert [one.sitter.where for one in made] == ["{} at night", "{} in a city"] * 5
    assert made == scenes(10, sitters, seed=3) != scenes(10, sitters, seed=4)
    assert len({(one.relation, one.other) for one in made}) > 3


def test_nobody_to_show_makes_no_scenes():
    """As with a forest, in which the base model sees no thing."""
    assert scenes(10, [], seed=1) == []
