"""Evaluations through the queue, the dispatcher and a real worker; what is scored is no matter."""

from dataclasses import replace

import pytest
import pytest_asyncio

from core.domain.jobs import JobState
from core.domain.requests import ImagineRequest, Recipe
from tests.integration.workshop import ACTOR, CHANNEL, GUILD, Workshop, has_begun, is_running
from tests.small_pocket import small_pocket

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

RECIPE = Recipe(steps=2, batch=1, rank=2, prior_pictures=0, preview_every=100)
SHORT = ImagineRequest(prompt="a red house at night", seeds=(5, 6), num_inference_steps=4)
TWICE = [JobState.QUEUED, JobState.RUNNING] * 2 + [JobState.SUCCEEDED]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory):
    """A worker that evaluates what it has taught, and one concept taught so."""
    model = str(small_pocket(tmp_path_factory.mktemp("model")))
    workshop = Workshop(tmp_path_factory.mktemp("shop"), model=model)
    workshop.config = replace(workshop.config, evaluate_training=True)
    await workshop.open()
    await workshop.dispatcher.ready()
    job = await workshop.ended(await workshop.add(await workshop.train_request("orb", RECIPE)))
    assert job.state is JobState.SUCCEEDED
    yield workshop
    await workshop.close()


async def ask(shop, **options):
    asked = await shop.services.evaluating.concept(ACTOR, CHANNEL, "orb", **options)
    return asked.job.id


async def test_a_training_leaves_scores_on_its_version(shop):
    """Nothing was taught, and the scores say so."""
    scores = (await shop.version("orb")).scores
    assert (scores.prompts, scores.seeds, scores.scorer) == (4, 4, "pocket")
    assert scores.likeness[0].fidelity.share.value < 0.75


async def test_an_evaluation_is_worked_off_with_images_in_between(shop):
    """An imagine job that comes later ends earlier; report and images are kept, and the version has
    the scores of the usual prompts as before."""
    before = (await shop.version("orb")).scores
    job_id = await ask(shop, seeds=2, prompts="a <orb> circle; a <orb> circle at night")
    await shop.until(job_id, has_begun)
    between = await shop.ended(await shop.add(SHORT))
    assert between.state is JobState.SUCCEEDED
    assert is_running(await shop.job(job_id))
    job = await shop.ended(job_id)
    report = await shop.services.evaluating.report_of_job(GUILD, job_id)
    assert job.state is JobState.SUCCEEDED
    assert job.progress.note == "drawing: image 12 of 12"
    assert (report.scores.prompts, report.scores.seeds) == (2, 2)
    assert (await shop.version("orb")).scores == before
    assert len(await shop.services.gallery.of_job(job_id)) == 2 * 2 + 2


async def test_a_killed_worker_begins_it_anew(shop):
    """It ends once, with the images of the second attempt."""
    job_id = await ask(shop, seeds=2, prompts="a <orb> circle")
    await shop.until(job_id, has_begun)
    shop.kill_worker()
    assert (await shop.ended(job_id)).state is JobState.SUCCEEDED
    assert await shop.states(job_id) == TWICE
    assert len(await shop.services.gallery.of_job(job_id)) == 2 + 1


async def test_it_is_cancelled_at_its_next_step(shop):
    """Nothing of it is kept."""
    before = (await shop.version("orb")).scores
    job_id = await ask(shop, seeds=8)
    await shop.until(job_id, has_begun)
    await shop.services.jobs.cancel(ACTOR, job_id)
    assert (await shop.ended(job_id)).state is JobState.CANCELLED
    assert await shop.services.gallery.of_job(job_id) == []
    assert (await shop.version("orb")).scores == before
