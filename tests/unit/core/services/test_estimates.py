"""Estimates from measured speeds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dispatch.messages import Trained
from core.domain.concepts import ConceptKind
from core.domain.drawing import SecondPass, StartImage
from core.domain.jobs import JobKind, Progress
from core.domain.people import Actor
from core.domain.recipes import Recipe
from core.domain.requests import ImagineRequest, ImagineWish, TranscribeRequest
from core.services.estimates import Speed, shared_s, units_of
from core.services.submitted import Submitted
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio, answer, key_of

ANNA = Actor(guild_id=1, user_id=10)
SPEED = Speed(seconds_per_unit=1, seconds_per_job=1, default_steps=20, default_area_px=1_000_000)


async def imagine(studio: Studio, **wish: int) -> Submitted:
    return await studio.services.imagining.request(ANNA, CHANNEL, ImagineWish("a", **wish))


def test_work_is_images_times_steps_times_area() -> None:
    """Units grow with each of the three, and image-to-image does its share of the steps."""
    plain = ImagineRequest(prompt="a", seeds=(1,))
    assert units_of(plain) is None
    assert units_of(plain, SPEED) == 20
    assert units_of(plain.model_copy(update={"seeds": (1, 2)}), SPEED) == 40
    assert units_of(plain.model_copy(update={"num_inference_steps": 10}), SPEED) == 10
    assert units_of(plain.model_copy(update={"width_px": 2000, "height_px": 2000}), SPEED) == 80
    start = StartImage(key=key_of("a"), strength=0.25)
    assert units_of(plain.model_copy(update={"start": start}), SPEED) == 5
    larger = plain.model_copy(update={"hires": SecondPass(scale=2, strength=0.5)})
    assert units_of(larger, SPEED) == 60
    assert units_of(TranscribeRequest(audio=key_of("a"))) == 1


@pytest.mark.parametrize(
    ("own_s", "ahead", "behind", "places", "seconds"),
    [
        (2, [], [], 1, 2),  # alone
        (2, [], [], 8, 2),
        (2, [3, 4], [], 1, 9),  # one after another
        (2, [3, 4], [5, 6], 1, 9),  # who comes later does not matter
        (1, [10], [], 2, 2),  # beside a long one, each has half of the time
        (10, [1], [], 2, 11),  # a short one beside it leaves early
        (1, [1, 1], [], 2, 3),  # waits for the first two, then has all the time
        (1, [1, 1], [1], 2, 4),  # or half of it, where another comes after it
        (1, [1] * 8, [1] * 7, 8, 16),
        (1, [0], [], 1, 1),  # as good as ended
        (0, [5], [], 2, 0),
        (0, [], [], 1, 0),
    ],
)
def test_a_worker_shares_its_time(
    own_s: float, ahead: list[float], behind: list[float], places: int, seconds: float
) -> None:
    """As many as there are places go on at once, each as fast as their number lets it."""
    assert shared_s(own_s, ahead=ahead, behind=behind, places=places) == pytest.approx(seconds)


WORKS = st.lists(st.floats(0, 100), max_size=12)


@given(st.floats(0, 100), WORKS, WORKS, st.integers(1, 6))
def test_no_estimate_is_beyond_what_there_is_to_do(
    own_s: float, ahead: list[float], behind: list[float], places: int
) -> None:
    """A job takes its own time at least and all the work at most; the last to end, all of it."""
    seconds = shared_s(own_s, ahead=ahead, behind=behind, places=places)
    everything = own_s + sum(ahead) + sum(behind)
    assert own_s - 1e-6 <= seconds <= everything + 1e-6
    longest = shared_s(1000.0, ahead=ahead, behind=[], places=places)
    assert longest == pytest.approx(1000 + sum(ahead))


async def test_nothing_is_promised_before_anything_was_measured(studio: Studio) -> None:
    """The first job of a kind has no estimate, whatever other kinds took."""
    assert (await imagine(studio)).eta_s is None
    await studio.work()
    assert (await studio.services.voice.hear(ANNA, CHANNEL, key_of("a"))).eta_s is None


async def test_an_estimate_scales_with_the_work(studio: Studio) -> None:
    """Four images of 20 steps took 2 s, so one image of 10 steps takes an eighth of that."""
    await imagine(studio)
    await studio.work()
    submitted = await imagine(studio, count=1, steps=10)
    assert submitted.eta_s == pytest.approx(0.25)


async def test_those_ahead_are_counted(studio: Studio) -> None:
    """Waiting and running jobs of the kind come before it, each as long as they usually are."""
    await imagine(studio)
    await studio.work()
    etas = [(await imagine(studio)).eta_s for _ in range(3)]
    assert etas == [pytest.approx(2), pytest.approx(4), pytest.approx(6)]
    await studio.claim(JobKind.IMAGINE)
    assert (await imagine(studio)).eta_s == pytest.approx(8)


async def test_several_at_once_share_the_worker(studio: Studio) -> None:
    """A job that comes in beside another takes twice its own time, and so does the other now."""
    await imagine(studio)
    await studio.work()
    studio.queue.places[JobKind.IMAGINE] = 2
    first = await imagine(studio)
    assert first.eta_s == pytest.approx(2)
    await studio.claim(JobKind.IMAGINE)
    assert (await imagine(studio)).eta_s == pytest.approx(4)
    await studio.claim(JobKind.IMAGINE)
    job = await studio.services.jobs.get(1, first.job.id)
    assert await studio.services.jobs.eta_s(job) == pytest.approx(4)
    assert (await imagine(studio)).eta_s == pytest.approx(6)
    await studio.queue.report(first.job.id, 1, Progress(done=15, total=20))
    job = await studio.services.jobs.get(1, first.job.id)
    assert await studio.services.jobs.eta_s(job) == pytest.approx(1)


async def test_training_is_estimated_by_steps(studio: Studio) -> None:
    """300 steps took 60 s, so 100 take 20, and an open number is what the last one used."""
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("a"),))
    start = studio.services.training.start
    await start(ANNA, CHANNEL, wish)
    await studio.services.results.finish(answer(await studio.claim(), seconds=60))
    short = TrainWish("abc", "temple", ConceptKind.SUBJECT, (key_of("a"),), steps=100)
    submitted = await start(ANNA, CHANNEL, short)
    assert submitted.eta_s == pytest.approx(20)
    await studio.services.jobs.cancel(ANNA, submitted.job.id)
    assert (await start(ANNA, CHANNEL, wish)).eta_s == pytest.approx(60)


async def test_old_measurements_are_forgotten(studio: Studio) -> None:
    """Only the last ten jobs count, so a faster machine shows soon."""
    for seconds in (1000.0, *([2.0] * 10)):
        await imagine(studio)
        await studio.services.results.finish(answer(await studio.claim(), seconds=seconds))
    assert (await imagine(studio)).eta_s == pytest.approx(2)


async def test_a_training_that_was_ended_early_counts_by_the_steps_that_it_took(
    studio: Studio,
) -> None:
    """Else the next one would be promised too soon; its own number of steps is still the usual."""
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("a"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    job = await studio.claim(JobKind.TRAIN)
    made = answer(job, seconds=30.0)
    assert isinstance(made, Trained)
    early = replace(made, recipe=Recipe(steps=300, ended_at=30))
    await studio.services.results.finish(early)
    submitted = await studio.services.training.start(ANNA, CHANNEL, wish)
    assert submitted.eta_s == pytest.approx(300.0)
