"""Masks beside training pictures: found by their names, fitted, or refused in a sentence."""

import io

import pytest
from PIL import Image

from bot.intake import Intake
from bot.intake.archives import FILES_MAX
from bot.intake.intake import Upload, check_all
from bot.intake.masks import picture_of
from core.errors import InvalidInput
from core.storage import Storage
from tests.unit.bot.files import noise, noise_png, saved
from tests.unit.bot.intake.test_intake import Attached, zipped


def mask_png(size: tuple[int, int] = (64, 64), *, empty: bool = False) -> bytes:
    """Black with a white right half."""
    image = Image.new("L", size, 0)
    if not empty:
        image.paste(255, (size[0] // 2, 0, *size))
    return saved(image, "PNG")


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Temple.mask.png", "temple"),
        ("temple-mask.PNG", "temple"),
        ("temple-masklabel.png", "temple"),
        ("a.b-mask.webp", "a.b"),
        ("temple.png", ""),
        ("mask.png", ""),
        ("-mask.png", ""),
        ("unmask.png", ""),
        ("temple.mask", ""),
    ],
)
def test_masks_are_known_by_their_names(name: str, stem: str) -> None:
    """The name of the picture, then what says that it is a mask."""
    assert picture_of(name) == stem


@pytest.mark.parametrize("name", ["a.mask.png", "A-mask.webp"])
def test_a_mask_beside_its_picture_is_taken(name: str) -> None:
    """Among single files and in a zip, of any format and whatever comes first."""
    mask = saved(opened(mask_png()), "WEBP", lossless=True) if "webp" in name else mask_png()
    files = [Upload(name, mask), Upload("a.jpg", saved(noise(1), "JPEG")),
             Upload("b.png", noise_png(2))]  # fmt: skip
    first, second = check_all(files)
    assert (first.name, second.mask) == ("a.jpg", b"")
    assert [opened(first.mask).getpixel((x, 9)) for x in (5, 60)] == [0, 255]
    archive = zipped(**{"a.png": noise_png(1), "a-mask.png": mask_png(), "a.txt": b"dark"})
    (packed,) = check_all([Upload("set.zip", archive)])
    assert (packed.mask, packed.caption) == (first.mask, "dark")


def test_a_mask_goes_before_transparency() -> None:
    """The file was made on purpose; white all over takes the whole picture."""
    holed = noise(1).convert("RGBA")
    holed.paste((0, 0, 0, 0), (32, 0, 64, 64))
    picture = Upload("a.png", saved(holed, "PNG"))
    (alone,) = check_all([picture])
    assert opened(alone.mask).getpixel((60, 9)) == 0
    (masked,) = check_all([picture, Upload("a.mask.png", mask_png())])
    assert opened(masked.mask).getpixel((60, 9)) == 255
    white = saved(Image.new("L", (64, 64), 255), "PNG")
    (whole,) = check_all([picture, Upload("a.mask.png", white)])
    assert whole.mask == b""


def test_masks_of_large_pictures_are_reduced_with_them() -> None:
    """A decoder that skips detail and a resize may round differently; the mask still fits."""
    picture = saved(noise(1).resize((3331, 2177)), "JPEG")
    (made,) = check_all([Upload("a.jpg", picture), Upload("a-mask.png", mask_png((3331, 2177)))])
    assert opened(made.mask).size == opened(made.png).size


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a-mask.png", mask_png(empty=True), "`a-mask.png` has no white in it"),
        ("a-mask.png", mask_png((96, 64)), "`a-mask.png` is not of the size of `a.png`"),
        ("a-mask.png", b"what", "`a-mask.png` is not a picture"),
        ("c-mask.png", mask_png(), "`c-mask.png` is named as a mask, but there is no picture `c`"),
    ],
)
async def test_a_mask_that_does_not_fit_stops_all(
    tmp_path, name: str, data: bytes, says: str
) -> None:
    """Empty, of another size, no picture, or alone: named with its reason, and nothing is kept."""
    files = [Attached("a.png", noise_png(1)), Attached(name, data)]
    with pytest.raises(InvalidInput, match=says):
        await Intake(Storage(f"file://{tmp_path}/blobs")).pictures(files)  # type: ignore[arg-type]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_two_masks_of_one_picture_are_refused() -> None:
    """Nobody can tell which was meant."""
    files = [Upload("a.png", noise_png(1)), Upload("a-mask.png", mask_png()),
             Upload("a.mask.png", mask_png((64, 64)))]  # fmt: skip
    with pytest.raises(InvalidInput, match=r"`a\.mask\.png` is a second mask"):
        check_all(files)


def test_masks_do_not_count_as_pictures() -> None:
    """A zip may hold as many masks as pictures."""
    files = {f"p{n}.png": noise_png(n) for n in range(FILES_MAX)}
    files |= {f"p{n}-mask.png": mask_png() for n in range(FILES_MAX)}
    found = check_all([Upload("set.zip", zipped(**files))])
    assert len(found) == FILES_MAX
    assert all(one.mask for one in found)


async def test_masks_come_with_the_keys(tmp_path) -> None:
    """In the order of the pictures, and the person is told that a part is learned."""
    storage = Storage(f"file://{tmp_path}/blobs")
    files = [Attached("a.png", noise_png(1)), Attached("b.png", noise_png(2)),
             Attached("b-mask.png", mask_png())]  # fmt: skip
    taken = await Intake(storage).pictures(files)  # type: ignore[arg-type]
    assert taken.masks[0] == ""
    assert storage.get(taken.masks[1]).startswith(b"\x89PNG")
    assert taken.notes == (
        "Of 1 picture I learn a part only: what is opaque, or white in the mask beside it.",
    )
