"""Grounds for inpainting and outpainting, as pictures."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.domain.drawing import Margins
from core.worker.canvas import lay

RED, BLUE = (220, 30, 30), (20, 40, 200)


def halves(mode="RGB", size=(64, 64)):
    """Red on the left, blue on the right."""
    picture = Image.new(mode, size, RED)
    picture.paste(Image.new(mode, (size[0] // 2, size[1]), BLUE), (size[0] // 2, 0))
    return picture


def square_mask(size=(64, 64), box=(16, 16, 48, 48)):
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rectangle((*box[:2], box[2] - 1, box[3] - 1), fill=255)
    return mask


def array(picture):
    return np.asarray(picture).astype(int)


def test_a_picture_alone_is_made_anew_as_a_whole():
    """Without mask, margins and transparency nothing is put back."""
    canvas = lay(halves(), (64, 64))
    made = Image.new("RGB", (64, 64), "white")
    assert canvas.mask is None
    assert canvas.picture.tobytes() == halves().tobytes()
    assert canvas.put_back(made) is made


def test_outside_the_mask_every_pixel_stays():
    """Bit for bit, and the middle of the mask is what was made, with a soft step between."""
    canvas = lay(halves(), (64, 64), mask=square_mask())
    out = array(canvas.put_back(Image.new("RGB", (64, 64), "white")))
    outside = array(square_mask()) == 0
    assert (out[outside] == array(halves())[outside]).all()
    assert (out[24:40, 24:40] == 255).all()
    edge = out[32, 14:22, 1]
    assert (np.diff(edge) >= 0).all()
    assert len(set(edge.tolist())) > 3, "the step is soft"


def test_a_mask_of_another_size_lies_over_the_whole_picture():
    """It is brought to the picture's size, and grey means one or the other."""
    mask = square_mask((32, 32), (8, 8, 24, 24)).point(lambda level: level * 0.7)
    assert array(lay(halves(), (64, 64), mask=mask).mask).max() == 255
    assert array(lay(halves(), (64, 64), mask=mask).mask)[32, 32] == 255
    assert array(lay(halves(), (64, 64), mask=mask).mask)[2, 2] == 0


def test_what_is_transparent_is_made_anew_with_a_rim():
    """The hole is filled with colours from around it; two pixels of the picture belong to it."""
    picture = halves("RGBA")
    picture.paste((0, 0, 0, 0), (8, 8, 24, 24))
    canvas = lay(picture, (64, 64))
    mask = array(canvas.mask)
    assert mask[6:26, 6:26].min() == 255
    assert mask[5, 5] == mask[32, 40] == 0
    filled = array(canvas.picture)[10:22, 10:22].mean(axis=(0, 1))
    assert np.abs(filled - RED).max() < 25, "red, as what lies around the hole"


@pytest.mark.parametrize(
    ("margins", "size", "box"),
    [
        (Margins(right=0.5), (96, 64), (0, 0, 64, 64)),
        (Margins(left=0.5), (96, 64), (32, 0, 96, 64)),
        (Margins(top=0.5), (64, 96), (0, 32, 64, 96)),
        (Margins(left=0.25, right=0.25, top=0.25, bottom=0.25), (96, 96), (16, 16, 80, 80)),
    ],
)
def test_a_larger_canvas_holds_the_picture_pixel_for_pixel(margins, size, box):
    """Where the canvas grows by whole steps, the picture is not resized; the rest is masked."""
    canvas = lay(halves(), size, margins=margins)
    assert canvas.picture.crop(box).tobytes() == halves().tobytes()
    mask = array(canvas.mask)
    inner = mask[box[1] + 2 : box[3] - 2, box[0] + 2 : box[2] - 2]
    assert inner.max() == 0
    rest = np.ones_like(mask, dtype=bool)
    rest[box[1] : box[3], box[0] : box[2]] = False
    assert mask[rest].min() == 255


def test_margins_are_filled_with_the_colours_at_the_edge():
    """To the left it goes on red, to the right blue, with noise that follows the seed."""
    margins = Margins(left=0.5, right=0.5)
    canvas = lay(halves(), (128, 64), margins=margins, seed=1)
    pixels = array(canvas.picture)
    assert np.abs(pixels[:, :30].mean(axis=(0, 1)) - RED).max() < 40
    assert np.abs(pixels[:, 98:].mean(axis=(0, 1)) - BLUE).max() < 40
    assert pixels[:, :30].std() > 10
    again = lay(halves(), (128, 64), margins=margins, seed=1)
    other = lay(halves(), (128, 64), margins=margins, seed=2)
    assert again.picture.tobytes() == canvas.picture.tobytes() != other.picture.tobytes()


def test_a_smaller_canvas_shrinks_the_picture_into_its_place():
    """Zooming out at the same size: half the picture's size, in the middle."""
    margins = Margins(left=0.5, right=0.5, top=0.5, bottom=0.5)
    canvas = lay(halves(), (64, 64), margins=margins)
    mask = array(canvas.mask)
    assert mask[18:46, 18:46].max() == 0
    assert mask[:16].min() == 255
    assert np.abs(array(canvas.picture)[32, 24] - RED).max() < 5


def test_a_mask_and_a_hole_add_up():
    """Both are made anew."""
    picture = halves("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 8, 8))
    mask = array(lay(picture, (64, 64), mask=square_mask()).mask)
    assert mask[2, 2] == mask[32, 32] == 255
    assert mask[60, 60] == 0
