"""Versions of a concept: chosen, compared, kept."""

import pytest
from sqlalchemy import update

from core.db.tables import VersionRow
from core.domain.concepts import ConceptKind
from core.domain.evaluation import scenes_of
from core.domain.jobs import JobKind
from core.domain.people import Actor
from core.domain.requests import EvaluateRequest
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.services.estimates import units_of
from core.services.versions import CompareWish
from tests.studio import CHANNEL, Studio

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)


async def twice_taught(studio: Studio):
    """A concept's two versions, oldest first."""
    concept = await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "xyz")
    return tuple(reversed(await studio.services.library.versions(concept)))


async def used(studio: Studio, prompt: str = "a <xyz> temple") -> tuple[int, ...]:
    return tuple(entry.version_id for entry in (await studio.ask(ANNA, prompt)).stack)


async def test_newest_version_is_used_until_another_is_chosen(studio: Studio) -> None:
    """Rolling back points at an older one; going forth again is the same."""
    first, second = await twice_taught(studio)
    assert await used(studio) == (second.id,)
    chosen = await studio.services.versions.choose(ANNA, "<XYZ>", 1)
    assert chosen.latest == first
    assert (await studio.services.library.find(1, "xyz")).latest == first
    assert await used(studio) == (first.id,)
    await studio.services.versions.choose(MODERATOR, "xyz", 2)
    assert await used(studio) == (second.id,)


async def test_what_is_taught_next_comes_into_use(studio: Studio) -> None:
    """A choice holds until there is something newer."""
    await twice_taught(studio)
    await studio.services.versions.choose(ANNA, "xyz", 1)
    third = await studio.teach(ANNA, "xyz")
    assert third.latest is not None
    assert third.latest.number == 3
    assert await used(studio) == (third.latest.id,)


async def test_old_pictures_keep_the_version_that_drew_them(studio: Studio) -> None:
    """Replay, vary and redo use what was pinned, whatever is chosen now."""
    _, second = await twice_taught(studio)
    image, *_ = await studio.draw(ANNA, "a <xyz> temple")
    await studio.services.versions.choose(ANNA, "xyz", 1)
    imagining = studio.services.imagining
    for again in (
        await imagining.replay(ANNA, CHANNEL, image.id),
        await imagining.vary(ANNA, CHANNEL, image.id),
        await imagining.redo(ANNA, CHANNEL, image.job_id),
    ):
        assert [entry.version_id for entry in again.stack] == [second.id]


async def test_training_on_top_uses_the_chosen_version(studio: Studio) -> None:
    """What is underneath is what prompts would use."""
    first, _ = await twice_taught(studio)
    await studio.services.versions.choose(ANNA, "xyz", 1)
    on_top = await studio.teach(ANNA, "kar", base_on=("xyz",))
    assert on_top.latest is not None
    assert on_top.latest.parents == (first.id,)


async def test_only_owner_and_moderators_choose(studio: Studio) -> None:
    """And only here, and only what there is."""
    await twice_taught(studio)
    with pytest.raises(NotAllowed):
        await studio.services.versions.choose(BEN, "xyz", 1)
    with pytest.raises(NotFound, match="no version 3"):
        await studio.services.versions.choose(ANNA, "xyz", 3)
    with pytest.raises(NotFound):
        await studio.services.versions.choose(STRANGER, "xyz", 1)


async def test_two_versions_draw_the_same_wish(studio: Studio) -> None:
    """Four pictures each in one job, all equal but the version."""
    first, second = await twice_taught(studio)
    wish = CompareWish("xyz", (1, 2))
    submitted = await studio.services.versions.compare(BEN, CHANNEL, wish)
    request = submitted.job.request
    assert isinstance(request, EvaluateRequest)
    assert request.prompts == ("a <xyz> temple",)
    assert (len(set(request.seeds)), request.drawn, units_of(request)) == (4, 8, 8)
    assert [(entry.version_id, entry.number) for entry in submitted.stack] == [
        (first.id, 1),
        (second.id, 2),
    ]
    assert submitted.job.cautions == ()
    job = await studio.work(JobKind.EVALUATE)
    drawn = [image.manifest for image in await studio.services.gallery.of_job(job.id)]
    assert [one.request.stack[0].version_id for one in drawn] == [first.id] * 4 + [second.id] * 4
    assert [one.seed for one in drawn] == [*request.seeds, *request.seeds]


async def test_versions_of_a_style_draw_something_in_it(studio: Studio) -> None:
    """A style by itself would be any scene."""
    for _ in range(2):
        await studio.teach(ANNA, "ink", "comic", kind=ConceptKind.STYLE)
    submitted = await studio.services.versions.compare(ANNA, CHANNEL, CompareWish("ink", (1, 2)))
    request = submitted.job.request
    assert isinstance(request, EvaluateRequest)
    assert request.prompts == ("a house in <ink> comic style",)


async def test_comparison_takes_a_prompt_and_a_seed(studio: Studio) -> None:
    """Other concepts of the prompt stay as they are; a concept left out is put in front."""
    await twice_taught(studio)
    await studio.teach(ANNA, "kar", "forest")
    wish = CompareWish("xyz", (2, 1), "a cat in a <kar:0.5> forest", seed=7)
    submitted = await studio.services.versions.compare(ANNA, CHANNEL, wish)
    request = submitted.job.request
    assert isinstance(request, EvaluateRequest)
    assert request.prompts == ("<xyz> temple, a cat in a <kar> forest",)
    assert request.seeds == (7, 8, 9, 10)
    scenes = scenes_of(request)
    assert [[(e.name, e.number, e.weight) for e in scene.stack] for scene in scenes] == [
        [("xyz", number, 1.0), ("kar", 1, 0.5)] for number in (2, 1)
    ]


async def test_a_stack_that_cannot_work_is_not_compared(studio: Studio) -> None:
    """Each version is looked at before anything is spent, not only the one in use."""
    first, _ = await twice_taught(studio)
    async with studio.database.transaction() as session:
        old = update(VersionRow).where(VersionRow.id == first.id)
        await session.execute(old.values(family="sdxl"))
    studio.queue.family = "pocket"
    for numbers in ((1, 2), (2, 1)):
        with pytest.raises(Conflict, match="family sdxl"):
            await studio.services.versions.compare(ANNA, CHANNEL, CompareWish("xyz", numbers))


async def test_a_version_at_hand_is_chosen_by_who_may(studio: Studio) -> None:
    """As by its number: owner and moderators, in this guild, while the concept is there."""
    first, _ = await twice_taught(studio)
    versions = studio.services.versions
    assert (await versions.choose_one(MODERATOR, first.id)).latest == first
    assert await used(studio) == (first.id,)
    with pytest.raises(NotAllowed):
        await versions.choose_one(BEN, first.id)
    for actor, version_id in ((STRANGER, first.id), (ANNA, 999)):
        with pytest.raises(NotFound, match="not here any more"):
            await versions.choose_one(actor, version_id)
    await studio.services.library.delete(ANNA, "xyz")
    await studio.teach(ANNA, "xyz")
    with pytest.raises(NotFound, match="not here any more"):
        await versions.choose_one(ANNA, first.id)


async def test_senseless_comparisons_queue_nothing(studio: Studio) -> None:
    """Twice the same, or one that does not exist."""
    await twice_taught(studio)
    compare = studio.services.versions.compare
    with pytest.raises(InvalidInput, match="two different"):
        await compare(ANNA, CHANNEL, CompareWish("xyz", (1, 1)))
    with pytest.raises(NotFound, match="no version 9"):
        await compare(ANNA, CHANNEL, CompareWish("xyz", (1, 9)))
    with pytest.raises(NotFound):
        await compare(STRANGER, CHANNEL, CompareWish("xyz", (1, 2)))
    waiting = [job for job in await studio.services.jobs.mine(ANNA) if not job.state.ended]
    assert waiting == []
