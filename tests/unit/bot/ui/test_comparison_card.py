"""Versions side by side: rows, buttons and a menu."""

import io
from datetime import UTC, datetime

from PIL import Image as Picture

from bot.drawing import Drawing
from bot.ui.card import Blob, Menu
from bot.ui.cards import comparison
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.images import Image, Manifest
from core.domain.jobs import Job, JobState
from core.domain.requests import EvaluateRequest, ImagineRequest, Purpose
from core.storage import Storage
from tests.unit.bot.files import noise_png

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SEEDS = (8, 9)


def entry(concept: int, version: int, name: str = "xyz") -> StackEntry:
    return StackEntry(
        concept_id=concept,
        version_id=version,
        name=name,
        class_noun="temple",
        kind=ConceptKind.SUBJECT,
        artifact="ab" * 32,
        number=version % 10,
    )


KAR = entry(2, 21, "kar")
VERSIONS = (entry(1, 11), entry(1, 12))


def request(prompt: str = "a <xyz> temple") -> EvaluateRequest:
    scene = ImagineRequest(prompt=prompt, seeds=SEEDS, stack=(VERSIONS[1], KAR))
    return EvaluateRequest(
        purpose=Purpose.VERSIONS, prompts=(prompt,), seeds=SEEDS, stack=VERSIONS, scene=scene
    )


def job() -> Job:
    return Job(7, 1, 10, 5, JobState.SUCCEEDED, request(), 1, NOW, started_at=NOW, ended_at=NOW)


def images(key: str = "k") -> list[Image]:
    made = []
    for version in VERSIONS:
        for seed in SEEDS:
            wish = ImagineRequest(prompt="a <xyz> temple", seeds=(seed,), stack=(version, KAR))
            manifest = Manifest(
                request=wish, index=0, model="m", device="cpu", dtype="f", versions={}
            )
            number = len(made) + 1
            made.append(Image(number, 7, 1, 10, number, seed, key, 64, 64, manifest, NOW))
    return made


def test_each_image_is_in_the_row_of_its_version() -> None:
    """Whatever order they come in, and whatever is left of them."""
    rows = comparison.by_version(request(), images()[::-1])
    assert [(version.number, [one.id for one in drawn]) for version, drawn in rows] == [
        (1, [2, 1]),
        (2, [4, 3]),
    ]
    assert [len(drawn) for _, drawn in comparison.by_version(request(), images()[:1])] == [1, 0]


def test_a_version_is_put_to_use_by_a_click() -> None:
    """A button for each, and a menu that leads to every picture."""
    card = comparison.compared(job(), request(), images(), Blob("a.png", b"png"))
    assert [(one.label, one.custom_id) for one in card.rows[0]] == [
        ("Use v1", "a:useversion:11"),
        ("Use v2", "a:useversion:12"),
    ]
    menu = card.rows[1][0]
    assert isinstance(menu, Menu)
    assert [label for _, label, _ in menu.options] == [
        "v1, seed 8",
        "v1, seed 9",
        "v2, seed 8",
        "v2, seed 9",
    ]
    assert "`<kar>` 1 (v1)" in card.content
    assert "`<xyz>` 1" not in card.content


def test_what_people_wrote_is_harmless_and_short() -> None:
    """No mention, no markdown, and less than Discord takes."""
    hostile = request("**x** @everyone " + "y" * 900)
    card = comparison.compared(job(), hostile, images(), Blob("a.png", b"png"))
    assert "\\*\\*x" in card.content
    assert " @everyone" not in card.content
    assert len(card.content) <= 2000


async def test_a_version_without_pictures_has_no_row(tmp_path: object) -> None:
    """When those of one were deleted the other's are still there."""
    storage = Storage(f"file://{tmp_path}")
    made = images(storage.put(noise_png(1)))
    sizes = []
    for left in (made, made[2:]):
        sheet = await Drawing(storage).compared(request(), left)
        sizes.append(Picture.open(io.BytesIO(sheet.data)).size)
    assert sizes == [(2 * 232 + 8, 2 * 274 + 8), (2 * 232 + 8, 274 + 8)]
