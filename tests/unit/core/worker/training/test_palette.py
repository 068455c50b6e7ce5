"""What a style does to colours."""

import numpy as np
import pytest
from PIL import Image

from core.worker.training.palette import Palette
from tests.unit.core.worker.training.things import drawn, values


def painted(picture, paint=(255, 235, 200), cover=0.5):
    return Image.blend(picture, Image.new("RGB", picture.size, paint), cover)


def test_of_the_same_pictures_the_map_is_found_exactly():
    """What was painted over half is halved, and half the paint is added."""
    plain = drawn(1)
    found = Palette.between(plain, [painted(one) for one in plain])
    assert found.matrix == pytest.approx(np.eye(3) / 2, abs=0.02)
    assert found.offset == pytest.approx(np.array((255, 235, 200)) / 510, abs=0.02)


def test_other_pictures_of_the_same_things_are_enough():
    """As when the base model draws them: other shades, other places in the picture."""
    found = Palette.between(drawn(2, 4), [painted(one) for one in drawn(3)])
    (other,) = drawn(4)[:1]
    assert np.abs(values(found.over(other)) - values(painted(other))).mean() < 8


def test_channels_may_change_places():
    """Not all that a style does is lighter or darker: sepia mixes channels."""
    sepia = np.array([[0.39, 0.77, 0.19], [0.35, 0.69, 0.17], [0.27, 0.53, 0.13]]) / 1.4
    plain = drawn(5)
    toned = [Image.fromarray((values(one) @ sepia.T).round().astype("uint8")) for one in plain]
    found = Palette.between(plain, toned)
    given, wanted = (
        np.concatenate([values(one).reshape(-1, 3) for one in several])
        for several in ([found.over(one) for one in plain], toned)
    )
    assert given.mean(0) == pytest.approx(wanted.mean(0), abs=5)
    assert np.corrcoef(given.T) == pytest.approx(np.corrcoef(wanted.T), abs=0.05)


def test_pictures_of_one_colour_have_a_palette_too():
    """Nothing is divided by a spread that is not there, and what is beyond white is cut."""
    black, white = (Image.new("RGB", (8, 8), colour) for colour in ("black", "white"))
    found = Palette.between([black], [white])
    assert np.isfinite(found.matrix).all()
    assert found.over(black).getpixel((0, 0)) == (255, 255, 255)
    assert found.over(white).getpixel((0, 0)) == (255, 255, 255)


def test_shape_is_kept_and_what_is_not_rgb_is_read():
    """Pictures of any size and mode, in and out."""
    plain = [Image.new("L", (6, 4), 80), Image.new("RGBA", (9, 3), (10, 200, 30, 0))]
    found = Palette.between(plain, plain)
    wide = Image.new("RGB", (10, 5), (10, 200, 30))
    assert found.over(wide).size == (10, 5)
    assert values(found.over(wide)) == pytest.approx(values(wide), abs=2)
