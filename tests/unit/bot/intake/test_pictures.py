"""Uploaded pictures: what is taken, how it is cleaned, what is refused and why."""

import contextlib
import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from bot.intake import pictures
from bot.intake.pictures import Refused, alike, check, check_ground, check_mask
from tests.unit.bot.files import noise, noise_png, saved


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def close_to(pixel: tuple[int, ...], wanted: tuple[int, int, int], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(pixel, wanted, strict=True))


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    head = b"\x89PNG\r\n\x1a\n"
    return head + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "AVIF"])
def test_every_format_becomes_an_rgb_png_of_the_same_size(kind: str) -> None:
    """What is stored is a PNG in RGB, whatever was uploaded."""
    picture = check("a.xyz", saved(noise(1, 96), kind))
    image = opened(picture.png)
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (96, 96))


def test_a_wrong_extension_does_not_matter() -> None:
    """A JPEG that is called .png is a picture all the same."""
    assert check("really.png", saved(noise(1), "JPEG")).png.startswith(b"\x89PNG")


def test_exif_orientation_is_applied_and_metadata_is_gone() -> None:
    """A phone's sideways photo is stored upright, without its place and time."""
    image = Image.new("RGB", (80, 40), "black")
    image.paste("red", (0, 0, 20, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "secret place"
    data = saved(image, "JPEG", exif=exif.tobytes(), comment=b"secret comment", quality=95)
    assert b"secret" in data
    picture = check("photo.jpg", data)
    upright = opened(picture.png)
    assert upright.size == (40, 80)
    assert close_to(upright.getpixel((20, 5)), (254, 0, 0))
    assert b"secret" not in picture.png
    assert not upright.getexif()


def test_png_text_and_colour_profile_are_gone() -> None:
    """Text chunks and profiles do not reach storage."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "a secret name", zip=False)
    data = saved(noise(2), "PNG", pnginfo=info, icc_profile=b"secret profile" * 20)
    stored = check("a.png", data).png
    assert b"secret" not in stored
    assert not opened(stored).info


def test_transparent_parts_become_white() -> None:
    """Alpha is laid on white, in RGBA and in palettes alike."""
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 32, 64))
    for data in (saved(clear, "PNG"), saved(clear, "GIF"), saved(clear.convert("LA"), "PNG")):
        assert opened(check("a", data).png).getpixel((50, 30)) == (255, 255, 255)
    assert opened(check("a", saved(clear, "PNG")).png).getpixel((10, 30)) == (0, 0, 255)


def test_cmyk_keeps_its_colours() -> None:
    """A print shop's JPEG in CMYK comes out in the colour that it shows."""
    data = saved(Image.new("RGB", (64, 64), (200, 30, 30)).convert("CMYK"), "JPEG", quality=95)
    pixel = opened(check("print.jpg", data).png).getpixel((30, 30))
    assert close_to(pixel, (200, 30, 30))


def test_sixteen_bits_of_grey_are_not_clipped() -> None:
    """Half of white stays grey."""
    image = Image.new("I;16", (64, 64), 32768)
    assert close_to(opened(check("scan.png", saved(image, "PNG")).png).getpixel((5, 5)), (127,) * 3)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    """An animated GIF teaches with its first frame."""
    red, blue = Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue")
    for kind in ("GIF", "PNG", "WEBP"):
        data = saved(red, kind, save_all=True, append_images=[blue], duration=50, loop=0)
        assert close_to(opened(check("a", data).png).getpixel((9, 9)), (255, 0, 0), by=4)


def test_a_large_picture_is_reduced() -> None:
    """More pixels than any base model looks at are not stored."""
    image = opened(check("big.jpg", saved(Image.new("RGB", (4000, 2000), "green"), "JPEG")).png)
    assert image.size == (pictures.SIDE_MAX_PX, pictures.SIDE_MAX_PX // 2)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture that I can read"),
        (b"MZ\x90\x00" + b"\0" * 200, "not a picture that I can read"),
        (noise_png(1)[:200], "not a picture that I can read"),
        (saved(noise(1), "JPEG")[:400], "not a picture that I can read"),
        (saved(noise(1), "WEBP")[:100], "not a picture that I can read"),
        (saved(noise(1, 20), "PNG"), "20 × 20 pixels"),
        (saved(noise(1), "PNG")[:8] + b"\0" * 64, "not a picture that I can read"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 64, "HEIC"),
        (png_that_claims(60_000, 60_000), "million pixels"),
        (png_that_claims(20_000, 20_000), "million pixels"),
        (png_that_claims(9_000, 9_000), "million pixels"),
        (png_that_claims(6_000, 6_000), "not a picture that I can read"),
        (b"x" * (pictures.BYTES_MAX + 1), "larger than"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    """Damaged, tiny, huge, foreign: each gets its own sentence."""
    with pytest.raises(Refused, match=reason):
        check("file", data)


def test_every_damage_is_refused_and_never_a_crash() -> None:
    """Cutting or flipping bytes anywhere gives a picture or a refusal, nothing else."""
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP"):
        whole = saved(noise(3), kind)
        for place in range(4, len(whole), max(1, len(whole) // 40)):
            flipped = bytearray(whole)
            flipped[place] ^= 0xFF
            for data in (whole[:place], bytes(flipped)):
                with contextlib.suppress(Refused):
                    check("file", data)


def test_the_same_pixels_have_the_same_digest() -> None:
    """A copy in another format is still a copy."""
    one, other = check("a.png", saved(noise(4), "PNG")), check("b.bmp", saved(noise(4), "BMP"))
    assert one.digest == other.digest
    assert check("c.png", noise_png(5)).digest != one.digest


def test_copies_that_were_encoded_again_are_alike() -> None:
    """A JPEG or a smaller version of a picture shows the same; another picture does not."""
    one = check("a.png", noise_png(6, 256))
    assert alike(one, check("b.jpg", saved(noise(6, 256), "JPEG", quality=90)))
    assert alike(one, check("c.png", saved(noise(6, 256).resize((128, 128)), "PNG")))
    assert not alike(one, check("d.png", noise_png(7, 256)))


def test_transparency_is_kept_where_a_picture_is_to_be_changed() -> None:
    """Only real transparency counts; a picture without is plain RGB, upright and bounded."""
    holed = noise(1).convert("RGBA")
    holed.paste((0, 0, 0, 0), (8, 8, 24, 24))
    png, transparent = check_ground(saved(holed, "PNG"))
    assert transparent
    assert opened(png).mode == "RGBA"
    assert opened(png).getpixel((10, 10))[3] == 0
    assert opened(png).getpixel((40, 40))[3] == 255
    png, transparent = check_ground(saved(noise(1).convert("RGBA"), "WEBP", lossless=True))
    assert (opened(png).mode, transparent) == ("RGB", False)
    png, _ = check_ground(saved(Image.new("RGBA", (3000, 1500), (1, 2, 3, 99)), "PNG"))
    assert opened(png).size == (1536, 768)


def test_a_mask_is_grey_and_has_white_in_it() -> None:
    """White strokes on black or on nothing; a mask that changes nothing is refused."""
    strokes = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    strokes.paste("white", (10, 10, 20, 20))
    for data in (saved(strokes, "PNG"), saved(strokes.convert("RGB"), "JPEG", quality=95)):
        mask = opened(check_mask(data))
        assert mask.mode == "L"
        assert mask.getpixel((15, 15)) > 240
        assert mask.getpixel((50, 50)) < 20
    with pytest.raises(Refused, match="no white in it"):
        check_mask(saved(Image.new("L", (64, 64), 60), "PNG"))


@pytest.mark.parametrize("check_one", [check_ground, check_mask])
def test_what_is_no_picture_is_no_ground_either(check_one: Any) -> None:
    """Damaged, tiny, huge: refused as everywhere."""
    for data, words in (
        (b"hello", "not a picture"),
        (saved(noise(1, 16), "PNG"), "16 × 16"),
        (png_that_claims(60_000, 60_000), "million pixels"),
        (b"x" * (pictures.BYTES_MAX + 1), "larger than"),
    ):
        with pytest.raises(Refused, match=words):
            check_one(data)


def test_what_is_opaque_is_learned() -> None:
    """Transparency becomes a mask of the picture's size; where there is none, there is no mask."""
    holed = Image.new("RGBA", (2000, 1000), (200, 0, 0, 255))
    holed.paste((0, 0, 0, 0), (0, 0, 1000, 1000))
    picture = check("a.png", saved(holed, "PNG"))
    mask = opened(picture.mask)
    assert (mask.mode, mask.size) == ("L", opened(picture.png).size)
    assert (mask.getpixel((100, 300)), mask.getpixel((1400, 300))) == (0, 255)
    assert opened(picture.png).getpixel((100, 300)) == (255, 255, 255)
    assert check("a.png", saved(noise(1).convert("RGBA"), "PNG")).mask == b""
    assert check("a.jpg", saved(noise(1), "JPEG")).mask == b""


def test_a_picture_that_cannot_be_seen_is_refused() -> None:
    """Transparent all over, or nearly so: there is nothing to learn."""
    for alpha in (0, 100):
        ghost = Image.new("RGBA", (64, 64), (200, 0, 0, alpha))
        with pytest.raises(Refused, match="is transparent all over"):
            check("a.png", saved(ghost, "PNG"))
