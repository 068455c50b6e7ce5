"""Teaching starts a job and, the first time, a concept."""

from dataclasses import replace

import pytest

from core.db.tables import JobRow
from core.dispatch.messages import Failed, Trained
from core.domain.concepts import Concept, ConceptKind, ConceptVersion
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.domain.recipes import Preset, Recipe
from core.domain.requests import TrainRequest
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.learned import Learned, remember
from core.services.desk import WAITING_PER_PERSON
from core.services.submitted import Submitted
from core.services.training import Change, TrainWish
from tests.studio import CHANNEL, Studio, answer, key_of

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
WISH = TrainWish("XYZ", "  Temple ", ConceptKind.SUBJECT, (key_of("a"), key_of("b")))


async def test_a_new_name_makes_a_concept_of_the_actor(studio: Studio) -> None:
    """The concept is there at once, tidied, without a version, and owned by who asked."""
    submitted = await studio.services.training.start(ANNA, CHANNEL, WISH)
    concept = await studio.services.library.find(1, "xyz")
    assert (concept.owner_id, concept.class_noun, concept.latest) == (10, "temple", None)
    request = submitted.job.request
    assert isinstance(request, TrainRequest)
    assert (request.concept_id, request.name, request.pictures) == (
        concept.id,
        "xyz",
        WISH.pictures,
    )
    assert request.recipe is None


async def test_a_number_of_steps_is_passed_on(studio: Studio) -> None:
    """Steps are the one thing of the recipe that a person gives."""
    submitted = await studio.services.training.start(ANNA, CHANNEL, replace(WISH, steps=50))
    request = submitted.job.request
    assert isinstance(request, TrainRequest)
    assert (request.steps, request.recipe) == (50, None)


async def test_preset_and_settings_are_passed_on(studio: Studio) -> None:
    """By name, read and checked; what cannot be read starts nothing."""
    wish = replace(WISH, preset=Preset.PIVOTAL_PRODIGY, settings="rank=16, snr_cap=off")
    submitted = await studio.services.training.start(ANNA, CHANNEL, wish)
    request = submitted.job.request
    assert isinstance(request, TrainRequest)
    assert request.preset is Preset.PIVOTAL_PRODIGY
    assert request.settings == {"rank": 16, "snr_cap": None}
    with pytest.raises(InvalidInput, match="no such setting"):
        await studio.services.training.start(ANNA, CHANNEL, replace(wish, settings="speed=1"))


async def test_masks_are_kept_with_the_job(studio: Studio) -> None:
    """One for each picture or none at all, and they are in the row from which it replays."""
    wish = replace(WISH, masks=("", key_of("m")))
    submitted = await studio.services.training.start(ANNA, CHANNEL, wish)
    kept = (await studio.services.jobs.get(1, submitted.job.id)).request
    assert isinstance(kept, TrainRequest)
    assert kept.masks == ("", key_of("m"))
    other = replace(WISH, name="abc", masks=("", ""))
    plain = (await studio.services.training.start(ANNA, CHANNEL, other)).job.request
    assert isinstance(plain, TrainRequest)
    assert plain.masks == ()
    with pytest.raises(ValueError, match="a mask or nothing for each picture"):
        kept.model_validate(kept.model_dump() | {"masks": (key_of("m"),)})


async def test_training_again_makes_a_further_version(studio: Studio) -> None:
    """The same name gives version 2 of the same concept, and prompts use that."""
    first = await studio.teach(ANNA, "xyz")
    second = await studio.teach(ANNA, "xyz")
    assert first.id == second.id
    assert second.latest is not None
    versions = await studio.services.library.versions(second)
    assert [version.number for version in versions] == [2, 1]
    assert second.latest == versions[0]


async def test_somebody_elses_name_is_refused(studio: Studio) -> None:
    """Only the owner and moderators train a further version."""
    await studio.teach(ANNA, "xyz")
    with pytest.raises(NotAllowed, match="belongs to somebody else"):
        await studio.services.training.start(BEN, CHANNEL, WISH)
    assert (await studio.services.training.start(MODERATOR, CHANNEL, WISH)).position == 1


async def test_a_concept_is_trained_once_at_a_time(studio: Studio) -> None:
    """A second training of the same concept waits for the first or its cancellation."""
    submitted = await studio.services.training.start(ANNA, CHANNEL, WISH)
    with pytest.raises(Conflict, match="being trained right now"):
        await studio.services.training.start(ANNA, CHANNEL, WISH)
    await studio.services.jobs.cancel(ANNA, submitted.job.id)
    await studio.services.training.start(ANNA, CHANNEL, WISH)


async def test_a_concept_stays_what_it_is(studio: Studio) -> None:
    """Another class or kind under the same name is refused, and says what it is."""
    await studio.teach(ANNA, "xyz")
    for other in (replace(WISH, class_noun="dog"), replace(WISH, kind=ConceptKind.STYLE)):
        with pytest.raises(Conflict, match="is a subject of class temple"):
            await studio.services.training.start(ANNA, CHANNEL, other)


async def stop_first(studio: Studio) -> Concept:
    """Start the wish and stop it; what is left of it."""
    submitted = await studio.services.training.start(ANNA, CHANNEL, WISH)
    assert (await studio.services.library.find(1, "xyz")).in_training
    await studio.services.jobs.cancel(ANNA, submitted.job.id)
    left = await studio.services.library.find(1, "xyz")
    assert left.is_vacant
    return left


async def give_up(studio: Studio) -> None:
    """End the running job for good, as when it ends every worker that takes it on."""
    state = None
    while state is not JobState.FAILED:
        job = await studio.claim(JobKind.TRAIN)
        state = await studio.queue.lose(job.id, job.attempt, "the worker died", alone=True)


async def test_a_job_that_comes_back_after_a_crash_still_holds_its_name(studio: Studio) -> None:
    """Only once it is given up is its concept vacant."""
    await studio.services.training.start(ANNA, CHANNEL, WISH)
    await studio.claim(JobKind.TRAIN)
    await studio.close()
    studio.open()
    await studio.queue.recover()
    assert (await studio.services.library.find(1, "xyz")).in_training
    with pytest.raises(NotAllowed):
        await studio.services.training.start(BEN, CHANNEL, WISH)
    await give_up(studio)
    with pytest.raises(Conflict, match="no trained version"):
        await studio.ask(ANNA, "a <xyz> temple")
    await studio.services.training.start(BEN, CHANNEL, WISH)
    assert (await studio.services.library.find(1, "xyz")).owner_id == BEN.user_id


async def test_what_was_never_learned_can_be_corrected(studio: Studio) -> None:
    """Its owner says another class or kind; it is the same concept, with its tags."""
    left = await stop_first(studio)
    await studio.services.labels.tag(ANNA, "xyz", "home")
    wish = replace(WISH, class_noun="tempel", kind=ConceptKind.STYLE)
    request = (await studio.services.training.start(ANNA, CHANNEL, wish)).job.request
    assert isinstance(request, TrainRequest)
    assert (request.concept_id, request.class_noun) == (left.id, "tempel")
    await studio.work(JobKind.TRAIN)
    made = await studio.services.library.find(1, "xyz")
    assert (made.id, made.class_noun, made.kind) == (left.id, "tempel", ConceptKind.STYLE)
    assert (await studio.services.labels.of(made)).tags == ("home",)
    with pytest.raises(Conflict, match="is a style of class tempel"):
        await studio.services.training.start(ANNA, CHANNEL, WISH)


async def test_what_was_never_learned_gives_its_name_up(studio: Studio) -> None:
    """Somebody else's concept takes its place, and what is left of it never comes back to it."""
    left = await stop_first(studio)
    wish = replace(WISH, class_noun="dog")
    request = (await studio.services.training.start(BEN, CHANNEL, wish)).job.request
    assert isinstance(request, TrainRequest)
    assert request.concept_id != left.id
    taken = await studio.services.library.find(1, "xyz")
    assert (taken.id, taken.owner_id, taken.class_noun) == (request.concept_id, 11, "dog")
    assert [one.id for one in await studio.services.library.list(1)] == [taken.id]
    with pytest.raises(Conflict, match="already"):
        await studio.services.library.undelete(ANNA, left.id)
    with pytest.raises(NotAllowed):
        await studio.services.training.start(ANNA, CHANNEL, WISH)


async def test_a_vacant_name_is_free_for_everything_that_is_named(studio: Studio) -> None:
    """A stack, an alias, another concept's new name, one that is brought back."""
    services = studio.services
    other = await studio.teach(BEN, "kar", "forest")
    await stop_first(studio)
    await services.stacks.save(BEN, "xyz", (("kar", 1.0),))
    await services.stacks.delete(BEN, "xyz")
    await stop_first(studio)
    await services.labels.alias(BEN, "kar", "xyz")
    assert await services.library.find(1, "xyz") == other
    await services.labels.take_off(BEN, "kar", "xyz")
    await stop_first(studio)
    assert (await services.library.rename(BEN, "kar", "xyz")).id == other.id
    await services.library.delete(BEN, "xyz")
    await stop_first(studio)
    assert (await services.library.undelete(BEN, other.id)).name == "xyz"


async def test_an_alias_of_what_was_never_learned_is_free_alone(studio: Studio) -> None:
    """Who asks for it gets a concept of that name; the other stays, to be trained again."""
    left = await stop_first(studio)
    await studio.services.labels.alias(ANNA, "xyz", "abc")
    await studio.services.training.start(BEN, CHANNEL, replace(WISH, name="abc"))
    assert (await studio.services.library.find(1, "abc")).owner_id == BEN.user_id
    assert await studio.services.library.find(1, "xyz") == left
    with pytest.raises(Conflict, match="means <xyz> already"):
        await studio.services.labels.alias(ANNA, "xyz", "xyz")


async def test_a_version_keeps_the_name_when_the_next_training_fails(studio: Studio) -> None:
    """Only what has nothing at all is vacant."""
    await studio.teach(ANNA, "xyz")
    submitted = await studio.services.training.start(ANNA, CHANNEL, WISH)
    await studio.services.jobs.cancel(ANNA, submitted.job.id)
    with pytest.raises(NotAllowed):
        await studio.services.training.start(BEN, CHANNEL, WISH)
    with pytest.raises(Conflict, match="is a subject of class temple"):
        await studio.services.training.start(ANNA, CHANNEL, replace(WISH, class_noun="dog"))


async def test_a_saved_stack_lies_underneath_with_its_weights(studio: Studio) -> None:
    """Its concepts, as if each had been named; they are counted, and none may be the one taught."""
    for name in ("kar", "abc"):
        await studio.teach(ANNA, name, "forest")
    await studio.services.stacks.save(ANNA, "home", (("kar", 0.6), ("abc", 0.3)))
    wish = replace(WISH, base_on=("home",))
    request = (await studio.services.training.start(ANNA, CHANNEL, wish)).job.request
    assert isinstance(request, TrainRequest)
    assert [(parent.name, parent.weight) for parent in request.parents] == [
        ("kar", 0.6),
        ("abc", 0.3),
    ]
    own = replace(WISH, name="kar", class_noun="forest", base_on=("home",))
    with pytest.raises(InvalidInput, match="based on itself"):
        await studio.services.training.start(ANNA, CHANNEL, own)
    seven = replace(WISH, name="new", base_on=("home", *(f"a{n}" for n in range(5))))
    with pytest.raises(InvalidInput, match="6 others"):
        await studio.services.training.start(ANNA, CHANNEL, seven)


async def test_parents_are_pinned(studio: Studio) -> None:
    """`base on` pins the versions underneath, and the new version records them."""
    parent = await studio.teach(ANNA, "kar", "forest")
    assert parent.latest is not None
    await studio.services.training.start(BEN, CHANNEL, replace(WISH, base_on=("kar", "<KAR>")))
    job = await studio.work(JobKind.TRAIN)
    assert isinstance(job.request, TrainRequest)
    assert [entry.version_id for entry in job.request.parents] == [parent.latest.id]
    assert job.request.parents_pictures == (parent.latest.pictures,)
    child = await studio.services.library.find(1, "xyz")
    assert child.latest is not None
    assert child.latest.parents == (parent.latest.id,)


@pytest.mark.parametrize(
    ("wish", "error", "says"),
    [
        (replace(WISH, name="x"), InvalidInput, "2 to 24 letters"),
        (replace(WISH, name="two words"), InvalidInput, "2 to 24 letters"),
        (replace(WISH, class_noun="<b>"), InvalidInput, "plain word"),
        (replace(WISH, pictures=()), InvalidInput, "between 1 and 50 pictures"),
        (replace(WISH, pictures=(key_of("a"),) * 51), InvalidInput, "between 1 and 50"),
        (replace(WISH, steps=0), InvalidInput, "between 1 and 20000"),
        (replace(WISH, base_on=("xyz",)), InvalidInput, "based on itself"),
        (replace(WISH, base_on=("nope",)), NotFound, "<nope>"),
        (replace(WISH, base_on=("a1", "a2", "a3", "a4", "a5", "a6", "a7")), InvalidInput, "6 oth"),
    ],
)
async def test_bad_wishes_leave_nothing_behind(
    studio: Studio, wish: TrainWish, error: type[Exception], says: str
) -> None:
    """A refused training makes neither a job nor a concept."""
    with pytest.raises(error, match=says):
        await studio.services.training.start(ANNA, CHANNEL, wish)
    assert await studio.services.library.list(1) == []
    assert await studio.services.jobs.mine(ANNA) == []


async def test_an_untrained_parent_is_refused(studio: Studio) -> None:
    """What has no version yet cannot lie underneath."""
    await studio.services.training.start(ANNA, CHANNEL, WISH)
    wish = replace(WISH, name="abc", base_on=("xyz",))
    with pytest.raises(Conflict, match="no trained version"):
        await studio.services.training.start(ANNA, CHANNEL, wish)


async def failed(studio: Studio, wish: TrainWish = WISH) -> int:
    """The number of a training that could not be done."""
    job = (await studio.services.training.start(ANNA, CHANNEL, wish)).job
    await studio.claim(JobKind.TRAIN)
    await studio.services.results.finish(Failed(job.id, 1, "No room.", users_fault=True))
    return job.id


def taught(submitted: Submitted) -> TrainRequest:
    """What was asked for."""
    assert isinstance(submitted.job.request, TrainRequest)
    return submitted.job.request


async def test_a_failed_training_is_begun_again_as_it_was(studio: Studio) -> None:
    """Word for word, for who may teach it, and not while it is under way."""
    wish = replace(WISH, captions=("at night", ""), masks=("", key_of("m")), settings="rank=4")
    job_id, training = await failed(studio, wish), studio.services.training
    for actor, error, says in (
        (BEN, NotAllowed, "belongs to somebody else"),
        (Actor(guild_id=2, user_id=10), NotFound, "no job"),
    ):
        with pytest.raises(error, match=says):
            await training.again(actor, CHANNEL, job_id)
    submitted = await training.again(ANNA, CHANNEL, job_id)
    assert submitted.job.request == (await studio.services.jobs.get(1, job_id)).request
    assert submitted.job.cautions == ()
    with pytest.raises(Conflict, match="being trained right now"):
        await training.again(ANNA, CHANNEL, job_id)


async def test_a_training_is_begun_again_under_the_name_that_its_concept_has(
    studio: Studio,
) -> None:
    """Renamed meanwhile, it is the same concept; deleted, it is refused."""
    await studio.teach(ANNA, "xyz")
    await studio.services.library.rename(ANNA, "xyz", "abc")
    submitted = await studio.services.training.again(ANNA, CHANNEL, 1, Change(9, "batch=2"))
    request = taught(submitted)
    assert (request.name, request.steps, request.settings) == ("abc", 9, {"batch": 2})
    await studio.work(JobKind.TRAIN)
    await studio.services.library.delete(ANNA, "abc")
    with pytest.raises(NotFound, match="has been deleted"):
        await studio.services.training.again(ANNA, CHANNEL, 1)


async def test_a_training_is_begun_again_as_what_its_concept_was_corrected_to(
    studio: Studio,
) -> None:
    """So that versions of one concept are all of one class and kind."""
    job_id = await failed(studio)
    wish = replace(WISH, class_noun="tempel", kind=ConceptKind.STYLE)
    await studio.services.training.start(ANNA, CHANNEL, wish)
    await studio.work(JobKind.TRAIN)
    request = taught(await studio.services.training.again(ANNA, CHANNEL, job_id))
    assert (request.class_noun, request.concept_kind) == ("tempel", ConceptKind.STYLE)
    assert request.pictures == WISH.pictures


async def test_a_training_whose_concept_gave_its_name_up_is_not_begun_again(
    studio: Studio,
) -> None:
    """There is nothing that could be brought back; what has the name now is left alone."""
    job_id, services = await failed(studio), studio.services
    await services.training.start(BEN, CHANNEL, WISH)
    with pytest.raises(NotFound, match="Nothing of <xyz> was learned, and its name was given up"):
        await services.training.again(ANNA, CHANNEL, job_id)
    assert await services.jobs.mine(ANNA) == [await services.jobs.get(1, job_id)]


async def test_a_training_again_has_its_parents_pictures(studio: Studio) -> None:
    """Those of long ago did not name them, so their versions' own are looked up."""
    parent = await studio.teach(ANNA, "kar", "forest")
    assert parent.latest is not None
    job_id = await failed(studio, replace(WISH, base_on=("kar",)))
    async with studio.database.transaction() as session:
        row = await session.get_one(JobRow, job_id)
        assert isinstance(row.request, TrainRequest)
        row.request = row.request.model_copy(update={"parents_pictures": ()})
    request = taught(await studio.services.training.again(ANNA, CHANNEL, job_id))
    assert request.parents_pictures == (parent.latest.pictures,)


async def test_changes_are_checked_as_those_of_a_new_training(studio: Studio) -> None:
    """Limits, roles, steps and settings; a refusal queues nothing."""
    await studio.teach(ANNA, "xyz")
    training = studio.services.training
    for change, says in (
        (Change(0, ""), "between 1 and 20000"),
        (Change(None, "speed=3"), "no such setting"),
    ):
        with pytest.raises(InvalidInput, match=says):
            await training.again(ANNA, CHANNEL, 1, change)
    boss = Actor(guild_id=1, user_id=1, moderates=True, manages=True)
    await studio.services.guilds.change(boss, train_roles=(77,))
    with pytest.raises(NotAllowed, match="takes the role <@&77>"):
        await training.again(ANNA, CHANNEL, 1)
    await studio.services.guilds.change(boss, train_roles=())
    for _ in range(WAITING_PER_PERSON):
        await studio.ask(ANNA)
    with pytest.raises(Conflict, match="20 jobs waiting"):
        await training.again(ANNA, CHANNEL, 1)
    drawing = (await studio.ask(BEN)).job.id
    with pytest.raises(Conflict, match="is no training"):
        await training.again(BEN, CHANNEL, drawing)
    assert await studio.services.jobs.mine(BEN) != []


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (None, True),
        (Change(None, ""), True),
        (Change(300, ""), True),  # as many as the version has
        (Change(200, ""), False),
        (Change(None, "ema=0.5"), False),
    ],
)
async def test_what_is_changed_is_all_that_differs(
    studio: Studio, change: Change | None, same: bool
) -> None:
    """One that went well and is changed in nothing gets another seed, and that is said."""
    await studio.teach(ANNA, "xyz")
    first = (await studio.services.jobs.get(1, 1)).request
    submitted = await studio.services.training.again(ANNA, CHANNEL, 1, change)
    assert isinstance(first, TrainRequest)
    assert (taught(submitted).seed != first.seed) is same
    assert ("learns with another seed" in " ".join(submitted.job.cautions)) is same


async def test_a_recipe_with_a_seed_of_its_own_is_told_of(studio: Studio) -> None:
    """Another seed of the job would change nothing there."""
    await studio.services.training.start(ANNA, CHANNEL, WISH)
    job = await studio.claim(JobKind.TRAIN)
    made = answer(job)
    assert isinstance(made, Trained)
    await studio.services.results.finish(replace(made, recipe=Recipe(seed=42)))
    submitted = await studio.services.training.again(ANNA, CHANNEL, job.id)
    assert "always has the seed 42" in submitted.job.cautions[0]


async def test_settings_without_effect_are_told_with_the_job(studio: Studio) -> None:
    """By the method that is usual for the base model; nothing while that is not known."""
    wish = replace(WISH, settings="rank=16, batch=2, words_first=yes")
    training = studio.services.training
    assert (await training.start(ANNA, CHANNEL, wish)).job.cautions == ()
    for family, said in (
        ("pocket", ("Without effect here: rank (textual-inversion teaches no adapter).",)),
        (
            "sd1",
            (
                "Without effect here: words_first (this base model has no list of words for what "
                "can be seen).",
            ),
        ),
        ("flux", ()),
    ):
        studio.queue.family = family
        submitted = await training.start(ANNA, CHANNEL, replace(wish, name=family))
        assert submitted.job.cautions == said


async def test_settings_that_contradict_each_other_are_refused(studio: Studio) -> None:
    """Before anything is queued, and no concept is made."""
    studio.queue.family = "pocket"
    wish = replace(WISH, preset=Preset.PIVOTAL_PRODIGY, settings="token_after=0.5")
    with pytest.raises(InvalidInput, match=r"cannot go on at 0\.5 of it"):
        await studio.services.training.start(ANNA, CHANNEL, wish)
    assert await studio.services.library.list(1) == []


async def test_usual_recipe_is_that_of_the_base_model(studio: Studio) -> None:
    """By what is taught and the method that is chosen, if one is."""
    usual = studio.services.training.usual
    assert usual(None, ConceptKind.SUBJECT, "temple") is None
    studio.queue.family = "pocket"
    for preset, kind, noun, expected in (
        (None, ConceptKind.SUBJECT, "temple", ("textual-inversion", 12)),
        (None, ConceptKind.SUBJECT, "", ("textual-inversion", 12)),
        (None, ConceptKind.STYLE, "painting", ("dreambooth-lora", 192)),
        (Preset.PIVOTAL, ConceptKind.SUBJECT, "temple", ("pivotal", 10)),
        (Preset.PIVOTAL, ConceptKind.SUBJECT, "pine forest", ("pivotal", 0)),
    ):
        recipe = usual(preset, kind, noun)
        assert recipe is not None
        assert (recipe.method, recipe.company) == expected


async def with_steps(studio: Studio, *steps: int) -> ConceptVersion:
    """A concept's version, of whose training these steps are there."""
    concept = await studio.teach(ANNA, "xyz")
    assert concept.latest is not None
    keys = {step: studio.storage.put(b"step %d" % step) for step in steps}
    remember(studio.storage, concept.latest.artifact, Learned(keys, {}))
    return concept.latest


async def test_another_step_is_made_a_version(studio: Studio) -> None:
    """By the recipe that the training had, with what it had learned there."""
    version = await with_steps(studio, 100, 300)
    submitted = await studio.services.training.keep(ANNA, CHANNEL, version.job_id, 100)
    request = taught(submitted)
    assert request.learned is not None
    assert studio.storage.get(request.learned.artifact) == b"step 100"
    assert request.learned.seconds == version.seconds
    recipe = Recipe.model_validate_json(version.recipe)
    assert request.recipe == recipe.kept_by_hand(100)
    assert request.recipe.kept_step == 100
    await studio.work(JobKind.TRAIN)
    second = (await studio.services.library.find(1, "xyz")).latest
    assert second is not None
    assert (second.number, second.pictures) == (2, version.pictures)


async def test_a_chosen_step_has_the_name_that_its_concept_has(studio: Studio) -> None:
    """Renamed meanwhile, it is the same concept; deleted, it is refused."""
    version = await with_steps(studio, 100, 300)
    await studio.services.library.rename(ANNA, "xyz", "abc")
    request = taught(await studio.services.training.keep(ANNA, CHANNEL, version.job_id, 100))
    assert request.name == "abc"
    await studio.work(JobKind.TRAIN)
    await studio.services.library.delete(ANNA, "abc")
    with pytest.raises(NotFound, match="has been deleted"):
        await studio.services.training.keep(ANNA, CHANNEL, version.job_id, 100)


async def test_steps_are_kept_by_who_may_teach(studio: Studio) -> None:
    """In the guild where they were learned, and not while a further version is on its way."""
    version = await with_steps(studio, 100, 300)
    training = studio.services.training
    for actor, step, error, says in (
        (BEN, 100, NotAllowed, "belongs to somebody else"),
        (Actor(guild_id=2, user_id=10), 100, NotFound, "no job"),
        (ANNA, 150, NotFound, "Step 150 was let go"),
    ):
        with pytest.raises(error, match=says):
            await training.keep(actor, CHANNEL, version.job_id, step)
    await training.keep(MODERATOR, CHANNEL, version.job_id, 100)
    with pytest.raises(Conflict, match="being trained right now"):
        await training.keep(ANNA, CHANNEL, version.job_id, 100)


async def test_nothing_is_kept_of_what_failed(studio: Studio) -> None:
    """It has no steps to choose from."""
    job_id = await failed(studio)
    with pytest.raises(Conflict, match="has not learned anything"):
        await studio.services.training.keep(ANNA, CHANNEL, job_id, 100)


@pytest.mark.parametrize(("steps", "some"), [((100, 300), True), ((300,), False), ((), False)])
async def test_steps_are_told_where_there_is_another_one(
    studio: Studio, steps: tuple[int, ...], some: bool
) -> None:
    """The one that is the version is none to choose."""
    version = await with_steps(studio, *steps)
    found = await studio.services.training.steps(version)
    assert (found is not None) is some
    assert found is None or set(found.artifacts) == set(steps)


async def test_how_long_a_chosen_step_takes_is_not_known(studio: Studio) -> None:
    """It is no training, so how long those took says nothing of it, nor it of them."""
    version = await with_steps(studio, 100, 300)
    kept = await studio.services.training.keep(ANNA, CHANNEL, version.job_id, 100)
    assert kept.eta_s is None
    await studio.work(JobKind.TRAIN)
    again = await studio.services.training.again(ANNA, CHANNEL, version.job_id)
    assert again.eta_s == pytest.approx(version.seconds)
