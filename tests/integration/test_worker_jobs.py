"""Jobs through the queue, the dispatcher and a real worker; how well it draws is no matter."""

import io
from dataclasses import replace

import pytest
import pytest_asyncio
from PIL import Image

from core.domain.drawing import StartImage
from core.domain.jobs import JobKind, JobState
from core.domain.requests import ImagineRequest, ImagineWish, Recipe, TranscribeRequest
from core.services.again import Direction
from tests.integration.workshop import (
    ACTOR,
    CHANNEL,
    Workshop,
    has_begun,
    hum,
    is_running,
)
from tests.small_pocket import small_pocket

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

LONG = ImagineRequest(prompt="a red house at night", seeds=(1, 2, 3, 4), num_inference_steps=100)
SHORT = ImagineRequest(prompt="a red house at night", seeds=(5, 6), num_inference_steps=4)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory):
    model = str(small_pocket(tmp_path_factory.mktemp("model")))
    workshop = await Workshop(tmp_path_factory.mktemp("shop"), model=model).open()
    await workshop.dispatcher.ready()
    yield workshop
    await workshop.close()


async def test_imagine_ends_with_its_images(shop):
    """Every seed becomes a stored picture whose manifest has nothing left open."""
    job = await shop.ended(await shop.add(SHORT))
    images = await shop.services.gallery.of_job(job.id)
    assert job.state is JobState.SUCCEEDED
    assert [image.seed for image in images] == [5, 6]
    for image in images:
        drawn = Image.open(io.BytesIO(shop.storage.get(image.key)))
        assert drawn.size == (image.width_px, image.height_px) == (64, 64)
        request = image.manifest.request
        assert request.num_inference_steps == 4
        assert request.guidance_scale
        assert request.sampler


async def test_what_runs_is_known_before_anything_is_drawn(shop):
    """Family and weights, as manifests and versions note them: concepts are held to those."""
    assert shop.queue.family == "pocket"
    job = await shop.ended(await shop.add(SHORT))
    (image, _) = await shop.services.gallery.of_job(job.id)
    assert image.manifest.weights == shop.queue.weights != ""


async def test_manifest_gives_the_same_picture_again(shop):
    """Replaying a manifest after other work gives the same bytes."""
    first = await shop.ended(await shop.add(SHORT))
    (image, _) = await shop.services.gallery.of_job(first.id)
    start = StartImage(key=image.key, strength=0.5)
    await shop.ended(await shop.add(SHORT.model_copy(update={"start": start})))
    again = await shop.ended(await shop.add(image.manifest.request))
    assert (await shop.services.gallery.of_job(again.id))[0].key == image.key


async def test_a_picture_is_expanded_and_stays_where_it_is(shop):
    """The button's job: half as wide again, the old pixels in their place, and it replays."""
    first = await shop.ended(await shop.add(SHORT))
    (image, _) = await shop.services.gallery.of_job(first.id)
    imagining = shop.services.imagining
    wider = await imagining.expand(ACTOR, CHANNEL, image.id, Direction.RIGHT)
    made, *_ = await shop.services.gallery.of_job((await shop.ended(wider.job.id)).id)
    drawn, own = (Image.open(io.BytesIO(shop.storage.get(key))) for key in (made.key, image.key))
    assert drawn.size == (96, 64)
    kept = (0, 0, 60, 64)
    assert drawn.crop(kept).tobytes() == own.crop(kept).tobytes()
    replayed = await shop.ended((await imagining.replay(ACTOR, CHANNEL, made.id)).job.id)
    again, *_ = await shop.services.gallery.of_job(replayed.id)
    assert again.key == made.key


async def test_manifest_gives_the_same_pictures_by_another_worker(shop):
    """From stored records alone, a new process makes a taught stack's bits anew."""
    recipe = Recipe(steps=2, batch=1, prior_pictures=0, company=0, learning_rate=0.01)
    await shop.ended(await shop.add(await shop.train_request("hare", recipe)))
    wish = ImagineWish("a <hare> at night", count=2, seed=5, steps=4, concepts=(("hare", 1.0),))
    imagining, gallery = shop.services.imagining, shop.services.gallery
    asked = await imagining.request(ACTOR, CHANNEL, wish)
    drawn = await gallery.of_job((await shop.ended(asked.job.id)).id)
    pid = shop.dispatcher.worker_pid
    await shop.stop_working()

    shop.start_working()
    submitted = await imagining.replay(ACTOR, CHANNEL, drawn[0].id)
    again = await gallery.of_job((await shop.ended(submitted.job.id)).id)
    assert shop.dispatcher.worker_pid != pid
    assert [image.key for image in again] == [image.key for image in drawn]
    assert [image.manifest.request.stack for image in again] == [asked.stack, asked.stack]


async def test_user_error_is_told_as_it_is(shop):
    """A sound that is none fails with the sentence that says what to send."""
    audio = shop.storage.put(b"this is no sound at all")
    job = await shop.ended(await shop.add(TranscribeRequest(audio=audio)))
    assert job.state is JobState.FAILED
    assert "not a sound" in job.error


async def test_fault_does_not_end_the_worker(shop):
    """A missing blob fails its own job without a word of the cause, and the next job runs."""
    pid = shop.dispatcher.worker_pid
    job = await shop.ended(await shop.add(TranscribeRequest(audio="0" * 64)))
    assert job.state is JobState.FAILED
    assert "0000" not in job.error
    assert (await shop.ended(await shop.add(SHORT))).state is JobState.SUCCEEDED
    assert shop.dispatcher.worker_pid == pid


async def test_hum_has_no_words(shop):
    """A sound without speech is a transcript without text."""
    audio = shop.storage.put(hum(2))
    job = await shop.ended(await shop.add(TranscribeRequest(audio=audio)))
    transcript = await shop.services.voice.transcript_of_job(job.id)
    assert job.state is JobState.SUCCEEDED
    assert transcript.heard == ""


async def test_queued_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(shop):
    """One more than the worker takes at once: the last one waits; all can be cancelled."""
    running, *others = [await shop.add(LONG) for _ in range(shop.queue.places[JobKind.IMAGINE])]
    waiting = await shop.add(LONG)
    await shop.until(running, has_begun)
    assert (await shop.services.jobs.cancel(ACTOR, waiting)).state is JobState.CANCELLED
    for job_id in (running, *others):
        await shop.services.jobs.cancel(ACTOR, job_id)
    job = await shop.ended(running)
    assert job.state is JobState.CANCELLED
    assert job.progress.done < 100
    assert await shop.services.gallery.of_job(running) == []


async def test_imagine_runs_between_the_steps_of_a_training(shop):
    """An imagine job that comes later ends earlier, and draws as if nothing was being taught."""
    before = await shop.ended(await shop.add(SHORT))
    recipe = Recipe(steps=400, prior_pictures=0, checkpoint_every=400, preview_every=400)
    training = await shop.add(await shop.train_request("dot", recipe))
    await shop.until(training, has_begun)
    between = await shop.ended(await shop.add(SHORT))
    assert is_running(await shop.job(training))
    await shop.services.jobs.cancel(ACTOR, training)
    assert (await shop.ended(training)).state is JobState.CANCELLED
    assert await _keys(shop, between) == await _keys(shop, before)


async def test_training_that_is_ended_early_is_a_version(shop):
    """Of the step that it had reached when the worker heard of it, long before its last."""
    recipe = Recipe(steps=2000, batch=1, prior_pictures=0, company=0, checkpoint_every=2000)
    training = await shop.add(await shop.train_request("bead", recipe))
    await shop.until(training, has_begun)
    await shop.services.jobs.end_early(ACTOR, training)
    job = await shop.ended(training)
    assert job.state is JobState.SUCCEEDED
    made = Recipe.model_validate_json((await shop.version("bead")).recipe)
    assert 1 <= made.ended_at < 2000
    assert made.kept_step == made.ended_at


async def test_taught_concept_is_used_and_undone(shop):
    """A train job makes a version with samples; with it pictures differ, without it they do not."""
    plain = await shop.ended(await shop.add(SHORT))
    recipe = Recipe(steps=2, batch=1, prior_pictures=0, company=0, learning_rate=0.01)
    training = await shop.ended(await shop.add(await shop.train_request("orb", recipe)))
    assert training.state is JobState.SUCCEEDED
    version = await shop.version("orb")
    assert version.model == shop.config.model
    assert len(set(version.samples)) == 6
    assert all(shop.storage.exists(key) for key in (*version.samples, training.progress.preview))
    wish = ImagineWish(prompt="a red house at night", count=2, seed=5, steps=4)
    asked = replace(wish, concepts=(("orb", 1.0),))
    taught = await shop.services.imagining.request(ACTOR, CHANNEL, asked)
    job = await shop.ended(taught.job.id)
    assert [entry.name for entry in taught.stack] == ["orb"]
    assert await _keys(shop, job) != await _keys(shop, plain)
    after = await shop.ended(await shop.add(SHORT))
    assert await _keys(shop, after) == await _keys(shop, plain)


async def _keys(shop, job):
    return [image.key for image in await shop.services.gallery.of_job(job.id)]
