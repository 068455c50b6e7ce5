"""Favourites and strips as people see them."""

import io
from datetime import UTC, datetime

from PIL import Image as Picture

from bot.drawing import Drawing
from bot.ui.card import Blob, Card, Menu
from bot.ui.cards import favourites as cards
from bot.ui.cards import pictures, solo
from core.domain.concepts import ConceptKind, StackEntry
from core.domain.images import Favourite, Image, Manifest
from core.domain.jobs import Job, JobState
from core.domain.requests import ImagineRequest
from core.services.favourites import Page
from core.storage import Storage
from tests.unit.bot.files import noise_png

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PNG = Blob("a.png", b"png")
HOSTILE = "**x** @everyone"


def entry(name: str) -> StackEntry:
    return StackEntry(
        concept_id=1,
        version_id=2,
        name=name,
        class_noun="temple",
        kind=ConceptKind.SUBJECT,
        artifact="ab" * 32,
    )


def image(number: int, *names: str, prompt: str = "a", key: str = "k") -> Image:
    stack = tuple(entry(name) for name in names)
    wish = ImagineRequest(prompt=prompt, seeds=(3,), stack=stack)
    manifest = Manifest(request=wish, index=0, model="m", device="cpu", dtype="f", versions={})
    return Image(number, 7, 1, 10, number - 1, 3, key, 64, 64, manifest, NOW)


def strip_of(*stacks: tuple[str, ...]) -> list[Image]:
    return [image(number, *names) for number, names in enumerate(stacks, start=1)]


def job() -> Job:
    wish = ImagineRequest(prompt="a", seeds=(3,))
    return Job(7, 1, 10, 5, JobState.SUCCEEDED, wish, 1, NOW, started_at=NOW, ended_at=NOW)


def ids(card: Card) -> list[str]:
    return [control.custom_id for row in card.rows for control in row]


def test_a_list_has_prompt_and_seed_and_two_buttons_for_each() -> None:
    """Nothing in a prompt breaks out; dropping remembers the page."""
    kept = [Favourite(image(n, "xyz", prompt=HOSTILE), 10, NOW) for n in (1, 2)]
    card = cards.listing(Page(kept, offset=4, total=10), PNG)
    assert "\\*\\*x" in card.content
    assert " @everyone" not in card.content
    assert card.content.count("seed `3` · `<xyz>` 1 · by <@10>") == 2
    assert "5–6 of 10" in card.content
    assert ids(card) == [
        "a:redraw:1",
        "a:redraw:2",
        "a:unstar:1:4",
        "a:unstar:2:4",
        "a:favourites:0",
        "a:favourites:8",
    ]
    full = [Favourite(image(n, prompt="*" * 1000), 10, NOW) for n in (1, 2, 3, 4)]
    assert len(cards.listing(Page(full, offset=0, total=4), PNG).content) <= 2000


def test_what_was_starred_and_dropped_can_be_undone() -> None:
    """Each card leads to the other."""
    assert ids(cards.kept(image_id=5)) == ["a:unstar:5"]
    assert ids(cards.dropped(Favourite(image(5), 10, NOW))) == ["a:restar:5"]
    assert ids(cards.kept(4)) == []


def test_only_a_picture_of_several_concepts_can_be_taken_apart() -> None:
    """One button on a grid, one on each picture looked at closely."""
    two = [image(n, "xyz", "kar") for n in (1, 2)]
    assert [one for one in ids(pictures.result(job(), two, PNG)) if "solo" in one] == ["a:solo:1"]
    assert "a:solo:2" in ids(pictures.close(two[1], PNG, None))
    assert "a:star:2" in ids(pictures.close(two[1], PNG, None))
    for names in ((), ("xyz",)):
        alone = image(1, *names)
        for card in (pictures.result(job(), [alone], PNG), pictures.close(alone, PNG, None)):
            assert not any("solo" in one for one in ids(card))


def test_a_strip_leads_to_each_of_its_pictures() -> None:
    """The buttons are about the picture of all; when that is deleted, about the first that is."""
    images = strip_of(("xyz",), ("kar",), ("xyz", "kar"), ())
    card = solo.strip(job(), images, PNG)
    assert ids(card) == ["a:vary:3", "a:star:3", "a:info:3", "a:look:7"]
    menu = card.rows[1][0]
    assert isinstance(menu, Menu)
    labels = [label for _, label, _ in menu.options]
    assert labels == ["<xyz> alone", "<kar> alone", "all together", "plain model"]
    assert ids(solo.strip(job(), images[:2], PNG))[0] == "a:vary:1"


async def test_a_strip_is_one_row_until_it_is_too_long(tmp_path: object) -> None:
    """Two concepts make four pictures side by side; six make eight in two rows."""
    storage = Storage(f"file://{tmp_path}")
    key = storage.put(noise_png(1))
    names = tuple("abcdef")
    sizes = []
    for count in (2, 6):
        stacks = [*((name,) for name in names[:count]), names[:count], ()]
        images = [image(n, *stack, key=key) for n, stack in enumerate(stacks, start=1)]
        drawn = await Drawing(storage).solo(images)
        sizes.append(Picture.open(io.BytesIO(drawn.data)).size)
    assert sizes == [(4 * 328 + 8, 362 + 8), (4 * 328 + 8, 2 * 362 + 8)]
