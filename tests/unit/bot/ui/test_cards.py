"""Cards: what people read and can press, drawn from values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest

from bot.client import merged
from bot.ui.buttons import TEMPLATE
from bot.ui.card import Blob, Button, Card, Menu
from bot.ui.cards import concepts, favourites, help, pictures, solo, status, voice
from core.domain.concepts import Concept, ConceptKind, ConceptVersion, StackEntry
from core.domain.images import Favourite, Image, Manifest
from core.domain.jobs import LEARNING, Job, JobState, Progress
from core.domain.requests import ImagineRequest, Request, TrainRequest, TranscribeRequest
from core.domain.speech import Change, Transcript
from core.services.favourites import Page

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "**x** @everyone [a](https://b.example) <@1> `c` ||d||\n# big"
PNG = Blob("a.png", b"png")
ENTRY = StackEntry(
    concept_id=1,
    version_id=2,
    name="kar",
    class_noun="forest",
    kind=ConceptKind.STYLE,
    artifact="ab" * 32,
    weight=0.8,
)


def request(**changes: Any) -> ImagineRequest:
    fields: dict[str, Any] = {"prompt": "a <kar> forest", "seeds": (7, 8, 9, 10), "stack": (ENTRY,)}
    return ImagineRequest(**fields | changes)


def job(wish: Request | None = None, **changes: Any) -> Job:
    made = Job(
        id=12,
        guild_id=1,
        user_id=2,
        channel_id=3,
        state=JobState.QUEUED,
        request=wish or request(),
        attempt=1,
        created_at=NOW,
    )
    return replace(made, **changes)


def images(count: int = 4, **changes: Any) -> list[Image]:
    wish = request(num_inference_steps=20, guidance_scale=4.0, **changes)
    return [
        Image(
            id=100 + index,
            job_id=12,
            guild_id=1,
            user_id=2,
            index=index,
            seed=7 + index,
            key="k",
            width_px=64,
            height_px=64,
            manifest=Manifest(
                request=wish,
                index=index,
                model="pocket",
                device="cpu",
                dtype="float32",
                versions={"torch": "2.13"},
            ),
            created_at=NOW,
        )
        for index in range(count)
    ]


def concept(number: int = 1, **changes: Any) -> Concept:
    made = Concept(
        id=number,
        guild_id=1,
        owner_id=2,
        name=f"xyz{number}",
        class_noun="temple",
        kind=ConceptKind.SUBJECT,
        created_at=NOW,
        latest=version(),
    )
    return replace(made, **changes)


def version(**changes: Any) -> ConceptVersion:
    made = ConceptVersion(
        id=5,
        concept_id=1,
        number=2,
        artifact="cd" * 32,
        model="pocket",
        pictures=("p",) * 5,
        samples=("s",) * 4,
        parents=(),
        recipe="{}",
        seconds=100.0,
        job_id=12,
        created_at=NOW,
    )
    return replace(made, **changes)


def transcript(**changes: Any) -> Transcript:
    made = Transcript(
        id=9,
        job_id=12,
        guild_id=1,
        user_id=2,
        language="en",
        heard="a car forest",
        prompt="a <kar> forest",
        changes=(Change(heard="car", token="<kar>"),),
        created_at=NOW,
    )
    return replace(made, **changes)


def train(**changes: Any) -> TrainRequest:
    fields: dict[str, Any] = {
        "concept_id": 1,
        "name": "xyz",
        "class_noun": "temple",
        "concept_kind": ConceptKind.SUBJECT,
        "pictures": ("a", "b"),
        "parents": (ENTRY,),
        "seed": 1,
    }
    return TrainRequest(**fields | changes)


FAVOURITES = Page([Favourite(one, 2, NOW) for one in images()], offset=4, total=12)
EVERY_CARD = {
    "queued": status.status(job(), position=1, eta_s=4, notes=[HOSTILE[:5]]),
    "running": status.status(job(state=JobState.RUNNING, progress=Progress(5, 20, "x")), eta_s=9),
    "training": status.status(job(train()), position=2),
    "learning": status.status(
        job(train(), state=JobState.RUNNING, progress=Progress(5, 20, "x")), eta_s=9
    ),
    "untaught": status.failed(job(train(), state=JobState.FAILED, error="It did not fit.")),
    "hearing": status.status(job(TranscribeRequest(audio="k"), state=JobState.RUNNING)),
    "failed": status.failed(job(state=JobState.FAILED, error="It did not fit.")),
    "jobs": status.jobs([(job(), 1, 4.0), (job(state=JobState.SUCCEEDED), 0, None)]),
    "no jobs": status.jobs([]),
    "result": pictures.result(job(), images(), PNG),
    "one result": pictures.result(job(), images(1), PNG),
    "close": pictures.close(images()[2], PNG, 77),
    "every": pictures.every(job(), 4, 77),
    "details": pictures.details(images(1), (PNG,)),
    "library": concepts.library([concept(n) for n in range(45)], 20),
    "empty library": concepts.library([]),
    "shown": concepts.shown(concept(), [version()], concepts.Look(version(), PNG, train())),
    "learned": concepts.learned(train(), version(), PNG, 12),
    "deleted": concepts.deleted(concept()),
    "restored": concepts.restored(concept()),
    "strip": solo.strip(job(), images(stack=(ENTRY, ENTRY)), PNG),
    "result of two": pictures.result(job(), images(stack=(ENTRY, ENTRY)), PNG),
    "starred": favourites.kept(image_id=5),
    "dropped": favourites.dropped(Favourite(images(1)[0], 2, NOW)),
    "favourites": favourites.listing(FAVOURITES, PNG),
    "heard": voice.heard(transcript(), ask=True),
    "help": help.welcome(),
}


@pytest.mark.parametrize("card", EVERY_CARD.values(), ids=EVERY_CARD)
def test_every_card_keeps_discords_limits(card: Card) -> None:
    """Five rows of five, labels of 80, contents of 2000, embeds of 4096 and 6000 in all."""
    assert len(card.content) <= 2000
    assert len(card.rows) <= 5
    assert all(len(row) <= 5 for row in card.rows)
    if card.embed is not None:
        assert len(card.embed.description or "") <= 4096
        assert len(card.embed) <= 6000
    ids = [control.custom_id for row in card.rows for control in row]
    assert len(set(ids)) == len(ids)
    for row in card.rows:
        for control in row:
            assert isinstance(control, Menu) or len(control.label) <= 80


@pytest.mark.parametrize("card", EVERY_CARD.values(), ids=EVERY_CARD)
def test_every_control_has_a_handler(card: Card) -> None:
    """What can be pressed is answered: its id has the one shape, its verb a handler."""
    handlers = merged("HANDLERS")
    for row in card.rows:
        for control in row:
            match = TEMPLATE.fullmatch(control.custom_id)
            assert match is not None
            assert match["verb"] in handlers


@pytest.mark.parametrize("card", EVERY_CARD.values(), ids=EVERY_CARD)
async def test_every_card_is_taken_by_discord_py(card: Card) -> None:
    """Sending and editing give arguments that discord.py understands."""
    whole = card.to_edit()
    view = whole["view"]
    assert (view is None) is (not card.rows)
    if isinstance(view, discord.ui.View):
        assert view.is_finished(), "discord.py would store it"
        assert len(view.to_components()) == len(card.rows)
    assert len(whole["attachments"]) == len(card.files)
    assert None not in card.to_send().values()


def words(card: Card) -> str:
    whole = card.content
    if card.embed is not None:
        whole += "\n" + str(card.embed.to_dict())
    return whole


@pytest.mark.parametrize(
    "card",
    [
        status.status(job(request(prompt=HOSTILE)), position=1),
        status.failed(job(request(prompt=HOSTILE), state=JobState.FAILED, error=HOSTILE)),
        status.jobs([(job(request(prompt=HOSTILE)), 1, None)]),
        pictures.result(job(), images(prompt=HOSTILE, negative_prompt=HOSTILE), PNG),
        pictures.details(images(1, prompt=HOSTILE, negative_prompt=HOSTILE), ()),
        voice.heard(transcript(heard=HOSTILE, prompt=HOSTILE), ask=True),
        voice.heard(transcript(changes=(Change(heard=HOSTILE, token="<kar>"),)), ask=False),
        concepts.shown(concept(class_noun=HOSTILE), [], None),
    ],
)
def test_user_text_is_never_shown_unescaped(card: Card) -> None:
    """Outside of code blocks nothing that a person wrote is markup, mention or link."""
    import re

    text = re.sub(r"```.*?```", "", words(card), flags=re.S).replace("\\\\", "\\")
    for sign in ("**x**", " @everyone", "[a](", "<@1>", "||d||", "https://b"):
        assert sign not in text


def test_a_prompt_of_full_length_fits_everywhere() -> None:
    """A thousand signs that are all escaped still make a legal message."""
    wish = request(prompt="*" * 1000, negative_prompt="_" * 1000)
    card = pictures.result(job(wish), images(prompt="*" * 1000, negative_prompt="_" * 1000), PNG)
    assert len(card.content) <= 2000
    assert len(status.status(job(wish), position=1).content) <= 2000
    made = pictures.details(images(1, prompt="*" * 1000, negative_prompt="_" * 1000), ())
    assert made.embed is not None
    assert len(made.embed) <= 6000


def test_status_says_place_then_progress() -> None:
    """Queued, running and done read differently; what lives can be cancelled."""
    assert status.headline(job(), position=2, eta_s=4.2) == "**#12** · queued 2nd · about 4 s"
    running = job(state=JobState.RUNNING, progress=Progress(10, 20))
    assert status.headline(running, eta_s=3) == (
        "**#12** · drawing · ▰▰▰▰▰▰▱▱▱▱▱▱ 50% · about 3 s left"
    )
    assert status.headline(job(state=JobState.RUNNING)) == "**#12** · drawing"


@pytest.mark.parametrize(
    ("wish", "changes", "labels"),
    [
        (request(), {}, ["Cancel"]),
        (request(), {"state": JobState.CANCELLED}, []),
        (train(), {}, ["Cancel"]),
        (train(), {"state": JobState.RUNNING, "progress": Progress(0, 9, LEARNING)}, ["Cancel"]),
        (train(), {"state": JobState.RUNNING, "progress": Progress(1, 9, LEARNING)},
         ["Stop and keep", "Cancel"]),
        (train(), {"state": JobState.RUNNING, "progress": Progress(9, 9, LEARNING)}, ["Cancel"]),
        (train(), {"state": JobState.RUNNING, "progress": Progress(1, 9, "looking at it")},
         ["Cancel"]),
        (train(), {"progress": Progress(1, 9, LEARNING)}, ["Cancel"]),  # lost, and waits
        (train(ends_early=True), {"state": JobState.RUNNING, "progress": Progress(1, 9, LEARNING)},
         ["Cancel"]),
        (train(), {"state": JobState.CANCELLED}, ["Train again"]),
        (TranscribeRequest(audio="k"), {"state": JobState.CANCELLED}, []),
    ],
)  # fmt: skip
def test_status_has_the_buttons_that_make_sense(
    wish: Request, changes: dict[str, Any], labels: list[str]
) -> None:
    """What lives can be stopped, with what it has learned where that is something; what has ended
    can be asked for again where that spares an upload."""
    rows = status.status(job(wish, **changes)).rows
    assert [c.label for row in rows for c in row if isinstance(c, Button)] == labels


def test_status_says_that_a_training_ends_early() -> None:
    """Until it has ended."""
    line = "Ending early: what it has learned by now is kept."
    wish = train(ends_early=True)
    assert line in status.status(job(wish, state=JobState.RUNNING)).content
    assert line not in status.status(job(wish, state=JobState.CANCELLED)).content
    assert line not in status.status(job(train(), state=JobState.RUNNING)).content


def test_a_result_tells_what_is_needed_to_repeat_it() -> None:
    """Seeds by tile, stack with weights, steps, sizes and time."""
    done = job(started_at=NOW, ended_at=NOW + timedelta(seconds=3.2))
    text = pictures.result(done, images(), PNG).content
    for part in (
        "**a <kar> forest**",
        "`<kar>` 0.8",
        "1: `7`",
        "4: `10`",
        "20 steps",
        "64 × 64",
        "3.2 s",
        "guidance 4",
        "<@2>",
    ):
        assert part in text


def test_details_say_whether_every_bit_can_be_made_again() -> None:
    """A picture that shared its batch is told from one that was drawn alone."""
    alone = images(1)
    shared = [
        replace(image, manifest=image.manifest.model_copy(update={"shared": True}))
        for image in alone
    ]
    for drawn, words in ((alone, "Drawn alone"), (shared, "with other jobs")):
        card = pictures.details(drawn, ())
        assert card.embed is not None
        (again,) = [field.value for field in card.embed.fields if field.name == "Again"]
        assert again is not None
        assert words in again


def test_one_picture_has_words_on_its_buttons_and_four_have_numbers() -> None:
    """A grid has a row for each verb, one picture has plain words."""
    single = pictures.result(job(), images(1), PNG)
    labels = [c.label for row in single.rows for c in row if isinstance(c, Button)]
    make, around = ["Upscale", "Vary", "More like this", "Redo"], ["Zoom out", "", "", "", ""]
    assert labels == [*make, *around, "", "", "Details", "Delete", "Favourite"]
    several = pictures.result(job(), images(), PNG)
    assert [c.custom_id for c in several.rows[0]] == [
        "a:up:100",
        "a:up:101",
        "a:up:102",
        "a:up:103",
        "a:redo:12",
    ]
    menu = several.rows[4][0]
    assert isinstance(menu, Menu)
    assert [value for value, _, _ in menu.options] == ["100", "101", "102", "103", "all"]


def test_the_library_pages_without_losing_any() -> None:
    """Every concept is on exactly one page, and the arrows lead there and back."""
    whole = [concept(n) for n in range(45)]
    seen = []
    for offset in (0, 20, 40):
        card = concepts.library(whole, offset)
        assert card.embed is not None
        seen += (card.embed.description or "").splitlines()
    assert len(seen) == 45
    assert [b.custom_id for b in concepts.library(whole, 20).rows[0]] == ["a:list:0", "a:list:40"]
    assert concepts.library(whole, 10_000).embed is not None


def test_an_empty_transcript_gets_a_friendly_sentence_and_no_buttons() -> None:
    """There is nothing to draw, and a hint what to do instead."""
    card = voice.heard(transcript(heard="", prompt="", changes=()), ask=True)
    assert "could not make out any words" in card.content
    assert card.rows == ()


def test_a_transcript_says_what_was_changed() -> None:
    """ "car" became <kar>; without the question there are no buttons."""
    card = voice.heard(transcript(), ask=False)
    assert card.embed is not None
    assert "“car” → `<kar>`" in (card.embed.description or "")
    assert card.rows == ()
