"""kill -9 and drain in the middle of work: every job ends once, and training goes on."""

import psutil
import pytest
import pytest_asyncio
from safetensors.torch import load

from core.domain.jobs import MAX_ATTEMPTS, JobState
from core.domain.requests import ImagineRequest, Recipe, TranscribeRequest
from tests.integration.workshop import ACTOR, Workshop, has_begun, hum, is_running
from tests.small_pocket import small_pocket

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

RECIPE = Recipe(steps=12, batch=1, rank=2, prior_pictures=0, checkpoint_every=4, preview_every=100)
LONG = ImagineRequest(prompt="a red house at night", seeds=(1, 2), num_inference_steps=100)
ONCE = [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED]
TWICE = [JobState.QUEUED, JobState.RUNNING] * 2 + [JobState.SUCCEEDED]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory):
    model = str(small_pocket(tmp_path_factory.mktemp("model")))
    workshop = await Workshop(tmp_path_factory.mktemp("shop"), model=model).open()
    await workshop.dispatcher.ready()
    yield workshop
    await workshop.close()


async def test_each_job_ends_once_though_its_worker_is_killed(shop):
    """Killed with jobs of each kind in hand, a new worker does all of them again, once.

    The training goes on from its checkpoint, and what it makes is bit for bit what an undisturbed
    training makes.
    """
    undisturbed = await shop.ended(await shop.add(await shop.train_request("calm", RECIPE)))
    training = await shop.add(await shop.train_request("stormy", RECIPE))
    await shop.until(training, lambda job: job.checkpoint is not None)
    together = min(3, (await shop.dispatcher.ready()).imagine_jobs)
    drawings = [await shop.add(LONG) for _ in range(together)]
    await shop.until(drawings[0], has_begun)
    for drawing in drawings:
        await shop.until(drawing, is_running)
    hearing = await shop.add(TranscribeRequest(audio=shop.storage.put(hum(20))))
    await shop.until(hearing, is_running)
    shop.kill_worker()

    lost = (training, *drawings, hearing)
    for job_id in lost:
        assert (await shop.ended(job_id)).state is JobState.SUCCEEDED
        assert await shop.states(job_id) == TWICE
    for drawing in drawings:
        assert len(await shop.services.gallery.of_job(drawing)) == len(LONG.seeds)
    assert shop.steps_told(training, attempt=2)[0] > RECIPE.checkpoint_every
    assert await shop.states(undisturbed.id) == ONCE
    assert await _tensors(shop, "calm") == await _tensors(shop, "stormy")


async def test_one_job_that_ends_its_workers_does_not_take_others_with_it(shop):
    """Of jobs that are drawn together, the one whose workers die is given up; the others succeed.

    The poison is a signal from here whenever that job is being done.
    """
    jobs = [await shop.add(LONG) for _ in range(3)]
    innocent, poison, other = jobs
    for attempt in range(1, MAX_ATTEMPTS + 1):
        await shop.until(poison, lambda job, n=attempt: is_running(job) and job.attempt == n)
        shop.kill_worker()
    failed = await shop.ended(poison)
    assert failed.state is JobState.FAILED
    assert "3 times" in failed.error
    for job_id in (innocent, other):
        assert (await shop.ended(job_id)).state is JobState.SUCCEEDED
        assert await shop.states(job_id) in (ONCE, TWICE)
        assert len(await shop.services.gallery.of_job(job_id)) == len(LONG.seeds)


async def test_training_goes_on_after_a_drain_and_a_restart(shop):
    """SIGTERM puts a training down with a checkpoint, leaves no process, and is no lost attempt."""
    recipe = RECIPE.model_copy(update={"steps": 200})
    training = await shop.add(await shop.train_request("long", recipe))
    await shop.until(training, has_begun)
    pid = shop.dispatcher.worker_pid
    await shop.stop_working()
    job = await shop.job(training)
    assert job.state is JobState.QUEUED
    assert job.checkpoint is not None
    assert not psutil.pid_exists(pid)

    shop.start_working()
    done = job.progress.done
    await shop.until(training, lambda job: is_running(job) and job.progress.done > done)
    assert shop.steps_told(training, attempt=2)[0] > 1
    await shop.services.jobs.cancel(ACTOR, training)
    assert (await shop.ended(training)).state is JobState.CANCELLED


async def _tensors(shop, name):
    """The bytes of every tensor in a concept's artifact."""
    tensors = load(shop.storage.get((await shop.version(name)).artifact))
    return {key: tensor.numpy().tobytes() for key, tensor in tensors.items()}
