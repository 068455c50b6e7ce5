"""Evaluations from the wish to what is kept of them."""

from dataclasses import replace

import pytest

from core.dispatch.messages import Trained
from core.domain.concepts import ConceptKind
from core.domain.drawing import Stacking
from core.domain.evaluation import Accepted, Estimate, Scores, Waypoint
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.domain.requests import EvaluateRequest, ImagineWish, Purpose, TrainRequest
from core.errors import Conflict, InvalidInput, NotFound, UserError
from core.services.estimates import units_of
from core.services.importing import ImportWish
from core.services.training import TrainWish
from tests.evaluations import and_scored
from tests.studio import CHANNEL, Studio, answer, key_of

ANNA, BEN = Actor(guild_id=1, user_id=10), Actor(guild_id=1, user_id=11)
ZOE = Actor(guild_id=2, user_id=20)


async def asked(studio: Studio, job_id: int) -> EvaluateRequest:
    request = (await studio.services.jobs.get(1, job_id)).request
    assert isinstance(request, EvaluateRequest)
    return request


async def test_a_concept_is_asked_about_with_its_version_and_pictures(studio: Studio) -> None:
    """The usual prompts, always the same seeds, everything pinned."""
    concept = await studio.teach(ANNA, "xyz")
    evaluating = studio.services.evaluating
    submitted = await evaluating.concept(ANNA, CHANNEL, "<xyz>", seeds=3)
    request = await asked(studio, submitted.job.id)
    assert concept.latest is not None
    assert request.purpose is Purpose.CONCEPT
    assert [entry.version_id for entry in request.stack] == [concept.latest.id]
    assert request.pictures == ((key_of("picture"),),)
    assert request.seeds == (50, 51, 52)
    assert all("<xyz> temple" in prompt for prompt in request.prompts)
    assert request.drawn == units_of(request) == 3 * 4 * 3


async def test_own_prompts_name_the_concept_and_no_other(studio: Studio) -> None:
    """Bare names become tokens; what is about something else is refused."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "kar", "forest")
    evaluating = studio.services.evaluating
    own = await evaluating.concept(ANNA, CHANNEL, "xyz", prompts="xyz temple at sea; a <xyz>")
    assert (await asked(studio, own.job.id)).prompts == ("<xyz> temple at sea", "a <xyz>")
    for prompts in ("a temple", "<xyz> temple in <kar> forest"):
        with pytest.raises(InvalidInput, match="name <xyz> and no other"):
            await evaluating.concept(ANNA, CHANNEL, "xyz", prompts=prompts)


@pytest.mark.parametrize(
    ("name", "seeds", "error"), [("xyz", 0, InvalidInput), ("abc", 4, NotFound)]
)
async def test_bad_wishes_for_a_concept_are_refused(
    studio: Studio, name: str, seeds: int, error: type[UserError]
) -> None:
    """Nothing is queued."""
    await studio.teach(ANNA, "xyz")
    with pytest.raises(error):
        await studio.services.evaluating.concept(ANNA, CHANNEL, name, seeds=seeds)
    assert await studio.queue.claim(list(JobKind), worker="w", lease_s=9) is None


async def test_an_untrained_concept_has_nothing_to_evaluate(studio: Studio) -> None:
    """It says so."""
    wish = TrainWish("raw", "cat", ConceptKind.SUBJECT, (key_of("p"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    with pytest.raises(Conflict, match="no trained version"):
        await studio.services.evaluating.concept(ANNA, CHANNEL, "raw")


async def test_what_was_not_taught_here_is_evaluated_too(studio: Studio) -> None:
    """An imported concept, without pictures to be held to."""
    wish = ImportWish("far", "cat", ConceptKind.SUBJECT, key_of("file"), "far.safetensors")
    await studio.services.importing.start(ANNA, CHANNEL, wish)
    await studio.work(JobKind.IMPORT)
    submitted = await studio.services.evaluating.concept(ANNA, CHANNEL, "far")
    request = await asked(studio, submitted.job.id)
    assert ([entry.name for entry in request.stack], request.pictures) == (["far"], ((),))
    assert (await studio.work(JobKind.EVALUATE)).state is JobState.SUCCEEDED


async def test_a_stack_is_two_concepts_or_more(studio: Studio) -> None:
    """Each with its own pictures, in the order of the prompt."""
    await studio.teach(ANNA, "xyz")
    evaluating = studio.services.evaluating
    with pytest.raises(InvalidInput, match="/evaluate concept"):
        await evaluating.stack(ANNA, CHANNEL, ImagineWish("a xyz temple"))
    await studio.teach(ANNA, "kar", "forest")
    wish = ImagineWish("xyz temple in kar forest")
    submitted = await evaluating.stack(ANNA, CHANNEL, wish, seeds=2)
    request = await asked(studio, submitted.job.id)
    assert [entry.name for entry in request.stack] == ["xyz", "kar"]
    assert len(request.pictures) == 2
    assert request.drawn == 8


async def test_a_picture_of_several_concepts_is_taken_apart(studio: Studio) -> None:
    """On its own seed, with the versions that made it, charged as many images as it shows."""
    for name, noun in (("xyz", "temple"), ("kar", "forest")):
        await studio.teach(ANNA, name, noun)
    _, image = await studio.draw(ANNA, "xyz temple in kar forest", count=2)
    plain, *_ = await studio.draw(ANNA, "xyz temple", count=1)
    await studio.teach(ANNA, "xyz")
    evaluating = studio.services.evaluating
    submitted = await evaluating.solo(BEN, CHANNEL, image.id)
    request = await asked(studio, submitted.job.id)
    assert (request.purpose, request.seeds) == (Purpose.SOLO, (image.seed,))
    assert request.stack == image.manifest.request.stack
    assert request.drawn == units_of(request) == 4
    job = await studio.work(JobKind.EVALUATE)
    strip = await studio.services.gallery.of_job(job.id)
    assert [len(one.manifest.request.stack) for one in strip] == [1, 1, 2, 0]
    with pytest.raises(Conflict, match="several concepts"):
        await evaluating.solo(ANNA, CHANNEL, plain.id)
    with pytest.raises(NotFound):
        await evaluating.solo(ZOE, CHANNEL, image.id)


async def test_scores_are_kept_on_the_version_with_their_images(studio: Studio) -> None:
    """Report, images and scores appear with the end of the job, for this guild only."""
    await studio.teach(ANNA, "xyz")
    submitted = await studio.services.evaluating.concept(ANNA, CHANNEL, "xyz", seeds=2)
    job = await studio.work(JobKind.EVALUATE)
    report = await studio.services.evaluating.report_of_job(1, job.id)
    concept = await studio.services.library.find(1, "xyz")
    assert report.scores is not None
    assert concept.latest is not None
    assert concept.latest.scores == report.scores
    assert len(await studio.services.gallery.of_job(submitted.job.id)) == 4 * 2 + 4
    with pytest.raises(NotFound):
        await studio.services.evaluating.report_of_job(2, job.id)


async def scored(studio: Studio, *, seeds: int = 2, prompts: str = "") -> Scores:
    """What an evaluation of `<xyz>` by anybody finds."""
    submitted = await studio.services.evaluating.concept(
        BEN, CHANNEL, "xyz", seeds=seeds, prompts=prompts
    )
    await studio.work(JobKind.EVALUATE)
    report = await studio.services.evaluating.report_of_job(1, submitted.job.id)
    assert report.scores is not None
    return report.scores


async def kept(studio: Studio) -> Scores | None:
    """The scores of the version in use."""
    concept = await studio.services.library.find(1, "xyz")
    assert concept.latest is not None
    return concept.latest.scores


async def test_only_the_usual_prompts_on_as_many_seeds_score_a_version(studio: Studio) -> None:
    """Whoever asks; everything else is kept as the report that it is."""
    await studio.teach(ANNA, "xyz")
    await scored(studio, prompts="a <xyz> temple at sea")
    assert await kept(studio) is None
    first = await scored(studio, seeds=3)
    assert await kept(studio) == first
    for seeds, prompts in ((1, ""), (2, ""), (8, "a <xyz>; <xyz> at sea; <xyz> at night; <xyz>")):
        await scored(studio, seeds=seeds, prompts=prompts)
        assert await kept(studio) == first
    again = await scored(studio, seeds=4)
    assert again != first
    assert await kept(studio) == again


async def test_usual_scores_take_the_place_of_what_was_measured_on_other_prompts(
    studio: Studio,
) -> None:
    """A training that could not be scored knows copies on its samples alone, whatever the seeds."""
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("p"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    ended = answer(await studio.claim(JobKind.TRAIN))
    assert isinstance(ended, Trained)
    copies = Scores(scorer="", prompts=1, seeds=4, copied=Estimate(value=0.25))
    await studio.services.results.finish(replace(ended, scores=copies))
    assert await kept(studio) == copies
    assert await scored(studio, seeds=2) == await kept(studio)


async def test_a_concept_that_was_renamed_meanwhile_is_scored(studio: Studio) -> None:
    """The usual prompts are those of the name that it had when they were asked for."""
    await studio.teach(ANNA, "xyz")
    await studio.services.evaluating.concept(ANNA, CHANNEL, "xyz")
    renamed = await studio.services.library.rename(ANNA, "xyz", "abc")
    await studio.work(JobKind.EVALUATE)
    version = await studio.services.library.version(renamed, 1)
    assert version.scores is not None
    assert version.scores.seeds == 4


async def test_the_course_of_a_training_is_kept_with_its_version(studio: Studio) -> None:
    """A card of that version finds it; one of several concepts, or of another guild, does not."""
    course = (Waypoint(step=50, error=0.25), Waypoint(step=100, likeness=0.5, kept=True))
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("p"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    ended = answer(await studio.claim(JobKind.TRAIN))
    assert isinstance(ended, Trained)
    await studio.services.results.finish(replace(ended, course=course))
    concept = await studio.services.library.find(1, "xyz")
    assert concept.latest is not None
    assert concept.latest.course == course
    evaluating = studio.services.evaluating
    request = await asked(studio, (await evaluating.concept(ANNA, CHANNEL, "xyz")).job.id)
    assert await evaluating.course_of(1, request) == course
    assert await evaluating.course_of(2, request) == ()
    several = request.model_copy(update={"purpose": Purpose.STACK})
    assert await evaluating.course_of(1, several) == ()


async def test_seeds_of_a_search_are_different_and_bounded(studio: Studio) -> None:
    """Any prompt may be searched, with concepts or without."""
    evaluating = studio.services.evaluating
    submitted = await evaluating.seeds(ANNA, CHANNEL, ImagineWish("a temple"), count=12)
    request = await asked(studio, submitted.job.id)
    assert len(set(request.seeds)) == 12
    with pytest.raises(InvalidInput, match="between 1 and 32"):
        await evaluating.seeds(ANNA, CHANNEL, ImagineWish("a temple"), count=33)


@pytest.mark.parametrize("purpose", [Purpose.STACK, Purpose.SEEDS])
async def test_a_wish_is_evaluated_as_it_would_be_drawn(studio: Studio, purpose: Purpose) -> None:
    """Its way of stacking and what must not be seen; else as `/imagine` does by itself."""
    for name, noun in (("xyz", "temple"), ("kar", "forest")):
        await studio.teach(ANNA, name, noun)
    evaluating, usual = studio.services.evaluating, ImagineWish("xyz temple in kar forest")
    other = replace(usual, negative_prompt="a  dog", stacking=Stacking.SWITCH)
    told = []
    for wish in (usual, other):
        submitted = (
            await evaluating.stack(ANNA, CHANNEL, wish)
            if purpose is Purpose.STACK
            else await evaluating.seeds(ANNA, CHANNEL, wish, count=4)
        )
        request = await asked(studio, submitted.job.id)
        told.append((request.purpose, request.stacking, request.negative_prompt))
    assert told == [(purpose, Stacking.APART, ""), (purpose, Stacking.SWITCH, "a dog")]


async def test_any_version_can_be_scored(studio: Studio) -> None:
    """With its own pictures; its scores go onto it and no other. One that is not there is named."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "xyz")
    evaluating, library = studio.services.evaluating, studio.services.library
    submitted = await evaluating.concept(ANNA, CHANNEL, "xyz", version=1)
    request = await asked(studio, submitted.job.id)
    await studio.work(JobKind.EVALUATE)
    second, first = await library.versions(await library.find(1, "xyz"))
    assert [(one.version_id, one.number) for one in request.stack] == [(first.id, 1)]
    assert (first.scores is None, second.scores is None) == (False, True)
    with pytest.raises(NotFound, match="no version 3"):
        await evaluating.concept(ANNA, CHANNEL, "xyz", version=3)


async def test_scores_of_another_stacking_are_told_and_not_kept(studio: Studio) -> None:
    """A version's own are those of how people get it when they do not choose."""
    await studio.teach(ANNA, "xyz")
    evaluating = studio.services.evaluating
    await evaluating.concept(ANNA, CHANNEL, "xyz", stacking=Stacking.SUM)
    job = await studio.work(JobKind.EVALUATE)
    assert (await asked(studio, job.id)).stacking is Stacking.SUM
    report = await evaluating.report_of_job(1, job.id)
    concept = await studio.services.library.find(1, "xyz")
    assert report.scores is not None
    assert concept.latest is not None
    assert concept.latest.scores is None


async def test_what_a_training_was_scored_by_is_kept_with_it(studio: Studio) -> None:
    """Images of the job in their order, for the card; a training without any has none."""
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("p"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    job = await studio.claim(JobKind.TRAIN)
    bare = answer(job)
    assert isinstance(bare, Trained)
    assert isinstance(job.request, TrainRequest)
    ended = and_scored(bare, job, job.request, key_of)
    await studio.services.results.finish(ended)
    kept = await studio.services.gallery.of_job(job.id)
    assert [image.key for image in kept] == [made.key for made in ended.images]
    version = await studio.services.library.version_of_job(job.id)
    assert version.scores == ended.scores
    assert len(kept) == version.scores.images + version.scores.prompts == 20


@pytest.mark.parametrize("prompts", ["a xyz temple", "a xyz temple; xyz temple at night"])
async def test_a_blind_sheet_has_eight_images_two_of_them_without(
    studio: Studio, prompts: str
) -> None:
    """With one prompt or two."""
    await studio.teach(ANNA, "xyz")
    submitted = await studio.services.evaluating.blind(ANNA, CHANNEL, prompts)
    request = await asked(studio, submitted.job.id)
    assert request.drawn == 8
    assert len(request.prompts) * len(request.controls) == 2


@pytest.mark.parametrize("prompts", ["a temple", ";", "xyz a; xyz b; xyz c"])
async def test_a_blind_sheet_needs_one_or_two_prompts_with_a_name(
    studio: Studio, prompts: str
) -> None:
    """Else there is nothing to judge."""
    await studio.teach(ANNA, "xyz")
    with pytest.raises(InvalidInput):
        await studio.services.evaluating.blind(ANNA, CHANNEL, prompts)


async def test_votes_are_counted_by_prompt_and_without_apart(studio: Studio) -> None:
    """One vote a person and image, the latest; other guilds and concepts do not count."""
    await studio.teach(ANNA, "xyz")
    evaluating, gallery = studio.services.evaluating, studio.services.gallery
    await evaluating.blind(ANNA, CHANNEL, "a xyz temple; xyz temple at night")
    assert await evaluating.accepted(ANNA) == []
    job = await studio.work(JobKind.EVALUATE)
    first, *_, night, control, _ = await gallery.of_job(job.id)
    for actor, image, value in (
        (ANNA, first, -1),
        (ANNA, first, 1),
        (BEN, first, 1),
        (BEN, night, -1),
        (BEN, control, -1),
    ):
        await gallery.rate(actor, image.id, value)
    expected = [
        Accepted(prompt="a <xyz> temple", versions=(1,), up=2, down=0),
        Accepted(prompt="<xyz> temple at night", versions=(1,), up=0, down=1),
        Accepted(prompt="", up=0, down=1),
    ]
    assert await evaluating.accepted(ANNA) == expected
    assert await evaluating.accepted(ANNA, job_id=job.id, name="xyz") == expected
    await studio.teach(ANNA, "kar", "forest")
    assert await evaluating.accepted(ANNA, name="kar") == []
    assert await evaluating.accepted(ZOE) == []


async def judged(studio: Studio, prompts: str, *values: int) -> None:
    """A blind sheet whose first images, then its last (without concepts), Anna has judged."""
    await studio.services.evaluating.blind(ANNA, CHANNEL, prompts)
    job = await studio.work(JobKind.EVALUATE)
    images = await studio.services.gallery.of_job(job.id)
    for image, value in zip((*images[: len(values)], images[-1]), (*values, -1), strict=True):
        await studio.services.gallery.rate(ANNA, image.id, value)


async def test_votes_stay_with_their_concept_whatever_it_is_called(studio: Studio) -> None:
    """A renamed concept keeps them, and who takes its old name has none of them."""
    await studio.teach(ANNA, "xyz")
    await judged(studio, "a xyz temple", 1, 1)
    await studio.services.library.rename(ANNA, "xyz", "abc")
    await studio.teach(ANNA, "xyz", "forest")
    await judged(studio, "a xyz forest", -1)
    evaluating = studio.services.evaluating
    assert await evaluating.accepted(ANNA, name="abc") == [
        Accepted(prompt="a <xyz> temple", versions=(1,), up=2, down=0),
        Accepted(prompt="", up=0, down=1),
    ]
    assert await evaluating.accepted(ANNA, name="xyz") == [
        Accepted(prompt="a <xyz> forest", versions=(1,), up=0, down=1),
        Accepted(prompt="", up=0, down=1),
    ]


async def test_votes_of_one_prompt_are_told_by_version(studio: Studio) -> None:
    """What was thought of the first version says nothing of the second."""
    await studio.teach(ANNA, "xyz")
    await judged(studio, "a xyz temple", -1)
    await studio.teach(ANNA, "xyz")
    await judged(studio, "a xyz temple", 1, 1)
    told = await studio.services.evaluating.accepted(ANNA, name="xyz")
    assert [(one.versions, one.up, one.down) for one in told[:-1]] == [((1,), 0, 1), ((2,), 2, 0)]


async def test_a_concept_answers_for_its_own_prompts_only(studio: Studio) -> None:
    """Both concepts of a sheet are in the stack of all its images."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "kar", "forest")
    await judged(studio, "a xyz temple; a kar forest", 1, 1, 1, -1)
    told = await studio.services.evaluating.accepted(ANNA, name="kar")
    assert [(one.prompt, one.up, one.down) for one in told[:-1]] == [("a <kar> forest", 0, 1)]
