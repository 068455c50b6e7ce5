"""All uploads of one wish together: all or nothing, every file by its name."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.intake import Intake
from bot.intake.intake import PICTURES_MAX, Upload, check_all
from core.errors import InvalidInput
from core.storage import Storage
from tests.unit.bot.files import noise, noise_png, saved


@dataclass
class Attached:
    """What the intake uses of discord.py's attachment."""

    filename: str
    data: bytes
    duration: float | None = None
    stated_size: int | None = None
    asked_for: bool = False

    @property
    def size(self) -> int:
        return len(self.data) if self.stated_size is None else self.stated_size

    async def read(self) -> bytes:
        self.asked_for = True
        return self.data


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path}/blobs")


def blobs(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_pictures_and_zips_are_stored_together(storage: Storage) -> None:
    """Single files and what a zip holds end up in one list of keys."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as inside:
        inside.writestr("b.png", noise_png(2))
        inside.writestr("c.jpg", saved(noise(3), "JPEG"))
    taken = await Intake(storage).pictures(
        [Attached("a.png", noise_png(1)), Attached("more.zip", archive.getvalue())]  # type: ignore[list-item]
    )
    assert len(set(taken.keys)) == 3
    assert all(storage.get(key).startswith(b"\x89PNG") for key in taken.keys)
    assert taken.notes == ()


async def test_one_bad_file_stops_all_and_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    """Every bad file is named with its reason; nothing is written."""
    files = [
        Attached("good.png", noise_png(1)),
        Attached("notes.txt", b"hello"),
        Attached("tiny.png", noise_png(2, 16)),
        Attached("bad.zip", b"PK\x03\x04 nothing"),
    ]
    with pytest.raises(InvalidInput) as refusal:
        await Intake(storage).pictures(files)  # type: ignore[arg-type]
    text = str(refusal.value)
    assert "`notes.txt` has no picture of the same name" in text
    assert "`tiny.png` is 16 × 16 pixels" in text
    assert "`bad.zip` is a damaged zip" in text
    assert "good.png" not in text
    assert blobs(tmp_path) == []


def test_exact_copies_are_refused_by_both_names() -> None:
    """The person learns which two are the same."""
    files = [Upload("a.png", noise_png(1)), Upload("b.bmp", saved(noise(1), "BMP"))]
    with pytest.raises(InvalidInput, match=r"`b.bmp` is the same picture as `a.png`"):
        check_all(files)


async def test_near_copies_are_named_but_taken(storage: Storage) -> None:
    """Two shots that show the same teach little; that is said, not forbidden."""
    files = [
        Attached("a.png", noise_png(1, 256)),
        Attached("b.jpg", saved(noise(1, 256), "JPEG", quality=90)),
    ]
    taken = await Intake(storage).pictures(files)  # type: ignore[arg-type]
    assert len(taken.keys) == 2
    assert taken.notes == ("`a.png` and `b.jpg` look nearly the same; different views teach more.",)


def test_too_many_pictures_are_refused() -> None:
    """The limit is named."""
    files = [Upload(f"{index}.png", noise_png(index, 32)) for index in range(PICTURES_MAX + 1)]
    with pytest.raises(InvalidInput, match=f"more than {PICTURES_MAX}"):
        check_all(files)


def test_hostile_names_are_harmless_in_the_answer() -> None:
    """Backticks, line breaks and direction marks in a file's name cannot shape the answer."""
    with pytest.raises(InvalidInput) as refusal:
        check_all([Upload("`@everyone`\n# big\u202egnp.exe", b"")])
    line = str(refusal.value).splitlines()[-1]
    assert line.startswith("- `ˋ@everyoneˋ # biggnp.exe` is empty")


async def test_a_file_that_is_too_big_is_not_even_fetched(storage: Storage) -> None:
    """Discord states the size; nothing is downloaded for a refusal."""
    big = Attached("big.png", b"", stated_size=30_000_000)
    with pytest.raises(InvalidInput, match=r"`big.png` is larger than 25 MiB"):
        await Intake(storage).pictures([big])  # type: ignore[list-item]
    many = [Attached(f"{i}.png", b"", stated_size=24_000_000) for i in range(5)]
    with pytest.raises(InvalidInput, match="more than 100 MiB"):
        await Intake(storage).pictures(many)  # type: ignore[arg-type]
    assert not any(file.asked_for for file in (big, *many))


async def test_a_sound_is_stored_or_refused_by_name(storage: Storage, tmp_path: Path) -> None:
    """The bytes are kept as they came."""
    intake = Intake(storage)
    taken = await intake.sound(Attached("a.ogg", b"OggS sound", duration=2.0))  # type: ignore[arg-type]
    assert storage.get(taken.key) == b"OggS sound"
    before = blobs(tmp_path)
    with pytest.raises(InvalidInput, match=r"`long.ogg` is longer than"):
        await intake.sound(Attached("long.ogg", b"OggS", duration=90.0))  # type: ignore[arg-type]
    assert blobs(tmp_path) == before


async def test_a_ground_and_its_mask_are_stored_together(storage: Storage, tmp_path: Path) -> None:
    """Both or nothing; the one that cannot be used is named."""
    image, mask = Attached("a.png", noise_png(1)), Attached("m.png", noise_png(2))
    taken = await Intake(storage).ground(image, mask)  # type: ignore[arg-type]
    assert taken.mask is not None
    assert len(blobs(tmp_path)) == 2
    assert not taken.transparent
    alone = await Intake(storage).ground(image, None)  # type: ignore[arg-type]
    assert (alone.key, alone.mask) == (taken.key, None)
    fresh = Attached("b.png", noise_png(3))
    with pytest.raises(InvalidInput, match=r"`broken\.png` is not a picture"):
        await Intake(storage).ground(fresh, Attached("broken.png", b"x"))  # type: ignore[arg-type]
    assert len(blobs(tmp_path)) == 2


def zipped(**files: bytes) -> bytes:
    """A zip of files; `_` in a name stands for the dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_", "."), data)
    return buffer.getvalue()


def test_text_beside_a_picture_is_its_caption() -> None:
    """In a zip and among single files; upper case, line breaks and a byte order mark do no harm."""
    archive = zipped(a_png=noise_png(1), A_TXT=b"\xef\xbb\xbfseen from\n above", b_png=noise_png(2))
    uploads = [Upload("set.zip", archive), Upload("c.png", noise_png(3)), Upload("c.txt", b"dark")]
    found = check_all(uploads)
    assert [(one.name, one.caption) for one in found] == [
        ("a.png", "seen from above"),
        ("b.png", ""),
        ("c.png", "dark"),
    ]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("b.txt", b"alone", "`b.txt` has no picture of the same name"),
        ("a.txt", b"\xff\xfe\x00", "`a.txt` is not a text in UTF-8"),
        ("a.txt", b"long " * 100, "`a.txt` is longer than 300 letters"),
    ],
)
def test_text_that_cannot_be_a_caption_is_refused(name: str, data: bytes, says: str) -> None:
    """Nothing is started with a part of what was sent."""
    with pytest.raises(InvalidInput, match=says):
        check_all([Upload("a.png", noise_png(1)), Upload(name, data)])


def test_captions_do_not_count_as_pictures() -> None:
    """A zip may hold as many texts as pictures."""
    files = {f"p{n}_png": noise_png(n) for n in range(PICTURES_MAX - 1)}
    files |= {f"p{n}_txt": b"dark" for n in range(PICTURES_MAX - 1)}
    assert len(check_all([Upload("set.zip", zipped(**files))])) == PICTURES_MAX - 1


async def test_captions_come_with_the_keys(storage: Storage) -> None:
    """In the order of the pictures."""
    attached = [Attached("a.png", noise_png(1)), Attached("b.png", noise_png(2)),
                Attached("b.txt", b"at night")]  # fmt: skip
    taken = await Intake(storage).pictures(attached)  # type: ignore[arg-type]
    assert len(taken.keys) == 2
    assert taken.captions == ("", "at night")
