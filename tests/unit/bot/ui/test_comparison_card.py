"""Versions side by side: rows, buttons and a menu."""

import io
from datetime import UTC, datetime

from PIL import Image as Picture

from bot.drawing import Drawing
from bot.ui.card import FIELD_MAX, Blob, Card, Menu
from bot.ui.cards import comparison
from core.domain.concepts import ConceptKind, ConceptVersion, StackEntry
from core.domain.evaluation import Estimate, Measure, Scores
from core.domain.images import Image, Manifest
from core.domain.jobs import Job, JobState
from core.domain.recipes import Recipe
from core.domain.requests import EvaluateRequest, ImagineRequest, Purpose
from core.storage import Storage
from tests.evaluations import scores_of
from tests.unit.bot.files import noise_png
from tests.unit.bot.ui.test_cards import version

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
    for drawn in VERSIONS:
        for seed in SEEDS:
            wish = ImagineRequest(prompt="a <xyz> temple", seeds=(seed,), stack=(drawn, KAR))
            manifest = Manifest(
                request=wish, index=0, model="m", device="cpu", dtype="f", versions={}
            )
            number = len(made) + 1
            made.append(Image(number, 7, 1, 10, number, seed, key, 64, 64, manifest, NOW))
    return made


def taught(number: int, scores: Scores | None = None, **recipe: object) -> ConceptVersion:
    return version(number=number, recipe=Recipe(**recipe).model_dump_json(), scores=scores)


def compared(wish: EvaluateRequest | None = None, *versions: ConceptVersion) -> Card:
    shown = versions or (taught(1), taught(2))
    wish = wish or request()
    return comparison.compared(job(), wish, images(), Blob("a.png", b"png"), shown)


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
    card = compared()
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


def test_scores_and_what_differs_stand_side_by_side() -> None:
    """A field for each version, by its number; one that was never scored says so."""
    alone = EvaluateRequest(
        purpose=Purpose.CONCEPT, prompts=("a",), seeds=SEEDS, stack=VERSIONS[:1]
    )
    scores = scores_of(alone)
    card = compared(None, taught(1, scores, seed=5), taught(2, seed=6, rank=16))
    assert card.embed is not None
    assert [(field.name, field.inline) for field in card.embed.fields] == [
        ("v1", True),
        ("v2", True),
    ]
    one, two = (str(field.value).splitlines() for field in card.embed.fields)
    assert one == [
        "🟡 looks like the pictures: **80%** [60%–90%]",
        "🟡 does what is asked: **80%** [60%–90%]",
        "🟢 varies from seed to seed: **80%** [60%–90%]",
        "1 prompt on 2 seeds, scored by pocket; in brackets the 95 % interval",
        "`settings:seed=5, rank=8`",
    ]
    assert two == ["not scored", "`settings:seed=6, rank=16`"]


def test_what_is_told_of_a_version_fits_its_field() -> None:
    """Figures that cannot be told and many settings; Discord takes no more."""
    alone = EvaluateRequest(
        purpose=Purpose.CONCEPT, prompts=("a",), seeds=SEEDS, stack=VERSIONS[:1]
    )
    raw = Estimate(value=0.5)
    same = Measure(raw=raw, floor=0.5, ceiling=0.5)
    found = scores_of(alone).likeness[0].model_copy(update={"fidelity": same})
    untold = dict.fromkeys(("alignment", "asked", "diversity"), same)
    scores = scores_of(alone).model_copy(
        update={"scorer": "x" * 200, "likeness": (found,), **untold}
    )
    other = {
        "begins_as": "y" * 300,
        "rank_norm_max": 123.456,
        "gradient_norm_max": 123.456,
        "gradient_checkpointing": True,
        "learning_rate": 0.00123456,
        "token_learning_rate": 0.00123456,
        "text_learning_rate": 0.00123456,
        "checkpoint_every": 123456,
        "preview_every": 123456,
        "caption_dropout": 0.123456,
        "weight_decay": 0.00123456,
        "noise_offset": 0.123456,
    }
    card = compared(None, taught(1, scores), taught(2, scores, **other))
    assert card.embed is not None
    told = [str(field.value) for field in card.embed.fields]
    assert all("cannot be told" in one and "settings:" in one for one in told)
    assert max(map(len, told)) == FIELD_MAX


def test_what_people_wrote_is_harmless_and_short() -> None:
    """No mention, no markdown, and less than Discord takes."""
    hostile = request("**x** @everyone " + "y" * 900)
    card = compared(hostile)
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
