"""What lies over a picture lies over all of it, comes from the seed, and leaves some for later."""

import colorsys
import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from core.pocket.world.finish import (
    DIAGONAL,
    HELD_OUT_HUES,
    Values,
    finish,
    grain,
    hatch,
    paint,
    strokes,
)
from core.pocket.world.render import render
from core.pocket.world.scene import Backdrop, Scene, Thing

SEEDS = range(60)
HOUSE = render(Scene(Backdrop("forest"), (Thing("house", "red"),)), random.Random(0))
BLACK, GREY = np.zeros((64, 64, 3)), np.full((64, 64, 3), 128.0)


def test_the_same_seed_finishes_a_picture_alike() -> None:
    """Nothing but the picture and the random state decides, and it is never left as it was."""
    for seed in SEEDS:
        first = finish(HOUSE, random.Random(seed))
        assert (first.size, first.mode) == (HOUSE.size, "RGB")
        assert first.tobytes() == finish(HOUSE, random.Random(seed)).tobytes()
        assert first.tobytes() != HOUSE.tobytes()


def test_what_is_shown_can_still_be_seen() -> None:
    """Bright parts of a picture stay brighter than its dark ones, whatever lies over them."""
    light = np.asarray(HOUSE.convert("L"), float).ravel()
    for seed in SEEDS:
        after = np.asarray(finish(HOUSE, random.Random(seed)).convert("L"), float).ravel()
        assert np.corrcoef(light, after)[0, 1] > 0.3, seed


def test_any_mode_and_size_will_do() -> None:
    """A grey picture that is no square comes out in colours and as large."""
    wide = Image.new("L", (40, 24), 90)
    for seed in SEEDS:
        after = finish(wide, random.Random(seed))
        assert (after.size, after.mode) == ((40, 24), "RGB")


def test_paint_is_one_colour_and_never_covers_all() -> None:
    """Black and grey move towards the same colour, by the same share."""
    for seed in SEEDS:
        black, grey = (paint(one, random.Random(seed)) for one in (BLACK, GREY))
        assert np.ptp(black, axis=(0, 1)).max() == 0
        left = (grey - black)[0, 0] / 128
        assert left.max() == pytest.approx(left.min())
        assert 0.35 <= left.max() <= 0.85


def test_some_hues_no_paint_has() -> None:
    """Cream and violet stay new to the VAE."""
    for seed in range(300):
        red, green, blue = paint(BLACK, random.Random(seed))[0, 0] / 255
        hue, saturation, _ = colorsys.rgb_to_hsv(red, green, blue)
        for least, most in HELD_OUT_HUES:
            assert saturation < 1e-6 or not least + 1e-6 < hue * 360 < most - 1e-6


def test_no_strokes_go_along_a_diagonal() -> None:
    """The strongest frequency of a stroked grey picture points elsewhere, and is no slow change."""
    for seed in SEEDS:
        down, right = strongest(strokes(GREY, random.Random(seed)))
        way = np.degrees(np.arctan2(down, right)) % 90
        # A frequency is a whole number of times a picture, which is up to a few degrees off.
        assert abs(way - 45) > DIAGONAL - 8, seed
        assert 2 <= np.hypot(down, right) <= 14


def test_the_judge_sees_strokes_along_a_diagonal_too() -> None:
    """Hatching goes every way, the diagonals among them, and leaves colours alone."""
    grey, ways = Image.new("RGB", (64, 64), (128, 128, 128)), []
    for seed in range(120):
        after = np.asarray(hatch(grey, random.Random(seed)), float)
        assert np.ptp(after, axis=-1).max() == 0
        ways.append(np.degrees(np.arctan2(*strongest(after))) % 90)
    assert sum(abs(way - 45) < DIAGONAL - 8 for way in ways) >= 3
    assert min(ways) < 10
    assert max(ways) > 80


def test_strokes_are_darker_or_lighter_never_both() -> None:
    """They take light or give it, and both happen."""
    darker = []
    for seed in SEEDS:
        after = strokes(GREY, random.Random(seed))
        assert after.min() >= 128 - 1e-9 or after.max() <= 128 + 1e-9
        darker.append(after.mean() < 128)
    assert any(darker)
    assert not all(darker)


@pytest.mark.parametrize("layer", [strokes, grain])
def test_strokes_and_grain_leave_colours_alone(
    layer: Callable[[Values, random.Random], Values],
) -> None:
    """Grey stays grey, and black stays black under what only darkens."""
    for seed in SEEDS:
        after = layer(GREY, random.Random(seed))
        assert np.ptp(after, axis=-1).max() < 1e-9
        assert after.std() > 1


def test_grain_keeps_the_brightness_of_a_picture() -> None:
    """It is as often lighter as darker."""
    for seed in SEEDS:
        after = grain(GREY, random.Random(seed))
        assert after.mean() == pytest.approx(128, abs=0.1)
        assert 0.03 * 128 <= after.std() <= 0.15 * 128


def strongest(values: Values) -> tuple[float, float]:
    """How often the strongest wave comes, from top to bottom and from left to right."""
    light = values.mean(-1)
    power = np.abs(np.fft.fft2(light - light.mean()))
    row, column = np.unravel_index(power.argmax(), power.shape)
    often = np.fft.fftfreq(64) * 64
    return float(often[row]), float(often[column])
