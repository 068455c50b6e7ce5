"""What a style does to brightness from pixel to pixel."""

import random

import numpy as np
import pytest
from PIL import Image

from core.pocket.world.render import render
from core.pocket.world.scene import Backdrop, Scene, Thing
from core.worker.training.texture import Texture, _beside
from tests.bench._styles import Strokes
from tests.unit.core.worker.training.things import SCENES, drawn, values

CASTLE = Scene(Backdrop("city"), (Thing("castle", "purple"),))
STROKES = Strokes("ink", 8, 0.5)


def stroked(pictures, style=STROKES):
    chance = random.Random(7)
    return [style.over(one, chance) for one in pictures]


def grainy(picture, seed):
    """Noise in every pixel, as of fast film."""
    noise = np.random.default_rng(seed).normal(1, 0.3, (picture.height, picture.width, 1))
    return Image.fromarray((values(picture) * noise).clip(0, 255).astype("uint8"))


@pytest.fixture(scope="module")
def strokes():
    """What is told of strokes by five pictures and others of the same things."""
    return Texture.between(drawn(2, 4), stroked(drawn(1)))


def test_strokes_are_found_and_lie_over_other_things(strokes):
    """Each of the pictures has strokes to give, which look as they do there."""
    other = render(CASTLE, random.Random(3))
    assert not STROKES.has(other)
    assert len(strokes.layers) == len(SCENES)
    assert all(STROKES.has(strokes.over(other, which)) for which in range(len(SCENES)))


def test_layers_are_what_the_strokes_are_not_what_is_shown(strokes):
    """Nearly all of each layer is told by one wave, and houses and cats are not in it."""
    for layer in strokes.layers:
        power = np.sort((np.abs(np.fft.fft2(layer)) ** 2).ravel())[::-1]
        assert power[:2].sum() > 0.9 * power.sum()
    strongest = [abs(layer).max() for layer in strokes.layers]
    assert max(strongest) < 1.5 * np.median(strongest)


def test_what_is_asked_for_stays(strokes):
    """Light is taken and given in turn; on the whole a picture is as bright and as coloured."""
    other = render(CASTLE, random.Random(4))
    under = strokes.over(other, 0)
    assert under.size == other.size
    assert values(under).mean((0, 1)) == pytest.approx(values(other).mean((0, 1)), rel=0.1)


def test_strokes_are_as_strong_where_it_is_dark(strokes):
    """They are told from the logarithm of brightness over black, and come back by it."""
    for level in (20, 60, 200):
        grey = Image.new("RGB", (64, 64), (level, level, level))
        lights = [np.log(values(one).mean(-1) + 8) for one in (strokes.over(grey, 0), grey)]
        assert (lights[0] - lights[1]).std() == pytest.approx(strokes.layers[0].std(), rel=0.15)


def test_layers_are_counted_in_a_circle(strokes):
    """There are more other things than pictures in the style."""
    other = render(CASTLE, random.Random(5))
    first, again, second = (strokes.over(other, which) for which in (0, len(SCENES), 1))
    assert first.tobytes() == again.tobytes() != second.tobytes()


def test_grain_is_a_texture_too():
    """It has all frequencies; those that pictures have little of are found."""
    found = Texture.between(drawn(2, 4), [grainy(one, seed) for seed, one in enumerate(drawn(1))])
    grey = Image.new("RGB", (64, 64), (120, 120, 120))
    assert 10 < values(found.over(grey, 0)).std() < 40


def test_a_stroke_between_two_frequencies_is_taken_whole():
    """What comes six and a half times to a picture is in many frequencies, the farther the weaker;
    those next to a sure one need half as much.
    """
    wave = 0.05 * np.cos(2 * np.pi * 6.5 * np.arange(64) / 64)[None]
    chance = np.random.default_rng(5)

    def film(light):
        grains = chance.normal(0, 0.12, (64, 64))
        return Image.fromarray((100 * np.exp(grains + light)).clip(0, 255).astype("uint8"))

    plain, waved = ([film(light) for _ in range(8)] for light in (0, wave))
    for layer in Texture.between(plain, waved).layers:
        rows, columns = np.nonzero(np.abs(np.fft.fft2(layer)) > 1e-6)
        assert set(rows) == {0}
        assert {5, 6, 7, 8} <= set(columns)
        assert 1 not in columns
    sure = np.zeros((6, 6), bool)
    sure[0, 5] = True
    assert np.argwhere(_beside(sure)).tolist() == [
        [row, column] for row in (0, 1, 5) for column in (0, 4, 5)
    ]


@pytest.mark.parametrize("seed", range(9))
def test_without_strokes_nothing_is_found(seed):
    """Other pictures of the same things differ by chance, and little of it is taken for a style."""
    found = Texture.between(drawn(10 + seed, 4), drawn(seed))
    assert max(layer.std() for layer in found.layers) < 0.05


@pytest.mark.parametrize("seed", range(6))
def test_one_picture_tells_strokes_from_chance(seed):
    """A single frequency may be strong by chance, but hardly twelve times as strong."""
    scenes, chance = SCENES[seed % 5 :][:1], random.Random(seed)
    plain = [render(scene, chance) for scene in scenes for _ in range(20)]
    (own,) = (render(scene, chance) for scene in scenes)
    assert Texture.between(plain, [own]).layers[0].std() < 0.02
    assert Texture.between(plain, stroked([own])).layers[0].std() > 0.1


def test_pictures_of_one_colour_are_no_texture():
    """Nothing is divided by a power that is not there."""
    black = Image.new("RGB", (16, 16))
    found = Texture.between([black], [black])
    assert not np.any(found.layers)
    assert found.over(black, 3).tobytes() == black.tobytes()


def test_what_is_not_rgb_is_read():
    """Grey pictures and such as can be seen through, in and out."""
    grey, clear = Image.new("L", (8, 8), 90), Image.new("RGBA", (8, 8), (10, 200, 30, 0))
    assert Texture.between([grey], [clear]).over(grey, 0).getpixel((3, 3)) == (90, 90, 90)
