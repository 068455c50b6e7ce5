"""Pictures that the bot draws."""

import io

import pytest
from PIL import Image

from bot.ui import grid
from bot.ui.grid import GAP_PX, LABEL_PX, TILE_MIN_PX, Strip, Tile, result, strips
from tests.unit.bot.files import noise, noise_png, saved


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def tiles(count: int, side: int = 64) -> list[Tile]:
    return [Tile(noise_png(n, side), f"seed {n}", n + 1) for n in range(count)]


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 2, 2)])
def test_small_pictures_are_shown_large(count: int, columns: int, rows: int) -> None:
    """64-px pictures become tiles of a whole multiple, at least as large as the minimum."""
    image = opened(result(tiles(count), "a").data)
    side = 64 * -(-TILE_MIN_PX // 64)
    assert image.width == columns * (side + GAP_PX) + GAP_PX
    assert image.height == rows * (side + LABEL_PX + GAP_PX) + GAP_PX


def test_every_tile_is_where_its_number_says() -> None:
    """The middle of tile 3 is the middle of picture 3."""
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]
    flat = [Tile(saved(Image.new("RGB", (64, 64), c), "PNG"), "", i) for i, c in enumerate(colours)]
    image = opened(result(flat, "a").data)
    step = TILE_MIN_PX + GAP_PX
    for index, colour in enumerate(colours):
        x = GAP_PX + index % 2 * step + 100
        y = GAP_PX + index // 2 * (step + LABEL_PX) + 100
        assert image.getpixel((x, y)) == colour


def test_the_label_is_drawn_below_its_tile() -> None:
    """Different seeds leave different pixels below the same picture."""
    one = opened(result([Tile(noise_png(1), "seed 1")], "a").data)
    other = opened(result([Tile(noise_png(1), "seed 2")], "a").data)
    line = (0, one.height - LABEL_PX - GAP_PX, one.width, one.height)
    above = (0, 0, one.width, one.height - LABEL_PX - GAP_PX)
    assert one.crop(above).tobytes() == other.crop(above).tobytes()
    assert one.crop(line).tobytes() != other.crop(line).tobytes()


def test_large_pictures_are_bounded() -> None:
    """Four pictures of 1100 px fit one sheet of bounded size."""
    big = [Tile(saved(Image.new("RGB", (1100, 1100), "teal"), "PNG"), "", n) for n in range(4)]
    image = opened(result(big, "a").data)
    assert max(image.size) <= grid.SHEET_MAX_PX + 3 * GAP_PX + 2 * LABEL_PX


def test_what_would_be_too_big_a_file_becomes_a_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise does not compress; the file still fits a message."""
    monkeypatch.setattr(grid, "FILE_MAX_BYTES", 150_000)
    wild = Image.effect_noise((512, 512), 100).convert("RGB")
    blob = grid.encoded(wild, "a")
    assert blob.name == "a.jpg"
    assert blob.data.startswith(b"\xff\xd8")
    assert grid.encoded(noise(1), "a").name == "a.png"


def test_shapes_other_than_square_keep_their_shape() -> None:
    """A wide picture is scaled without being squeezed."""
    wide = saved(Image.new("RGB", (96, 48), "red"), "PNG")
    image = opened(grid.enlarged(wide, "a").data)
    assert image.width == 2 * image.height
    assert image.width >= TILE_MIN_PX


def test_a_sheet_has_a_row_for_each_strip_that_holds_pictures() -> None:
    """Empty strips leave no gap."""
    row = tuple(noise_png(n) for n in range(3))
    one = opened(strips([Strip("a", row)], "s").data)
    two = opened(strips([Strip("a", row), Strip("none", ()), Strip("b", row[:1])], "s").data)
    assert two.width == one.width
    assert two.height - one.height == 160 + LABEL_PX + 2 * GAP_PX
