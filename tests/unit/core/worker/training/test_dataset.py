"""Pictures as training rows."""

import pytest
import torch
from PIL import Image, ImageOps

from core.errors import InvalidInput
from core.worker import latents
from core.worker.imagine import png
from core.worker.training.dataset import encode_both_ways, open_pictures, squared

WIDE = Image.linear_gradient("L").resize((96, 64)).convert("RGB")


def test_rows_are_the_pictures_and_then_their_mirror_images(base):
    """Row i + count shows picture i the other way round."""
    arrow = Image.new("RGB", (64, 64), "white")
    arrow.paste("red", (0, 20, 30, 40))
    rows = encode_both_ways(base, [arrow, WIDE])
    assert rows.shape == (4, 4, 16, 16)
    assert torch.equal(rows[:1], latents.encode(base, [arrow]))
    assert torch.equal(rows[2:3], latents.encode(base, [ImageOps.mirror(arrow)]))
    assert torch.equal(encode_both_ways(base, [arrow, WIDE], flips=False), rows[:2])


def test_middle_square_is_taken():
    """A wide picture loses its sides, nothing is squeezed, and a fitting one stays as it is."""
    picture = Image.new("RGB", (200, 100), "blue")
    picture.paste("white", (60, 10, 140, 90))
    middle = squared(picture, 64)
    assert middle.size == (64, 64)
    assert middle.crop((12, 12, 52, 52)).getcolors() == [(40 * 40, (255, 255, 255))]
    assert all(middle.getpixel(at) == (0, 0, 255) for at in ((1, 32), (62, 32), (32, 1), (32, 62)))
    square = Image.new("RGB", (64, 64))
    assert squared(square, 64) is square


def test_unreadable_picture_is_named(storage):
    """The sentence says which one to send again."""
    keys = [storage.put(png(WIDE)), storage.put(b"no picture")]
    with pytest.raises(InvalidInput, match="Training picture 2 cannot be read"):
        open_pictures(storage, keys)
