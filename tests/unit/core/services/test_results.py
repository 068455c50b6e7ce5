"""How a job ends."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from core.db.tables import DeliveryRow, ImageRow, SpeedRow, TranscriptRow, VersionRow
from core.dispatch.messages import Cancelled, Ended, Failed, Released
from core.domain.concepts import ConceptKind
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio, answer, key_of

ANNA = Actor(guild_id=1, user_id=10)
WRITTEN = (ImageRow, VersionRow, TranscriptRow, SpeedRow, DeliveryRow)


async def rows(studio: Studio) -> list[int]:
    """How many images, versions, transcripts, speeds and deliveries there are."""
    async with studio.database.session() as session:
        return [await session.scalar(select(func.count()).select_from(row)) or 0 for row in WRITTEN]


async def test_pictures_are_written_with_the_end_of_their_job(studio: Studio) -> None:
    """State, pictures, speed and delivery appear together."""
    await studio.ask(ANNA, count=3)
    job = await studio.work()
    assert job.state is JobState.SUCCEEDED
    assert job.ended_at is not None
    assert await rows(studio) == [3, 0, 0, 1, 1]


async def test_an_answer_told_twice_counts_once(studio: Studio) -> None:
    """A repeated answer changes nothing."""
    await studio.ask(ANNA)
    job = await studio.claim()
    for _ in range(2):
        await studio.services.results.finish(answer(job))
    assert await rows(studio) == [4, 0, 0, 1, 1]


@pytest.mark.parametrize("kind", JobKind)
async def test_an_answer_of_a_lost_attempt_is_dropped(studio: Studio, kind: JobKind) -> None:
    """Only the attempt that holds the job can end it."""
    if kind is JobKind.IMAGINE:
        await studio.ask(ANNA)
    elif kind is JobKind.TRANSCRIBE:
        await studio.services.voice.hear(ANNA, CHANNEL, key_of("audio"))
    else:
        wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("a"),))
        await studio.services.training.start(ANNA, CHANNEL, wish)
    stale = await studio.claim()
    await studio.queue.lose(stale.id, stale.attempt, "the worker died", alone=True)
    await studio.services.results.finish(answer(stale))
    assert await rows(studio) == [0, 0, 0, 0, 0]
    fresh = await studio.claim()
    await studio.services.results.finish(answer(stale))
    assert await rows(studio) == [0, 0, 0, 0, 0]
    await studio.services.results.finish(answer(fresh))
    assert (await studio.services.jobs.get(1, fresh.id)).state is JobState.SUCCEEDED


async def test_a_failure_of_the_wish_is_told_as_it_is(studio: Studio) -> None:
    """A sentence for the person reaches the person."""
    await studio.ask(ANNA)
    job = await studio.claim()
    failed = Failed(job.id, job.attempt, "The picture is too dark.", users_fault=True)
    await studio.services.results.finish(failed)
    ended = await studio.services.jobs.get(1, job.id)
    assert (ended.state, ended.error) == (JobState.FAILED, "The picture is too dark.")
    assert await rows(studio) == [0, 0, 0, 0, 1]


async def test_a_failure_of_ours_is_told_without_its_cause(studio: Studio) -> None:
    """The person gets the number of the job, the history gets the cause."""
    await studio.ask(ANNA)
    job = await studio.claim()
    failed = Failed(job.id, job.attempt, "CUDA out of memory", users_fault=False)
    await studio.services.results.finish(failed)
    ended = await studio.services.jobs.get(1, job.id)
    assert ended.error is not None
    assert f"job {job.id}" in ended.error
    assert "CUDA" not in ended.error
    assert (await studio.services.jobs.history(job.id))[-1].cause == "CUDA out of memory"


@pytest.mark.parametrize(
    ("ended", "state", "deliveries"),
    [(Cancelled(1, 1), JobState.CANCELLED, 1), (Released(1, 1), JobState.QUEUED, 0)],
)
async def test_ends_without_a_result(
    studio: Studio, ended: Ended, state: JobState, deliveries: int
) -> None:
    """A stopped job ends and is told; one that was put down waits again."""
    await studio.ask(ANNA)
    await studio.claim()
    await studio.services.results.finish(ended)
    assert (await studio.services.jobs.get(1, 1)).state is state
    assert await rows(studio) == [0, 0, 0, 0, deliveries]


async def test_an_answer_that_cannot_be_written_changes_nothing(studio: Studio) -> None:
    """All or nothing: a result that does not fit leaves the job running."""
    await studio.ask(ANNA)
    job = await studio.claim()
    other = replace(job, request=(await studio.services.voice.hear(ANNA, 1, "a")).job.request)
    with pytest.raises(TypeError):
        await studio.services.results.finish(answer(other))
    assert (await studio.services.jobs.get(1, job.id)).state is JobState.RUNNING
    assert await rows(studio) == [0, 0, 0, 0, 0]


async def test_a_version_comes_even_if_its_concept_was_renamed(studio: Studio) -> None:
    """A training belongs to its concept, not to the name that it had."""
    await studio.teach(ANNA, "xyz")
    concept = await studio.services.library.rename(ANNA, "xyz", "abc")
    again = await studio.teach(ANNA, "abc")
    assert again.id == concept.id
    assert again.latest is not None
    assert again.latest.number == 2
