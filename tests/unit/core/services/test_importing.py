"""Files of other tools become concepts."""

import pytest

from core.dispatch.messages import Failed
from core.domain.concepts import ConceptKind
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.services.importing import ImportWish
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio, answer, key_of

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
STRANGER = Actor(guild_id=2, user_id=10)
FILE = key_of("a file")


def wish(name="xyz", noun="temple", kind=ConceptKind.SUBJECT):
    return ImportWish(name, noun, kind, FILE, "temple_v3.safetensors")


async def start(studio: Studio, actor: Actor = ANNA, **changes: object):
    return await studio.services.importing.start(actor, CHANNEL, wish(**changes))


async def test_a_file_becomes_the_first_version_of_a_new_concept(studio: Studio) -> None:
    """It can be used like a taught one, and says where it came from."""
    submitted = await start(studio, name="<XYZ>", noun="Old  Temple")
    assert submitted.job.kind is JobKind.IMPORT
    with pytest.raises(NotFound):
        await studio.services.library.find(1, "xyz")
    await studio.work(JobKind.IMPORT)
    concept = await studio.services.library.find(1, "xyz")
    assert (concept.class_noun, concept.owner_id, concept.kind) == (
        "old temple",
        10,
        ConceptKind.SUBJECT,
    )
    version = await studio.services.library.version_of_job(submitted.job.id)
    assert version == concept.latest
    assert (version.number, version.pictures, version.parents) == (1, (), ())
    assert version.origin is not None
    assert (version.origin.file, version.origin.file_name) == (FILE, "temple_v3.safetensors")
    used = await studio.ask(ANNA, "a <xyz> in the sun")
    assert [entry.artifact for entry in used.stack] == [version.artifact]


async def test_a_file_becomes_a_further_version(studio: Studio) -> None:
    """Of one's own concept of the same class; what was taught has no origin."""
    taught = await studio.teach(ANNA, "xyz")
    await start(studio)
    await studio.work(JobKind.IMPORT)
    first, second = reversed(await studio.services.library.versions(taught))
    assert (first.number, second.number) == (1, 2)
    assert first.origin is None
    assert second.origin is not None


async def test_what_cannot_be_taken_leaves_nothing_behind(studio: Studio) -> None:
    """A refused or cancelled file makes no concept, and its sentence reaches the person."""
    submitted = await start(studio)
    job = await studio.claim(JobKind.IMPORT)
    failed = Failed(job.id, job.attempt, "The file is damaged.", users_fault=True)
    await studio.services.results.finish(failed)
    ended = await studio.services.jobs.get(1, submitted.job.id)
    assert (ended.state, ended.error) == (JobState.FAILED, "The file is damaged.")
    cancelled = await start(studio)
    await studio.services.jobs.cancel(ANNA, cancelled.job.id)
    assert await studio.services.library.list(1) == []


@pytest.mark.parametrize("bad", [{"name": "no name"}, {"noun": "123"}])
async def test_words_are_checked_first(studio: Studio, bad: dict[str, str]) -> None:
    """A name or a class that cannot be used queues nothing."""
    with pytest.raises(InvalidInput):
        await start(studio, **bad)
    assert await studio.services.jobs.mine(ANNA) == []


async def test_names_of_others_and_of_other_things_are_refused(studio: Studio) -> None:
    """As for teaching: the owner, the class and the kind must be right, and nothing under way."""
    await studio.teach(ANNA, "xyz")
    with pytest.raises(NotAllowed):
        await start(studio, BEN)
    for changes in ({"noun": "dog"}, {"kind": ConceptKind.STYLE}):
        with pytest.raises(Conflict, match="choose another name"):
            await start(studio, **changes)
    await start(studio, MODERATOR)
    with pytest.raises(Conflict, match="being trained right now"):
        await start(studio)
    teaching = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("a"),))
    with pytest.raises(Conflict, match="being trained right now"):
        await studio.services.training.start(ANNA, CHANNEL, teaching)
    with pytest.raises(Conflict, match="being trained"):
        await studio.services.library.delete(ANNA, "xyz")


async def test_name_given_away_meanwhile_is_told(studio: Studio) -> None:
    """Two people take the same new name: the first to end has it, the other is told whose it is."""
    await start(studio, ANNA)
    theirs = await start(studio, BEN)
    first, second = [await studio.claim(JobKind.IMPORT) for _ in range(2)]
    await studio.services.results.finish(answer(first))
    await studio.services.results.finish(answer(second))
    job = await studio.services.jobs.get(1, theirs.job.id)
    assert job.state is JobState.FAILED
    assert "belongs to somebody else" in (job.error or "")
    (concept,) = await studio.services.library.list(1)
    assert concept.owner_id == ANNA.user_id


async def test_a_training_that_failed_does_not_keep_a_file_out(studio: Studio) -> None:
    """Of another class and another person: its concept takes the place of what has no version."""
    teaching = TrainWish("xyz", "dog", ConceptKind.STYLE, (key_of("a"),))
    await studio.services.training.start(ANNA, CHANNEL, teaching)
    job = await studio.claim(JobKind.TRAIN)
    with pytest.raises(NotAllowed):
        await start(studio, BEN)
    await studio.services.results.finish(Failed(job.id, job.attempt, "Dark.", users_fault=True))
    await start(studio, BEN)
    await studio.work(JobKind.IMPORT)
    (concept,) = await studio.services.library.list(1)
    assert (concept.owner_id, concept.class_noun, concept.kind) == (
        BEN.user_id,
        "temple",
        ConceptKind.SUBJECT,
    )


async def test_same_name_in_another_guild_is_another_concept(studio: Studio) -> None:
    """Nothing crosses from one guild to another."""
    await start(studio, ANNA)
    await start(studio, STRANGER)
    for _ in range(2):
        await studio.work(JobKind.IMPORT)
    here, there = [await studio.services.library.find(guild, "xyz") for guild in (1, 2)]
    assert here.id != there.id


async def test_answer_told_twice_makes_one_version(studio: Studio) -> None:
    """A stale attempt is dropped."""
    await start(studio)
    job = await studio.claim(JobKind.IMPORT)
    for _ in range(2):
        await studio.services.results.finish(answer(job))
    concept = await studio.services.library.find(1, "xyz")
    assert len(await studio.services.library.versions(concept)) == 1
