"""Pictures as training rows."""

import pytest
import torch
from PIL import Image, ImageOps

from core.domain.recipes import Recipe
from core.errors import InvalidInput
from core.worker import latents
from core.worker.imagine import png
from core.worker.training.dataset import (
    Example,
    encode_buckets,
    encode_whole,
    open_examples,
    open_pictures,
    squared,
)

SQUARE = Image.radial_gradient("L").resize((64, 64)).convert("RGB")
WIDE = Image.linear_gradient("L").resize((96, 64)).convert("RGB")


def test_rows_are_the_pictures_and_then_their_mirror_images(base):
    """Row i + count shows picture i the other way round."""
    arrow = Image.new("RGB", (64, 64), "white")
    arrow.paste("red", (0, 20, 30, 40))
    rows = encode_whole(base, [arrow, WIDE]).clean
    assert rows.shape == (4, 4, 16, 16)
    assert torch.equal(rows[:1], latents.encode(base, [arrow]))
    assert torch.equal(rows[2:3], latents.encode(base, [ImageOps.mirror(arrow)]))
    assert torch.equal(encode_whole(base, [arrow, WIDE], flips=False).clean, rows[:2])


@pytest.mark.parametrize("flips", [True, False])
def test_pictures_that_are_shown_often_are_encoded_once(base, flips):
    """Bit for bit the rows that come out where they are given so many times."""
    recipe = Recipe(flips=flips, mask_floor=0)
    own = [Example(SQUARE), Example(WIDE), Example(ImageOps.invert(SQUARE), half((64, 64)))]
    beside = [Example(ImageOps.invert(WIDE)), Example(ImageOps.mirror(SQUARE))]
    once = [one.repeated(3, 2) for one in encode_buckets(base, [*own, *beside], recipe)]
    often = encode_buckets(base, [*own * 2, *beside], recipe)
    picture = (0, 1, 2, 0, 1, 2, 3, 4)
    for short, long in zip(once, often, strict=True):
        assert short.of == tuple(picture[index] for index in long.of)
        assert torch.equal(short.views.clean, long.views.clean)
        cells = [one.views.cells for one in (short, long)]
        assert cells == [None, None] or torch.equal(*cells)


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


def half(size, *, right=False):
    """A mask of the left or right half."""
    mask = Image.new("L", size, 0)
    mask.paste(255, (size[0] // 2, 0, *size) if right else (0, 0, size[0] // 2, size[1]))
    return mask


def test_pictures_go_to_the_bucket_of_their_shape(base):
    """Each once and once mirrored, and found again in the order in which they were given."""
    tall = WIDE.transpose(Image.Transpose.ROTATE_90)
    examples = [Example(picture) for picture in (WIDE, SQUARE, tall, ImageOps.mirror(WIDE))]
    buckets = encode_buckets(base, examples, Recipe())
    assert [one.of for one in buckets] == [(0, 3), (1,), (2,)]
    assert [tuple(one.views.clean.shape) for one in buckets] == [
        (4, 4, 12, 20), (2, 4, 16, 16), (2, 4, 20, 12),
    ]  # fmt: skip
    assert torch.equal(buckets[0].views.clean[1], buckets[0].views.clean[2])
    rows = {index: one.views.clean[row] for one in buckets for row, index in enumerate(one.of)}
    sides = [rows[index].shape[1:] for index in range(4)]
    assert sides == [(12, 20), (16, 16), (20, 12), (12, 20)]
    assert torch.equal(rows[3], buckets[0].views.clean[1])
    assert all(one.views.cells is None and one.views.sizes is None for one in buckets)


def test_buckets_can_be_left_out(base):
    """Then every picture is its middle square, as before there were any."""
    (only,) = encode_buckets(base, [Example(WIDE), Example(SQUARE)], Recipe(buckets=False))
    assert torch.equal(only.views.clean[:1], latents.encode(base, [squared(WIDE, 64)]))
    assert torch.equal(only.views.clean, encode_whole(base, [WIDE, SQUARE]).clean)


def test_masks_become_cells(base):
    """Marked ones count in full, others by the floor; mirrored with the picture; no mask, all."""
    recipe = Recipe(mask_floor=0.25)
    (only,) = encode_buckets(base, [Example(SQUARE, half((64, 64))), Example(SQUARE)], recipe)
    cells = only.views.cells
    assert cells.shape == (4, 1, 16, 16)
    assert (cells[0, ..., :8] == 1).all()
    assert (cells[0, ..., 8:] == 0.25).all()
    assert torch.equal(cells[2], cells[0].flip(-1))
    assert (cells[[1, 3]] == 1).all()
    for changes in ({"flips": False}, {"mask_floor": 1}):
        one = encode_buckets(base, [Example(SQUARE, half((64, 64)))], Recipe(**changes))[0].views
        assert one.cells is None if "mask_floor" in changes else len(one.cells) == 1


def test_mask_is_cut_like_its_picture(base):
    """What is marked at the end of a long picture is in its row."""
    long = Image.new("RGB", (300, 100), "white")
    mask = half((300, 100), right=True)
    (only,) = encode_buckets(base, [Example(long, mask)], Recipe(buckets=False, flips=False))
    assert only.views.cells.mean() == 1


def test_mask_of_nearly_nothing_is_named(base):
    """A dot that is lost between the cells leaves nothing to learn."""
    mask = Image.new("L", (640, 640), 0)
    mask.putpixel((5, 5), 255)
    dotted = Example(Image.new("RGB", (640, 640)), mask)
    with pytest.raises(InvalidInput, match="mask of training picture 2 marks too little"):
        encode_buckets(base, [Example(SQUARE), dotted], Recipe())


def test_pictures_and_masks_are_opened_together(storage):
    """Without masks, with some, and with one that is damaged."""
    key, mask = storage.put(png(WIDE)), storage.put(png(half((96, 64))))
    assert [each.mask for each in open_examples(storage, [key, key], ())] == [None, None]
    first, second = open_examples(storage, [key, key], ["", mask])
    assert first.mask is None
    assert second.mask.tobytes() == half((96, 64)).tobytes()
    assert second.picture.size == (96, 64)
    with pytest.raises(InvalidInput, match="mask of training picture 2 cannot be read"):
        open_examples(storage, [key, key], ["", storage.put(b"what")])
