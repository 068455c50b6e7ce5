"""A saved stack becomes one version that carries the words of its concepts."""

import pytest
from sqlalchemy import update

from core.db.tables import VersionRow
from core.domain.concepts import ConceptKind
from core.domain.fusion import fusion_of, noun_of
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.domain.recipes import Method, Recipe
from core.domain.requests import ImagineWish
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.services.fusing import FuseWish
from tests.studio import CHANNEL, Studio, answer

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True, manages=True)


async def saved(studio: Studio, parts=(("xyz", 0.8), ("kar", 1.0))) -> None:
    """Two taught concepts, and a stack of them."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "kar", "forest")
    await studio.services.stacks.save(ANNA, "home", parts)


async def start(studio: Studio, actor: Actor = ANNA, stack="home", into="duo"):
    return await studio.services.fusing.start(actor, CHANNEL, FuseWish(stack, into))


async def fused(studio: Studio) -> None:
    await saved(studio)
    await start(studio)
    await studio.work(JobKind.FUSE)


def used(submitted):
    request = submitted.job.request
    return request.prompt, [(entry.name, entry.weight) for entry in request.stack]


async def test_a_stack_becomes_a_version_with_its_parents(studio: Studio) -> None:
    """Pinned as they were when it was asked for, with weights; the recipe says what was kept."""
    await saved(studio)
    submitted = await start(studio, into="<DUO>")
    assert submitted.job.kind is JobKind.FUSE
    with pytest.raises(NotFound):
        await studio.services.library.find(1, "duo")
    parents = [part.version_id for part in submitted.job.request.parts]
    await studio.teach(ANNA, "xyz")
    await studio.work(JobKind.FUSE)
    concept = await studio.services.library.find(1, "duo")
    assert (concept.class_noun, concept.kind) == ("temple and forest", ConceptKind.SUBJECT)
    version = concept.latest
    assert version is not None
    assert (version.number, version.pictures, list(version.parents)) == (1, (), parents)
    fusion = fusion_of(version)
    assert fusion is not None
    assert [(word.name, word.weight, word.number) for word in fusion.words] == [
        ("xyz", 0.8, 1),
        ("kar", 1.0, 1),
    ]
    assert version.origin is None
    assert fusion_of((await studio.services.library.find(1, "xyz")).latest) is None


async def test_a_second_fusion_is_a_further_version(studio: Studio) -> None:
    """One at a time."""
    await fused(studio)
    await start(studio)
    with pytest.raises(Conflict, match="being trained"):
        await start(studio)
    await studio.work(JobKind.FUSE)
    concept = await studio.services.library.find(1, "duo")
    assert [v.number for v in await studio.services.library.versions(concept)] == [2, 1]


async def test_its_words_are_said_in_prompts(studio: Studio) -> None:
    """Under its name they come together; with it in `concepts` each stands where it is written."""
    await fused(studio)
    assert used(await studio.ask(ANNA, "a photo of <duo> at night")) == (
        "a photo of <duo> at night",
        [("duo", 1.0)],
    )
    wished = await studio.ask(ANNA, "<duo:0.5>, xyz temple above <kar> forest")
    assert used(wished) == ("<duo>, <xyz> temple above <kar> forest", [("duo", 0.5)])
    assert used(await studio.ask(ANNA, "<xyz> temple")) == ("<xyz> temple", [("xyz", 1.0)])


@pytest.mark.parametrize(
    ("prompt", "concepts", "made"),
    [
        ("<xyz> temple above kar", (("duo", 0.7),), "<xyz> temple above <kar>"),
        ("a cat", (("duo", 0.7),), "<duo> temple and forest, a cat"),
    ],
)
async def test_wanted_beside_the_prompt(studio: Studio, prompt, concepts, made) -> None:
    """Its name goes in front only where none of its words is in the prompt."""
    await fused(studio)
    wish = ImagineWish(prompt, count=1, concepts=concepts)
    submitted = await studio.services.imagining.request(ANNA, CHANNEL, wish)
    assert used(submitted) == (made, [("duo", 0.7)])


async def test_its_words_outlive_the_concepts(studio: Studio) -> None:
    """Deleting one takes nothing from what was fused of it."""
    await fused(studio)
    await studio.services.library.delete(ANNA, "xyz")
    assert used(await studio.ask(ANNA, "<duo> and <xyz> temple"))[1] == [("duo", 1.0)]
    with pytest.raises(NotFound):
        await studio.ask(ANNA, "<xyz> temple")


async def test_a_word_has_one_meaning_and_one_weight(studio: Studio) -> None:
    """Both are refused with what to do."""
    await fused(studio)
    with pytest.raises(InvalidInput, match="weight inside <duo>"):
        await studio.ask(ANNA, "<duo> and <xyz:0.5> temple")
    twice = ImagineWish("a cat", count=1, concepts=(("duo", 1.0), ("xyz", 1.0)))
    with pytest.raises(InvalidInput, match="inside <duo> already"):
        await studio.services.imagining.request(ANNA, CHANNEL, twice)


async def test_what_cannot_be_fused_is_refused_at_once(studio: Studio) -> None:
    """One concept, deleted ones, a fused one, names of others, unknown stacks."""
    await fused(studio)
    stacks = studio.services.stacks
    await stacks.save(ANNA, "one", (("xyz", 1.0),))
    await stacks.save(ANNA, "again", (("duo", 1.0), ("xyz", 1.0)))
    refusals = {
        ("one", "trio"): InvalidInput,
        ("again", "trio"): Conflict,
        ("nothing", "trio"): NotFound,
        ("home", "xyz"): Conflict,
        ("home", "again"): Conflict,
        ("home", "no name"): InvalidInput,
    }
    for (stack, into), error in refusals.items():
        with pytest.raises(error):
            await start(studio, stack=stack, into=into)
    with pytest.raises(NotAllowed):
        await start(studio, BEN)
    await studio.services.library.delete(ANNA, "kar")
    with pytest.raises(Conflict, match="deleted"):
        await start(studio)
    assert await studio.queue.claim((JobKind.FUSE,), worker="w", lease_s=1) is None


@pytest.mark.parametrize(
    ("method", "told"),
    [(Method.TEXTUAL_INVERSION, "a word alone"), (Method.HYPERNETWORK, "only those can be fused")],
)
async def test_what_is_no_adapter_is_refused_before_it_is_queued(
    studio: Studio, method: Method, told: str
) -> None:
    """The recipe tells it, and no GPU is spent to find out."""
    await saved(studio)
    async with studio.database.transaction() as session:
        recipe = Recipe(method=method).model_dump_json()
        await session.execute(update(VersionRow).values(recipe=recipe))
    with pytest.raises(InvalidInput, match=told):
        await start(studio)


async def test_it_takes_the_roles_that_teaching_takes(studio: Studio) -> None:
    """Whoever may not teach may not fuse."""
    await saved(studio)
    await studio.services.guilds.change(MODERATOR, train_roles=(77,))
    with pytest.raises(NotAllowed, match="Teaching"):
        await start(studio)


async def test_a_name_that_was_given_away_meanwhile_fails_the_job(studio: Studio) -> None:
    """Nothing is kept, and the person is told why."""
    await saved(studio)
    await start(studio)
    job = await studio.claim(JobKind.FUSE)
    await studio.teach(BEN, "duo", "boat")
    await studio.services.results.finish(answer(job))
    ended = await studio.services.jobs.get(1, job.id)
    assert ended.state is JobState.FAILED
    assert "belongs to somebody else" in (ended.error or "")


def test_several_nouns_are_a_class() -> None:
    """Joined while they fit, else a scene."""
    assert noun_of(("temple", "forest")) == "temple and forest"
    assert noun_of(("lighthouse",) * 4) == "scene"
