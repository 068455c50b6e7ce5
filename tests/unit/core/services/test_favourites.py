"""Favourites: starred, listed, dropped and brought back, within one guild."""

import pytest

from core.domain.people import Actor
from core.errors import NotAllowed, NotFound
from tests.studio import CHANNEL, Studio

ANNA, BEN = Actor(guild_id=1, user_id=10), Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)


async def shown(studio: Studio, offset: int = 0, guild_id: int = 1) -> list[int]:
    page = await studio.services.favourites.page(guild_id, offset)
    return [one.image.id for one in page.shown]


async def test_the_newest_favourite_comes_first(studio: Studio) -> None:
    """Each with its picture and who starred it; the other guild has none."""
    first, second, *_ = await studio.draw(ANNA)
    favourites = studio.services.favourites
    await favourites.keep(ANNA, first.id)
    await favourites.keep(BEN, second.id)
    page = await favourites.page(1)
    assert [(one.image, one.user_id) for one in page.shown] == [(second, 11), (first, 10)]
    assert page.total == 2
    assert await shown(studio, guild_id=2) == []


async def test_who_starred_it_first_stays_its_owner(studio: Studio) -> None:
    """Until it is dropped: then whoever stars it anew is."""
    image, *_ = await studio.draw(ANNA)
    favourites = studio.services.favourites
    kept = await favourites.keep(ANNA, image.id)
    assert await favourites.keep(BEN, image.id) == kept
    await favourites.drop(ANNA, image.id)
    assert (await favourites.keep(BEN, image.id)).user_id == 11
    assert await shown(studio) == [image.id]


async def test_a_dropped_favourite_comes_back_in_its_place(studio: Studio) -> None:
    """Undoing changes neither its time nor its owner, whoever undoes it."""
    first, second, *_ = await studio.draw(ANNA)
    favourites = studio.services.favourites
    for image in (first, second):
        await favourites.keep(ANNA, image.id)
    await favourites.drop(MODERATOR, first.id)
    assert await shown(studio) == [second.id]
    with pytest.raises(NotFound, match="no favourite any more"):
        await favourites.drop(ANNA, first.id)
    assert (await favourites.restore(MODERATOR, first.id)).user_id == 10
    assert await shown(studio) == [second.id, first.id]


async def test_only_its_owner_or_a_moderator_may_drop_it(studio: Studio) -> None:
    """And nobody from another guild so much as finds it."""
    image, other, *_ = await studio.draw(ANNA)
    favourites = studio.services.favourites
    await favourites.keep(ANNA, image.id)
    for change in (favourites.drop, favourites.restore):
        with pytest.raises(NotAllowed):
            await change(BEN, image.id)
        with pytest.raises(NotFound):
            await change(STRANGER, image.id)
        with pytest.raises(NotFound, match="no favourite"):
            await change(ANNA, other.id)
    with pytest.raises(NotFound):
        await favourites.keep(STRANGER, image.id)
    assert await shown(studio) == [image.id]


async def test_a_deleted_picture_is_no_favourite(studio: Studio) -> None:
    """It is on no page and in no count, and cannot be brought back as one."""
    image, *_ = await studio.draw(ANNA)
    favourites = studio.services.favourites
    await favourites.keep(ANNA, image.id)
    await studio.services.gallery.delete(ANNA, image.id)
    assert (await favourites.page(1)).total == 0
    with pytest.raises(NotFound):
        await favourites.restore(ANNA, image.id)


async def test_pages_hold_each_favourite_once(studio: Studio) -> None:
    """Four a page; behind the end is the last page."""
    images = [*await studio.draw(ANNA), *await studio.draw(ANNA), *await studio.draw(ANNA, count=1)]
    for image in images:
        await studio.services.favourites.keep(ANNA, image.id)
    pages = [await shown(studio, offset) for offset in (0, 4, 8)]
    assert [len(page) for page in pages] == [4, 4, 1]
    assert sorted(number for page in pages for number in page) == [image.id for image in images]
    assert await shown(studio, 400) == pages[2]
    assert await shown(studio, -4) == pages[0]


async def test_one_is_drawn_again_with_its_own_seed(studio: Studio) -> None:
    """One picture of the four, with everything else as it was."""
    image = (await studio.draw(ANNA))[2]
    job = (await studio.services.imagining.redraw(BEN, CHANNEL, image.id)).job
    assert job.request == image.manifest.request.model_copy(update={"seeds": (image.seed,)})
