"""Buckets: which sizes there are, which one a picture gets, and what is cut away."""

import math

import pytest
from PIL import Image

from core.worker.training.buckets import Cut, bucket_sizes, cut_for, nearest

BASES = [(64, 16), (512, 64), (768, 64), (1024, 64), (16, 4), (144, 4)]
"""Native sides and the least steps of models."""


@pytest.mark.parametrize(("native", "least"), BASES)
def test_buckets_have_about_the_native_area(native, least):
    """The square first; upright and lying ones; no side that the UNet could not halve."""
    sizes = bucket_sizes(native, least)
    assert sizes[0] == (native, native)
    assert len(set(sizes)) == len(sizes) >= 5
    assert {(high, wide) for wide, high in sizes} == set(sizes)
    for size in sizes:
        assert all(side % least == 0 and side <= 2 * native for side in size)
        assert 0.7 < math.prod(size) / native**2 < 1.4


def test_known_buckets_of_known_models():
    """64 px apart for large models, 16 px for the embedded one."""
    assert bucket_sizes(64, 16)[:3] == [(64, 64), (80, 48), (96, 48)]
    assert {(1152, 896), (1216, 832), (1344, 768), (1536, 704)} <= set(bucket_sizes(1024, 64))
    assert {(576, 448), (640, 384), (768, 320)} <= set(bucket_sizes(512, 64))


@pytest.mark.parametrize(
    ("size", "bucket"),
    [
        ((300, 300), (1024, 1024)),
        ((1000, 1030), (1024, 1024)),
        ((3000, 2000), (1280, 832)),
        ((2000, 3000), (832, 1280)),
        ((1920, 1080), (1344, 768)),
        ((9000, 500), (2048, 512)),
    ],
)
def test_picture_gets_the_likest_shape(size, bucket):
    """Whatever its number of pixels; what is too long gets the longest."""
    assert nearest(size, bucket_sizes(1024, 64)) == bucket


def test_no_bucket_would_keep_more_of_the_picture():
    """The nearest one is that of which least is cut, among those of either direction."""
    sizes = bucket_sizes(1024, 64)
    for source in ((640, 480), (800, 333), (500, 999), (1080, 1920)):
        kept = {
            size: min(1.0, size[0] / size[1] / (source[0] / source[1]))
            / max(1.0, size[0] / size[1] / (source[0] / source[1]))
            for size in sizes
        }
        assert kept[nearest(source, sizes)] == max(kept.values())


def test_nothing_is_squeezed_and_both_ends_lose_alike():
    """A square on a wide picture stays a square, in the middle."""
    picture = Image.new("RGB", (200, 100), "blue")
    picture.paste("white", (80, 30, 120, 70))
    made = Cut((200, 100), (96, 64)).of(picture)
    assert made.size == (96, 64)
    across = sum(made.getpixel((x, 32)) == (255, 255, 255) for x in range(96))
    down = sum(made.getpixel((48, y)) == (255, 255, 255) for y in range(64))
    assert abs(across - down) <= 1
    assert made.crop((0, 0, 10, 64)).getcolors() == [(640, (0, 0, 255))]
    same = Image.new("RGB", (96, 64))
    assert Cut((96, 64), (96, 64)).of(same) is same


def test_cut_goes_where_the_mask_is():
    """A thing at the end of a long picture stays in it, as far as there is picture."""
    mask = Image.new("L", (400, 100), 0)
    mask.paste(255, (380, 40, 400, 60))
    cut = cut_for((400, 100), (64, 64), mask)
    assert cut.centre == (1.0, 0.5)
    assert cut.cells(mask, 4).size == (16, 16)
    assert cut.cells(mask, 4).getpixel((15, 8)) > 200
    mask.paste(255, (100, 40, 110, 60))
    middle = cut_for((400, 100), (64, 64), mask)
    assert middle.centre[0] == pytest.approx((250 - 50) / 300)
    assert cut_for((400, 100), (64, 64)).centre == (0.5, 0.5)


def test_true_sizes_are_told():
    """Height before width: of the picture, of what is cut at its top and left, of the bucket."""
    assert Cut((1024, 1024), (1024, 1024)).told(mirrored=False) == [1024, 1024, 0, 0, 1024, 1024]
    assert Cut((3000, 2000), (1280, 832)).told(mirrored=False) == [2000, 3000, 11, 0, 832, 1280]
    end = Cut((400, 100), (64, 64), (1.0, 0.5))
    assert end.told(mirrored=False) == [100, 400, 0, 192, 64, 64]
    assert end.told(mirrored=True) == [100, 400, 0, 0, 64, 64]
