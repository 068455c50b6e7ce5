"""The dispatcher over a real queue, with workers that are played by this test."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from core.db import Database
from core.dispatch.dispatcher import Dispatcher
from core.dispatch.messages import (
    Broken,
    Cancel,
    Cancelled,
    Checkpointed,
    Drain,
    EndEarly,
    Failed,
    Progressed,
    Ready,
    Released,
    Run,
)
from core.domain.concepts import ConceptKind
from core.domain.jobs import JobKind, JobState, Progress
from core.domain.people import Actor
from core.domain.requests import ImagineRequest, TranscribeRequest
from core.errors import ModelFault
from core.queue import Bells, Queue
from core.services.services import Services
from core.services.training import TrainWish
from core.settings import load_settings
from core.storage import Storage

READY = Ready("pocket", "pocket", 64, "cpu", "float32", "pocket", ("en",))
BATCHING = replace(READY, imagine_jobs=3)
ACTOR = Actor(guild_id=1, user_id=2)
IMAGINE = ImagineRequest(prompt="a house", seeds=(1,))
HEAR = TranscribeRequest(audio="0" * 64)


class PlayedWorker:
    """A worker whose part a test plays: it hears by `told`, and speaks by `say`."""

    pid = 1

    def __init__(self, *first):
        self.told = asyncio.Queue()
        self._said = asyncio.Queue()
        self._over = asyncio.Event()
        self._code = 0
        for message in first:
            self.say(message)

    def start(self):
        pass

    def say(self, message):
        self._said.put_nowait(message)

    async def send(self, message):
        self.told.put_nowait(message)

    async def messages(self):
        while (message := await self._said.get()) is not None:
            yield message

    def die(self, code):
        if not self._over.is_set():
            self._code = code
            self._over.set()
            self.say(None)

    def kill(self):
        self.die(-9)

    async def ended(self):
        await self._over.wait()
        return self._code


async def told_to_run(worker, count):
    """The numbers of the next jobs that a worker is given."""
    return [(await worker.told.get()).job_id for _ in range(count)]


class Stage:
    """A dispatcher with a line of workers waiting to be played."""

    def __init__(self, tmp_path):
        settings = load_settings(data_dir=tmp_path, _env_file=None)
        self.database = Database(settings.database)
        self.bells = Bells()
        self.queue = Queue(self.database, self.bells)
        storage = Storage(settings.blobs)
        self.services = Services(self.database, storage, self.queue, self.bells, settings)
        self.workers = asyncio.Queue()
        self.dispatcher = self.new_dispatcher()

    def new_dispatcher(self):
        return Dispatcher(self.queue, self.services.results, self.bells, self.workers.get_nowait)

    def enter(self, *first):
        """The next worker that the dispatcher starts."""
        worker = PlayedWorker(*first)
        self.workers.put_nowait(worker)
        return worker

    async def add(self, request, guild_id=1):
        async with self.database.transaction() as session:
            job = await self.queue.enqueue(
                session, guild_id=guild_id, user_id=2, channel_id=3, request=request
            )
        return job.id

    async def job(self, job_id, guild_id=1):
        return await self.services.jobs.get(guild_id, job_id)

    async def until(self, job_id, state):
        async with asyncio.timeout(10):
            while (job := await self.job(job_id)).state is not state:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        return job


@pytest.fixture
async def stage(tmp_path):
    stage = Stage(tmp_path)
    await stage.database.start()
    yield stage
    await stage.database.close()


@asynccontextmanager
async def at_work(stage, ready):
    """The dispatcher runs, and its first worker is up."""
    worker = stage.enter(ready)
    running = asyncio.create_task(stage.dispatcher.run())
    await stage.dispatcher.ready()
    yield worker
    stage.enter(READY)  # for a pause that ends while everything is being put down
    for drained in (stage.dispatcher.drain(timeout_s=0.01), running):
        await drained


@pytest.fixture
async def working(stage):
    """A worker that takes one job of each kind."""
    async with at_work(stage, READY) as worker:
        yield worker


@pytest.fixture
async def batching(stage):
    """A worker that takes three imagine jobs at once."""
    async with at_work(stage, BATCHING) as worker:
        yield worker


async def test_job_goes_to_the_worker_and_its_end_is_written(stage, working):
    """A queued job is sent with its attempt; what the worker answers ends it."""
    job_id = await stage.add(IMAGINE)
    assert await working.told.get() == Run(job_id, 1, IMAGINE)
    working.say(Failed(job_id, 1, "Ask for less.", users_fault=True))
    job = await stage.until(job_id, JobState.FAILED)
    assert job.error == "Ask for less."


async def test_one_job_of_each_kind_runs(stage, working):
    """A second job of a kind waits for the first; another kind does not."""
    first, second = await stage.add(IMAGINE), await stage.add(IMAGINE)
    heard = await stage.add(HEAR)
    sent = [(await working.told.get()).job_id for _ in range(2)]
    assert sent == [first, heard]
    assert (await stage.job(second)).state is JobState.QUEUED
    working.say(Failed(first, 1, "No.", users_fault=True))
    assert (await working.told.get()).job_id == second


async def test_as_many_imagine_jobs_run_as_the_worker_takes(stage, batching):
    """The fourth waits for a place; of other kinds one runs, beside them."""
    drawing = [await stage.add(IMAGINE) for _ in range(4)]
    hearing = [await stage.add(HEAR) for _ in range(2)]
    assert await told_to_run(batching, 4) == [*drawing[:3], hearing[0]]
    assert await stage.queue.position(drawing[3]) == 1
    batching.say(Failed(drawing[1], 1, "No.", users_fault=True))
    assert await told_to_run(batching, 1) == [drawing[3]]
    assert (await stage.job(hearing[1])).state is JobState.QUEUED


async def test_busy_guild_does_not_keep_its_places(stage, batching):
    """A guild that comes late gets the next free place, though another's jobs wait longer."""
    busy = [await stage.add(IMAGINE) for _ in range(10)]
    assert await told_to_run(batching, 3) == busy[:3]
    late = [await stage.add(IMAGINE, guild_id=9) for _ in range(2)]
    batching.say(Failed(busy[0], 1, "No.", users_fault=True))
    assert await told_to_run(batching, 1) == late[:1]
    batching.say(Failed(late[0], 1, "No.", users_fault=True))
    assert await told_to_run(batching, 1) == late[1:]
    assert await stage.queue.position(busy[3]) == 1


async def test_cancel_is_passed_on_for_each_of_several(stage, batching):
    """Two of three are cancelled, each told once; the third runs on."""
    first, second, third = [await stage.add(IMAGINE) for _ in range(3)]
    await told_to_run(batching, 3)
    for job_id in (first, third):
        await stage.services.jobs.cancel(ACTOR, job_id)
    assert {await batching.told.get(), await batching.told.get()} == {Cancel(first), Cancel(third)}
    stage.bells.jobs.ring()
    for job_id in (first, third):
        batching.say(Cancelled(job_id, 1))
        await stage.until(job_id, JobState.CANCELLED)
    assert batching.told.empty()
    assert (await stage.job(second)).state is JobState.RUNNING


async def test_drain_puts_all_of_them_down_once(stage):
    """Each of several jobs is released by its own answer, uncounted, and runs in the next life."""
    worker = stage.enter(BATCHING)
    running = asyncio.create_task(stage.dispatcher.run())
    await stage.dispatcher.ready()
    jobs = [await stage.add(IMAGINE) for _ in range(3)]
    await told_to_run(worker, 3)
    draining = asyncio.create_task(stage.dispatcher.drain())
    assert await worker.told.get() == Drain()
    for job_id in jobs:
        worker.say(Released(job_id, 1))
    worker.die(0)
    await asyncio.gather(draining, running)
    for job_id in jobs:
        job = await stage.job(job_id)
        assert (job.state, job.losses) == (JobState.QUEUED, 0)
        assert len(await stage.services.jobs.history(job_id)) == 3


async def test_culprit_is_found_and_its_neighbours_are_done(stage, batching, monkeypatch):
    """After a death all that ran together run one by one; only what ends workers alone fails."""
    monkeypatch.setattr("core.dispatch.dispatcher.BACKOFF_S", 0.001)
    first, poison, third = [await stage.add(IMAGINE) for _ in range(3)]
    hearing, fresh = await stage.add(HEAR), await stage.add(IMAGINE)
    await told_to_run(batching, 4)
    worker, deaths, done = batching, 0, []
    while (await stage.job(poison)).state is not JobState.FAILED or len(done) < 4:
        if deaths:
            run = await worker.told.get()
            assert worker.told.empty() or run.job_id == fresh
        if not deaths or run.job_id == poison:
            successor = stage.enter(BATCHING)
            worker.die(-11)
            worker, deaths = successor, deaths + 1
        else:
            done.append(run.job_id)
            worker.say(Failed(run.job_id, run.attempt, "Done.", users_fault=True))
            await stage.until(run.job_id, JobState.FAILED)
    assert deaths == 3
    assert sorted(done) == [first, third, hearing, fresh]
    assert done[-1] == fresh
    assert "given up" in (await stage.job(poison)).error


async def test_suspect_that_saves_a_checkpoint_has_company_again(stage, batching, monkeypatch):
    """A training that was lost runs alone until it has got on, then pictures go in between."""
    monkeypatch.setattr("core.dispatch.dispatcher.BACKOFF_S", 0.001)
    training, drawing = await stage.add(HEAR), await stage.add(IMAGINE)
    await told_to_run(batching, 2)
    worker = stage.enter(BATCHING)
    batching.die(-9)
    alone = await worker.told.get()
    await asyncio.sleep(0.05)
    assert worker.told.empty()
    worker.say(Checkpointed(alone.job_id, alone.attempt, "a" * 64))
    assert {alone.job_id, (await worker.told.get()).job_id} == {training, drawing}


async def test_progress_and_checkpoint_are_written_down(stage, working):
    """Both are on the row for whoever looks, and a checkpoint goes out with the next attempt."""
    job_id = await stage.add(IMAGINE)
    await working.told.get()
    working.say(Progressed(job_id, 1, Progress(3, 20, "drawing")))
    working.say(Checkpointed(job_id, 1, "a" * 64))
    working.say(Released(job_id, 1))
    again = await working.told.get()
    assert (again.attempt, again.checkpoint) == (2, "a" * 64)
    assert (await stage.job(job_id)).progress == Progress(3, 20, "drawing")


async def test_cancel_of_a_running_job_is_passed_on_once(stage, working):
    """The worker is told, and its answer closes the job."""
    job_id = await stage.add(IMAGINE)
    await working.told.get()
    await stage.services.jobs.cancel(ACTOR, job_id)
    assert await working.told.get() == Cancel(job_id)
    stage.bells.jobs.ring()
    working.say(Cancelled(job_id, 1))
    await stage.until(job_id, JobState.CANCELLED)
    assert working.told.empty()


async def test_early_end_of_a_training_is_passed_on_once_to_each_worker(stage, working):
    """Not only to the one that had the training when it was asked for; a cancel comes through."""
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, ("a" * 64,))
    job_id = (await stage.services.training.start(ACTOR, 3, wish)).job.id
    await working.told.get()
    await stage.services.jobs.end_early(ACTOR, job_id)
    assert await working.told.get() == EndEarly(job_id)
    working.say(Checkpointed(job_id, 1, "a" * 64))
    working.say(Released(job_id, 1))
    assert (await working.told.get()).attempt == 2
    assert await working.told.get() == EndEarly(job_id)
    stage.bells.jobs.ring()
    await stage.services.jobs.cancel(ACTOR, job_id)
    assert await working.told.get() == Cancel(job_id)
    working.say(Cancelled(job_id, 2))
    await stage.until(job_id, JobState.CANCELLED)
    assert working.told.empty()


async def test_jobs_of_a_dead_worker_are_done_by_the_next(stage, working):
    """A worker that dies loses its jobs to the queue; they come to the next one, as attempt 2."""
    job_id = await stage.add(IMAGINE)
    await working.told.get()
    successor = stage.enter(READY)
    working.die(-9)
    again = await successor.told.get()
    assert (again.job_id, again.attempt) == (job_id, 2)
    causes = [event.cause for event in await stage.services.jobs.history(job_id)]
    assert "the worker was ended by signal 9" in causes


async def test_poison_job_fails_with_a_sentence(stage, working, monkeypatch):
    """A job that ends three workers is given up, its person is told, and other jobs go on."""
    monkeypatch.setattr("core.dispatch.dispatcher.BACKOFF_S", 0.001)
    poison = await stage.add(IMAGINE)
    worker = working
    for attempt in (1, 2, 3):
        assert (await worker.told.get()).attempt == attempt
        successor = stage.enter(READY)
        worker.die(-11)
        worker = successor
    job = await stage.until(poison, JobState.FAILED)
    assert str(poison) in job.error
    assert "given up" in job.error
    assert len(await stage.services.outbox.due(10)) == 1
    harmless = await stage.add(HEAR)
    assert (await worker.told.get()).job_id == harmless


async def test_late_answer_of_a_lost_attempt_is_dropped(stage, working):
    """What an earlier attempt says about a job that runs again changes nothing."""
    job_id = await stage.add(IMAGINE)
    await working.told.get()
    successor = stage.enter(READY)
    working.die(-9)
    await successor.told.get()
    successor.say(Failed(job_id, 1, "Too late.", users_fault=True))
    successor.say(Failed(job_id, 2, "In time.", users_fault=True))
    assert (await stage.until(job_id, JobState.FAILED)).error == "In time."


async def test_drain_puts_jobs_down_without_counting(stage):
    """Drain is passed on; released jobs wait again and no new ones are claimed."""
    worker = stage.enter(READY)
    running = asyncio.create_task(stage.dispatcher.run())
    await stage.dispatcher.ready()
    job_id = await stage.add(IMAGINE)
    await worker.told.get()
    draining = asyncio.create_task(stage.dispatcher.drain())
    assert await worker.told.get() == Drain()
    worker.say(Released(job_id, 1))
    worker.die(0)
    await asyncio.gather(draining, running)
    assert (await stage.job(job_id)).state is JobState.QUEUED
    assert worker.told.empty()


async def test_worker_that_does_not_put_its_work_down_is_killed(stage):
    """After the time given to a drain the worker is killed, and its job waits again."""
    worker = stage.enter(READY)
    running = asyncio.create_task(stage.dispatcher.run())
    await stage.dispatcher.ready()
    job_id = await stage.add(IMAGINE)
    await worker.told.get()
    await stage.dispatcher.drain(timeout_s=0.01)
    await running
    assert (await stage.job(job_id)).state is JobState.QUEUED
    assert await worker.ended() == -9


async def test_first_worker_that_cannot_load_its_models_ends_the_program(stage):
    """A wrong model is named at start instead of being tried for ever."""
    stage.enter(Broken("There is no model folder ./nowhere.")).die(1)
    with pytest.raises(ModelFault, match="nowhere"):
        await stage.dispatcher.run()


async def test_first_worker_that_dies_loading_ends_the_program_and_says_what_to_do(stage):
    """Killed without a word, as when memory runs out, is no reason to try for ever."""
    stage.enter().die(-9)
    with capture_logs() as told, pytest.raises(ModelFault, match=r"ATELIER_MODEL: .*signal 9.*Set"):
        await stage.dispatcher.run()
    (lost,) = [line for line in told if line["event"] == "worker lost"]
    assert (lost["loading"], lost["exit_code"]) == (True, -9)


async def test_later_worker_that_cannot_load_is_tried_again_in_plain_sight(stage, monkeypatch):
    """Each death is logged, and until one is up again nobody is told that all is well."""
    monkeypatch.setattr("core.dispatch.dispatcher.BACKOFF_S", 0.001)
    async with at_work(stage, READY) as worker:
        assert stage.dispatcher.able
        failing, mended = stage.enter(Broken("no memory")), stage.enter()
        with capture_logs() as told:
            worker.die(-11)
            failing.die(1)
            async with asyncio.timeout(10):
                while stage.dispatcher.able:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            mended.say(READY)
            await stage.dispatcher.ready()
        assert stage.dispatcher.able
    lost = [(one["loading"], one["exit_code"]) for one in told if one["event"] == "worker lost"]
    assert lost == [(False, -11), (True, 1)]


async def test_failed_job_is_logged_by_its_number_and_without_words(stage, working):
    """Types and places go into the log; the message, which may be a prompt, does not."""
    job_id = await stage.add(IMAGINE)
    await working.told.get()
    text, places = "ValueError: a secret prompt", ("ValueError", "file.py:3 draw")
    with capture_logs() as told:
        working.say(Failed(job_id, 1, text, users_fault=False, traceback=places))
        await stage.until(job_id, JobState.FAILED)
    (line,) = [line for line in told if line["event"] == "job failed"]
    assert (line["job"], line["traceback"]) == (job_id, places)
    assert "secret" not in str(told)


async def test_jobs_that_ran_when_the_program_was_killed_run_again(stage):
    """At start every running job of the database is taken up again."""
    job_id = await stage.add(IMAGINE)
    await stage.queue.claim(set(JobKind), worker="earlier", lease_s=1000)
    worker = stage.enter(READY)
    running = asyncio.create_task(stage.dispatcher.run())
    assert (await worker.told.get()).attempt == 2
    await stage.dispatcher.drain(timeout_s=0.01)
    await running
    assert (await stage.job(job_id)).state is JobState.QUEUED
