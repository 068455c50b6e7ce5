"""Claim, lease, report, end, lose."""

import asyncio

import pytest

from core.domain.jobs import MAX_ATTEMPTS, Job, JobKind, JobState, Progress
from core.domain.requests import ImagineRequest, TranscribeRequest
from core.errors import NotFound
from core.queue.transitions import move
from tests.studio import CHANNEL, LEASE_S, Studio, key_of

IMAGINE = (JobKind.IMAGINE,)


async def enqueue(studio: Studio, guild_id: int = 1, kind: JobKind = JobKind.IMAGINE) -> Job:
    request: ImagineRequest | TranscribeRequest = ImagineRequest(prompt="a", seeds=(1,))
    if kind is JobKind.TRANSCRIBE:
        request = TranscribeRequest(audio=key_of("a"))
    async with studio.database.transaction() as session:
        return await studio.queue.enqueue(
            session, guild_id=guild_id, user_id=10, channel_id=CHANNEL, request=request
        )


async def state_of(studio: Studio, job: Job) -> JobState:
    return (await studio.services.jobs.get(job.guild_id, job.id)).state


async def end(studio: Studio, job: Job, how: str) -> bool:
    async with studio.database.transaction() as session:
        if how == "fail":
            return await studio.queue.fail(session, job.id, job.attempt, "Sorry.")
        if how == "cancelled":
            return await studio.queue.cancelled(session, job.id, job.attempt)
        return await studio.queue.complete(session, job.id, job.attempt)


async def test_an_empty_queue_gives_nothing(studio: Studio) -> None:
    """There is nothing to claim, and of other kinds nothing either."""
    assert await studio.queue.claim(IMAGINE, worker="w", lease_s=LEASE_S) is None
    await enqueue(studio, kind=JobKind.TRANSCRIBE)
    assert await studio.queue.claim(IMAGINE, worker="w", lease_s=LEASE_S) is None
    assert await studio.queue.claim((), worker="w", lease_s=LEASE_S) is None


async def test_a_claimed_job_runs_its_first_attempt(studio: Studio) -> None:
    """It is whole, runs, and nobody else gets it."""
    queued = await enqueue(studio)
    job = await studio.claim()
    assert (job.id, job.state, job.attempt, job.request) == (
        queued.id,
        JobState.RUNNING,
        1,
        queued.request,
    )
    assert job.started_at is not None
    assert await studio.queue.claim(IMAGINE, worker="w", lease_s=LEASE_S) is None


async def test_many_claims_at_once_share_the_jobs(studio: Studio) -> None:
    """Each of several claims at once gets another job."""
    jobs = [await enqueue(studio) for _ in range(5)]
    claims = await asyncio.gather(
        *(studio.queue.claim(IMAGINE, worker="w", lease_s=LEASE_S) for _ in range(8))
    )
    taken = [job.id for job in claims if job is not None]
    assert sorted(taken) == [job.id for job in jobs]


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ("complete", JobState.SUCCEEDED),
        ("fail", JobState.FAILED),
        ("cancelled", JobState.CANCELLED),
    ],
)
async def test_a_job_ends_once(studio: Studio, how: str, state: JobState) -> None:
    """The first end counts, with one delivery; every later one is told so."""
    await enqueue(studio)
    job = await studio.claim()
    assert await end(studio, job, how)
    assert await state_of(studio, job) is state
    for again in ("complete", "fail", "cancelled"):
        assert not await end(studio, job, again)
    assert await state_of(studio, job) is state
    assert [due.job_id for due in await studio.services.outbox.due(10)] == [job.id]


async def test_a_queued_job_cannot_end_as_if_it_ran(studio: Studio) -> None:
    """Nothing that was not claimed can succeed."""
    job = await enqueue(studio)
    assert not await end(studio, job, "complete")
    assert await state_of(studio, job) is JobState.QUEUED


async def test_progress_belongs_to_an_attempt(studio: Studio) -> None:
    """What a lost attempt still reports is not written, and neither is its checkpoint."""
    await enqueue(studio)
    lost = await studio.claim()
    await studio.queue.report(lost.id, lost.attempt, Progress(done=3, total=20, note="drawing"))
    await studio.queue.checkpoint(lost.id, lost.attempt, key_of("first"))
    await studio.queue.lose(lost.id, lost.attempt, "died", alone=True)
    job = await studio.claim()
    assert (job.attempt, job.checkpoint) == (2, key_of("first"))
    await studio.queue.report(lost.id, lost.attempt, Progress(done=9, total=20))
    await studio.queue.checkpoint(lost.id, lost.attempt, key_of("stale"))
    now = await studio.services.jobs.get(1, job.id)
    assert now.progress == Progress(done=3, total=20, note="drawing")
    assert now.checkpoint == key_of("first")


async def test_a_poison_job_is_given_up_with_a_clear_word(studio: Studio) -> None:
    """After three lost runs it fails, and its person is told."""
    await enqueue(studio)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        job = await studio.claim()
        assert job.attempt == attempt
        state = await studio.queue.lose(job.id, job.attempt, "the worker died", alone=True)
    assert state is JobState.FAILED
    failed = await studio.services.jobs.get(1, job.id)
    assert failed.error is not None
    assert "3 times" in failed.error
    assert len(await studio.services.outbox.due(10)) == 1


async def test_who_had_company_is_not_given_up(studio: Studio) -> None:
    """However many workers end while two jobs share them, neither job is failed for it."""
    first, second = await enqueue(studio), await enqueue(studio)
    for _ in range(2 * MAX_ATTEMPTS):
        for job in [await studio.claim(), await studio.claim()]:
            state = await studio.queue.lose(job.id, job.attempt, "the worker died", alone=False)
            assert state is JobState.QUEUED
    assert [(await studio.claim()).id for _ in range(2)] == [first.id, second.id]


async def test_jobs_of_a_restart_are_suspects_only(studio: Studio) -> None:
    """What ran together when the program was killed is not brought nearer to being given up."""
    for _ in range(2):
        await enqueue(studio)
    for _ in range(2 * MAX_ATTEMPTS):
        await studio.claim()
        await studio.claim()
        assert await studio.queue.recover() == 2
    assert (await studio.claim()).suspect


async def test_a_checkpoint_clears_a_suspect(studio: Studio) -> None:
    """A training that gets on from checkpoint to checkpoint is not what ends the workers."""
    await enqueue(studio)
    for _ in range(2 * MAX_ATTEMPTS):
        job = await studio.claim()
        await studio.queue.checkpoint(job.id, job.attempt, key_of("saved"))
        state = await studio.queue.lose(job.id, job.attempt, "the worker died", alone=True)
        assert state is JobState.QUEUED
    assert (await studio.claim()).losses == 1


async def test_a_job_put_down_on_purpose_is_not_counted(studio: Studio) -> None:
    """However often the program is stopped in good order, the job goes on."""
    await enqueue(studio)
    for _ in range(MAX_ATTEMPTS + 2):
        job = await studio.claim()
        assert await studio.queue.release(job.id, job.attempt) is JobState.QUEUED
    assert (await studio.claim()).attempt == MAX_ATTEMPTS + 3


async def test_a_stale_attempt_loses_nothing(studio: Studio) -> None:
    """Losing an attempt that was lost already is no news."""
    await enqueue(studio)
    first = await studio.claim()
    await studio.queue.lose(first.id, first.attempt, "died", alone=True)
    second = await studio.claim()
    assert await studio.queue.lose(first.id, first.attempt, "died", alone=True) is None
    assert await studio.queue.release(first.id, first.attempt) is None
    assert await state_of(studio, second) is JobState.RUNNING
    assert await studio.queue.lose(404, 1, "died", alone=True) is None


async def test_a_lease_without_heartbeat_runs_out(studio: Studio) -> None:
    """Its job waits again; one with a heartbeat goes on."""
    await enqueue(studio)
    await enqueue(studio)
    quiet = await studio.queue.claim(IMAGINE, worker="w", lease_s=-1)
    alive = await studio.queue.claim(IMAGINE, worker="w", lease_s=-1)
    assert quiet is not None
    assert alive is not None
    await studio.queue.heartbeat([alive.id], lease_s=LEASE_S)
    assert await studio.queue.expire_leases() == 1
    assert await state_of(studio, quiet) is JobState.QUEUED
    assert await state_of(studio, alive) is JobState.RUNNING
    assert await studio.queue.expire_leases() == 0


async def test_after_a_kill_everything_goes_on_at_once(studio: Studio) -> None:
    """Recovering does not wait for leases, and keeps what was reached."""
    jobs = [await enqueue(studio) for _ in range(3)]
    await studio.claim()
    job = await studio.claim()
    await studio.queue.checkpoint(job.id, job.attempt, key_of("half"))
    await studio.close()
    studio.open()
    assert await studio.queue.recover() == 2
    again = [await studio.claim() for _ in range(3)]
    assert [job.id for job in again] == [job.id for job in jobs]
    assert [job.attempt for job in again] == [2, 2, 1]
    assert again[1].checkpoint == key_of("half")


@pytest.mark.parametrize("ending", ["release", "lose", "recover"])
async def test_what_was_to_be_cancelled_does_not_come_back(studio: Studio, ending: str) -> None:
    """A job whose run ended before it could be cancelled is cancelled then."""
    queued = await enqueue(studio)
    job = await studio.claim()
    async with studio.database.transaction() as session:
        assert await studio.queue.cancel(session, job.id) is JobState.RUNNING
    if ending == "release":
        await studio.queue.release(job.id, job.attempt)
    elif ending == "lose":
        await studio.queue.lose(job.id, job.attempt, "died", alone=True)
    else:
        await studio.queue.recover()
    assert await state_of(studio, queued) is JobState.CANCELLED
    assert len(await studio.services.outbox.due(10)) == 1
    assert await studio.queue.cancel_requests() == []


async def test_cancelling_what_has_ended_changes_nothing(studio: Studio) -> None:
    """The state that it ended in is the answer."""
    await enqueue(studio)
    job = await studio.claim()
    await end(studio, job, "complete")
    async with studio.database.transaction() as session:
        assert await studio.queue.cancel(session, job.id) is JobState.SUCCEEDED
    assert len(await studio.services.outbox.due(10)) == 1


async def test_cancelling_what_never_was_is_said(studio: Studio) -> None:
    """An unknown number is not found."""
    with pytest.raises(NotFound):
        async with studio.database.transaction() as session:
            await studio.queue.cancel(session, 404)


async def test_a_transition_that_does_not_exist_is_a_mistake(studio: Studio) -> None:
    """The rules of the domain hold for the code too."""
    job = await enqueue(studio)
    async with studio.database.transaction() as session:
        with pytest.raises(ValueError, match="no job goes from"):
            await move(session, job.id, source=JobState.QUEUED, target=JobState.SUCCEEDED)


async def test_each_event_rings_its_bell(studio: Studio) -> None:
    """New work, progress and an end each wake whoever waits for them."""
    bells = studio.bells
    await enqueue(studio)
    assert await bells.jobs.wait(timeout_s=10)
    job = await studio.claim()
    await studio.queue.report(job.id, job.attempt, Progress(done=1, total=2))
    assert await bells.progress.wait(timeout_s=10)
    async with studio.database.transaction() as session:
        await studio.queue.cancel(session, job.id)
    assert await bells.jobs.wait(timeout_s=10)
    assert not await bells.deliveries.wait(timeout_s=0.01)
    await end(studio, job, "cancelled")
    assert await bells.deliveries.wait(timeout_s=10)
    assert await bells.jobs.wait(timeout_s=10)
