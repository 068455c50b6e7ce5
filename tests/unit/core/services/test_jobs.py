"""Jobs as people see them."""

import pytest

from core.domain.concepts import ConceptKind
from core.domain.jobs import JobKind, JobState, Progress
from core.domain.people import Actor
from core.domain.requests import TrainRequest
from core.errors import Conflict, NotAllowed, NotFound
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio, key_of

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)


async def test_mine_are_the_open_ones_and_then_the_last_ended(studio: Studio) -> None:
    """Open jobs come oldest first, then at most ten ended ones, the newest first."""
    for _ in range(12):
        await studio.ask(ANNA)
        await studio.work()
    await studio.ask(BEN)
    await studio.ask(ANNA)
    await studio.ask(ANNA)
    mine = [job.id for job in await studio.services.jobs.mine(ANNA)]
    assert mine == [14, 15, *range(12, 2, -1)]
    assert await studio.services.jobs.mine(STRANGER) == []


async def test_a_job_is_seen_in_its_guild_only(studio: Studio) -> None:
    """Another guild's job does not exist."""
    submitted = await studio.ask(ANNA)
    assert await studio.services.jobs.get(1, submitted.job.id) == submitted.job
    with pytest.raises(NotFound, match="/jobs"):
        await studio.services.jobs.get(2, submitted.job.id)


async def test_a_waiting_job_is_cancelled_at_once(studio: Studio) -> None:
    """It ends, and its person is told once."""
    submitted = await studio.ask(ANNA)
    job = await studio.services.jobs.cancel(ANNA, submitted.job.id)
    assert job.state is JobState.CANCELLED
    assert [due.job_id for due in await studio.services.outbox.due(10)] == [job.id]
    with pytest.raises(Conflict, match="ended already"):
        await studio.services.jobs.cancel(ANNA, job.id)


async def test_a_running_job_is_asked_to_stop(studio: Studio) -> None:
    """The dispatcher finds the request; the job ends when the worker says so."""
    submitted = await studio.ask(ANNA)
    await studio.claim()
    job = await studio.services.jobs.cancel(ANNA, submitted.job.id)
    assert job.state is JobState.RUNNING
    assert await studio.queue.cancel_requests() == [job.id]
    assert await studio.services.outbox.due(10) == []


async def train(studio: Studio) -> int:
    """The number of a training that is queued."""
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("a"),))
    return (await studio.services.training.start(ANNA, CHANNEL, wish)).job.id


async def test_a_running_training_is_asked_to_end_early(studio: Studio) -> None:
    """The wish is in the request, so it is there for the next worker as well."""
    job_id = await train(studio)
    await studio.claim()
    job = await studio.services.jobs.end_early(ANNA, job_id)
    assert job.state is JobState.RUNNING
    assert isinstance(job.request, TrainRequest)
    assert job.request.ends_early
    assert await studio.queue.early_ends() == [job_id]
    assert await studio.queue.cancel_requests() == []
    await studio.queue.checkpoint(job_id, 1, key_of("checkpoint"))
    await studio.queue.lose(job_id, 1, "died", alone=True)
    assert await studio.queue.early_ends() == []
    await studio.close()
    studio.open()
    again = await studio.claim()
    assert again.request == job.request
    assert await studio.queue.early_ends() == [job_id]


async def test_a_training_that_has_not_begun_is_cancelled_instead(studio: Studio) -> None:
    """There is nothing to keep; one that waits with a checkpoint keeps that."""
    job_id = await train(studio)
    job = await studio.services.jobs.end_early(ANNA, job_id)
    assert job.state is JobState.CANCELLED
    job_id = await train(studio)
    claimed = await studio.claim()
    await studio.queue.checkpoint(job_id, claimed.attempt, key_of("checkpoint"))
    await studio.queue.release(job_id, claimed.attempt)
    job = await studio.services.jobs.end_early(ANNA, job_id)
    assert job.state is JobState.QUEUED
    assert isinstance(job.request, TrainRequest)
    assert job.request.ends_early


async def test_only_a_training_of_ones_own_that_goes_on_is_ended_early(studio: Studio) -> None:
    """Each refusal says why, and changes nothing."""
    drawing = (await studio.ask(ANNA)).job.id
    with pytest.raises(Conflict, match="learns nothing that could be kept"):
        await studio.services.jobs.end_early(ANNA, drawing)
    job_id = await train(studio)
    with pytest.raises(NotAllowed, match="Only who started this job or a moderator can end it"):
        await studio.services.jobs.end_early(BEN, job_id)
    with pytest.raises(NotFound):
        await studio.services.jobs.end_early(STRANGER, job_id)
    await studio.work(JobKind.TRAIN)
    with pytest.raises(Conflict, match="has ended already, so it cannot be ended early"):
        await studio.services.jobs.end_early(MODERATOR, job_id)


async def test_who_may_cancel(studio: Studio) -> None:
    """The one who asked and moderators of that guild."""
    submitted = await studio.ask(ANNA)
    with pytest.raises(NotAllowed):
        await studio.services.jobs.cancel(BEN, submitted.job.id)
    with pytest.raises(NotFound):
        await studio.services.jobs.cancel(STRANGER, submitted.job.id)
    job = await studio.services.jobs.cancel(MODERATOR, submitted.job.id)
    assert job.state is JobState.CANCELLED


async def test_active_jobs_are_those_with_a_message_to_update(studio: Studio) -> None:
    """A job is followed from when its status message exists until it ends."""
    submitted = await studio.ask(ANNA)
    await studio.ask(BEN)
    assert await studio.services.jobs.active() == []
    attached = await studio.services.jobs.attach_status(submitted.job.id, 900)
    assert attached.status_message_id == 900
    assert await studio.services.jobs.active() == [attached]
    await studio.work()
    assert await studio.services.jobs.active() == []


async def test_a_status_message_that_comes_late_finds_the_job_ended(studio: Studio) -> None:
    """Whoever posted it can see that it is of no use any more."""
    submitted = await studio.ask(ANNA)
    await studio.work()
    assert (await studio.services.jobs.attach_status(submitted.job.id, 900)).state.ended
    with pytest.raises(NotFound):
        await studio.services.jobs.attach_status(77, 900)


async def test_history_tells_every_state(studio: Studio) -> None:
    """Each transition leaves a line with its attempt and cause."""
    submitted = await studio.ask(ANNA)
    job = await studio.claim()
    await studio.queue.lose(job.id, job.attempt, "the worker died", alone=True)
    await studio.work()
    history = await studio.services.jobs.history(submitted.job.id)
    assert [(line.state, line.attempt, line.cause) for line in history] == [
        (JobState.QUEUED, 0, ""),
        (JobState.RUNNING, 1, ""),
        (JobState.QUEUED, 1, "the worker died"),
        (JobState.RUNNING, 2, ""),
        (JobState.SUCCEEDED, 2, ""),
    ]
    assert history[0].at <= history[-1].at


async def test_position_and_estimate_follow_the_queue(studio: Studio) -> None:
    """The first jobs tell how long the next will take, and progress shortens it."""
    first = await studio.ask(ANNA)
    assert first.eta_s is None
    await studio.work()  # took 2 s
    running, waiting = await studio.ask(ANNA), await studio.ask(ANNA)
    jobs = studio.services.jobs
    job = await studio.claim(JobKind.IMAGINE)
    await studio.queue.report(job.id, job.attempt, Progress(done=15, total=20))
    assert await jobs.eta_s(await jobs.get(1, running.job.id)) == pytest.approx(0.5)
    assert await jobs.position(waiting.job) == 1
    assert await jobs.eta_s(waiting.job) == pytest.approx(2.5)
    assert await jobs.eta_s(await jobs.get(1, first.job.id)) is None
