"""Finished pictures."""

import pytest

from core.domain.images import Ratings
from core.domain.people import Actor
from core.errors import InvalidInput, NotAllowed, NotFound
from tests.studio import Studio

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)


async def test_pictures_have_their_seed_and_manifest(studio: Studio) -> None:
    """Each tile knows its own seed, and its manifest the whole request."""
    images = await studio.draw(ANNA, count=3)
    assert [image.index for image in images] == [0, 1, 2]
    for image in images:
        assert image.seed == image.manifest.seed == image.manifest.request.seeds[image.index]
        assert await studio.services.gallery.image(BEN, image.id) == image


async def test_pictures_of_another_guild_are_not_there(studio: Studio) -> None:
    """Nobody sees, rates or deletes what belongs to another guild."""
    image, *_ = await studio.draw(ANNA)
    gallery = studio.services.gallery
    for refused in (
        gallery.image(STRANGER, image.id),
        gallery.details(STRANGER, image.id),
        gallery.rate(STRANGER, image.id, 1),
        gallery.delete(STRANGER, image.id),
    ):
        with pytest.raises(NotFound):
            await refused


async def test_a_person_has_one_vote(studio: Studio) -> None:
    """A later vote replaces the earlier one, and 0 takes it back."""
    image, *_ = await studio.draw(ANNA)
    rate = studio.services.gallery.rate
    assert await rate(ANNA, image.id, 1) == Ratings(up=1, down=0)
    assert await rate(BEN, image.id, 1) == Ratings(up=2, down=0)
    assert await rate(BEN, image.id, -1) == Ratings(up=1, down=1)
    assert await rate(BEN, image.id, -1) == Ratings(up=1, down=1)
    assert await rate(ANNA, image.id, 0) == Ratings(up=0, down=1)
    details = await studio.services.gallery.details(ANNA, image.id)
    assert (details.image, details.ratings) == (image, Ratings(up=0, down=1))


async def test_a_vote_is_up_or_down(studio: Studio) -> None:
    """Any other number is refused."""
    image, *_ = await studio.draw(ANNA)
    with pytest.raises(InvalidInput, match="thumbs"):
        await studio.services.gallery.rate(ANNA, image.id, 5)


async def test_who_asked_or_a_moderator_may_delete(studio: Studio) -> None:
    """A deleted picture is gone from everywhere, the others of its job stay."""
    first, second, *_ = await studio.draw(ANNA, count=2)
    gallery = studio.services.gallery
    with pytest.raises(NotAllowed):
        await gallery.delete(BEN, first.id)
    await gallery.delete(ANNA, first.id)
    with pytest.raises(NotFound):
        await gallery.image(ANNA, first.id)
    with pytest.raises(NotFound):
        await gallery.delete(ANNA, first.id)
    assert await gallery.of_job(first.job_id) == [second]
    await gallery.delete(MODERATOR, second.id)
    assert await gallery.of_job(first.job_id) == []
