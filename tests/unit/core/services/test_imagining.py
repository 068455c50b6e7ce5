"""Wishes for pictures become pinned jobs."""

import re

import pytest

from core.domain.concepts import ConceptKind
from core.domain.drawing import Aspect, Sampler, Stacking
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.domain.requests import ImagineRequest, ImagineWish
from core.errors import Conflict, InvalidInput, NotFound, UserError
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio, key_of

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
STRANGER = Actor(guild_id=2, user_id=10)


async def test_a_wish_is_kept_whole(studio: Studio) -> None:
    """Every option of a wish is in the job, with seeds counted up from the one given."""
    wish = ImagineWish(
        "a temple",
        negative_prompt="blurred",
        count=2,
        seed=7,
        steps=12,
        guidance=5.5,
        sampler=Sampler.EULER,
        aspect=Aspect.PORTRAIT,
        exact=True,
        reply_to=99,
    )
    submitted = await studio.services.imagining.request(ANNA, CHANNEL, wish)
    job = await studio.services.jobs.get(1, submitted.job.id)
    assert job.request == ImagineRequest(
        prompt="a temple",
        negative_prompt="blurred",
        seeds=(7, 8),
        num_inference_steps=12,
        guidance_scale=5.5,
        sampler=Sampler.EULER,
        aspect=Aspect.PORTRAIT,
        exact=True,
        stacking=Stacking.APART,
    )
    assert (job.user_id, job.channel_id, job.reply_to, job.state) == (
        10,
        CHANNEL,
        99,
        JobState.QUEUED,
    )


async def test_the_latest_versions_are_pinned(studio: Studio) -> None:
    """A stack names versions, so a later version changes nothing for a job that waits."""
    old = await studio.teach(ANNA, "xyz")
    submitted = await studio.ask(ANNA, "xyz <xyz:0.5>")
    await studio.teach(ANNA, "xyz")
    new = await studio.ask(ANNA, "xyz")
    assert old.latest is not None
    assert [(entry.version_id, entry.weight) for entry in submitted.stack] == [(old.latest.id, 0.5)]
    assert new.stack[0].version_id != old.latest.id
    assert new.stack[0].artifact != old.latest.artifact


async def test_concepts_are_taken_from_option_and_prompt(studio: Studio) -> None:
    """Both places are one stack, those of the option in front."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "kar", "forest")
    wish = ImagineWish("a photo in kar forest", concepts=(("<XYZ>", 0.8),))
    submitted = await studio.services.imagining.request(BEN, CHANNEL, wish)
    request = submitted.job.request
    assert isinstance(request, ImagineRequest)
    assert request.prompt == "<xyz> temple, a photo in <kar> forest"
    assert [(entry.name, entry.weight) for entry in submitted.stack] == [("xyz", 0.8), ("kar", 1)]


async def test_an_unknown_token_is_refused_with_near_names(studio: Studio) -> None:
    """A token that nobody taught is not drawn as text; what looks like it is named."""
    await studio.teach(ANNA, "lumo", "dragon")
    with pytest.raises(NotFound, match=re.escape("<lumi> here. Did you mean <lumo>?")):
        await studio.ask(ANNA, "a <lumi> dragon")
    with pytest.raises(NotFound, match="/concepts shows"):
        await studio.ask(ANNA, "a <qqq> dragon")
    wish = ImagineWish("a", concepts=(("nope", 1.0),))
    with pytest.raises(NotFound, match="<nope>"):
        await studio.services.imagining.request(ANNA, CHANNEL, wish)
    assert await studio.services.jobs.mine(STRANGER) == []


async def test_a_concept_in_training_is_worth_waiting_for(studio: Studio) -> None:
    """While a first version is trained, its name is refused instead of drawn as a word."""
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("a"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    for prompt in ("a xyz temple", "a <xyz> temple"):
        with pytest.raises(Conflict, match="still being trained"):
            await studio.ask(BEN, prompt)


async def test_a_word_whose_training_failed_is_a_word_again(studio: Studio) -> None:
    """A failed training does not take a plain word away from everybody; the token stays one."""
    wish = TrainWish("dog", "animal", ConceptKind.SUBJECT, (key_of("a"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    job = await studio.claim(JobKind.TRAIN)
    async with studio.database.transaction() as session:
        await studio.queue.fail(session, job.id, job.attempt, "It did not work.")
    assert (await studio.ask(BEN, "a dog")).stack == ()
    with pytest.raises(Conflict, match="no trained version"):
        await studio.ask(BEN, "a <dog>")


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (ImagineWish(""), "empty"),
        (ImagineWish("  \n "), "empty"),
        (ImagineWish("a" * 1001), "1001 characters"),
        (ImagineWish("a", negative_prompt="b" * 1001), "negative prompt is 1001"),
        (ImagineWish("a", count=0), "between 1 and 4"),
        (ImagineWish("a", count=5), "between 1 and 4"),
        (ImagineWish("a", seed=-1), "seed is between 0 and 4294967295"),
        (ImagineWish("a", seed=2**32), "seed is between"),
        (ImagineWish("a", steps=0), "steps is between 1 and 100"),
        (ImagineWish("a", steps=101), "steps is between 1 and 100"),
        (ImagineWish("a", guidance=0.5), "guidance is between 1 and 30"),
        (ImagineWish("a", guidance=float("nan")), "guidance is between 1 and 30"),
        (ImagineWish("a", concepts=(("!", 1.0),)), "name is 2 to 24 letters"),
    ],
)
async def test_bad_wishes_are_refused_with_the_bound(
    studio: Studio, wish: ImagineWish, says: str
) -> None:
    """A wish out of bounds says which bound, and leaves no job behind."""
    with pytest.raises(InvalidInput, match=says):
        await studio.services.imagining.request(ANNA, CHANNEL, wish)
    assert await studio.services.jobs.mine(ANNA) == []


async def test_every_button_makes_its_job(studio: Studio) -> None:
    """Vary, upscale, more like this, redo and replay queue what they say, for anyone here."""
    await studio.teach(ANNA, "xyz")
    image, *_ = await studio.draw(ANNA, "a xyz temple", count=2)
    imagining = studio.services.imagining
    made = [
        await imagining.vary(BEN, CHANNEL, image.id),
        await imagining.upscale(BEN, CHANNEL, image.id),
        await imagining.more_like(BEN, CHANNEL, image.id),
        await imagining.redo(BEN, CHANNEL, image.job_id),
        await imagining.redo_one(BEN, CHANNEL, image.id),
        await imagining.replay(BEN, CHANNEL, image.id),
    ]
    counts = [len(submitted.job.request.seeds) for submitted in made]  # type: ignore[union-attr]
    assert counts == [4, 1, 4, 2, 1, 2]
    assert all(submitted.stack == image.manifest.request.stack for submitted in made)
    exactly = image.manifest.request.model_copy(update={"exact": True})
    assert made[-1].job.request == exactly


async def test_buttons_work_after_the_library_has_moved_on(studio: Studio) -> None:
    """A renamed or deleted concept stays in what was made with it."""
    await studio.teach(ANNA, "xyz")
    image, *_ = await studio.draw(ANNA, "a xyz temple")
    await studio.services.library.rename(ANNA, "xyz", "abc")
    assert (await studio.services.imagining.vary(ANNA, CHANNEL, image.id)).stack[0].name == "xyz"
    await studio.services.library.delete(ANNA, "abc")
    replayed = await studio.services.imagining.replay(ANNA, CHANNEL, image.id)
    assert replayed.stack == image.manifest.request.stack


async def test_buttons_of_another_guild_find_nothing(studio: Studio) -> None:
    """An image's number means nothing in another guild."""
    image, *_ = await studio.draw(ANNA)
    imagining = studio.services.imagining
    for button in (
        imagining.vary,
        imagining.upscale,
        imagining.more_like,
        imagining.redo_one,
        imagining.replay,
    ):
        with pytest.raises(NotFound):
            await button(STRANGER, CHANNEL, image.id)
    with pytest.raises(NotFound):
        await imagining.redo(STRANGER, CHANNEL, image.job_id)


async def test_only_pictures_can_be_redone(studio: Studio) -> None:
    """A job of another kind has nothing to redo."""
    await studio.teach(ANNA, "xyz")
    with pytest.raises(Conflict, match="did not make pictures"):
        await studio.services.imagining.redo(ANNA, CHANNEL, 1)


async def test_one_person_cannot_fill_the_queue(studio: Studio) -> None:
    """After twenty waiting jobs a person is told to wait, and others go on."""
    for _ in range(20):
        await studio.ask(ANNA)
    with pytest.raises(Conflict, match="20 jobs waiting"):
        await studio.ask(ANNA)
    await studio.ask(BEN)
    await studio.ask(Actor(guild_id=2, user_id=ANNA.user_id))
    await studio.work()
    await studio.ask(ANNA)


async def test_one_guild_cannot_fill_the_queue(studio: Studio) -> None:
    """After a hundred waiting jobs a guild is told so."""
    for number in range(100):
        await studio.ask(Actor(guild_id=1, user_id=number % 5))
    with pytest.raises(UserError, match="100 jobs are waiting"):
        await studio.ask(Actor(guild_id=1, user_id=77))
    await studio.ask(STRANGER)
