"""What is said of stacks from what is on record of their versions, within one guild only."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from core.db.tables import VersionRow
from core.domain.cautions import Known
from core.domain.concepts import Concept, ConceptKind, StackEntry
from core.domain.drawing import Stacking
from core.domain.jobs import JobKind
from core.domain.overlap import SIDE
from core.domain.people import Actor
from core.domain.recipes import Method, Recipe
from core.domain.requests import ImagineWish
from core.errors import Conflict
from core.services.cautioning import known_of
from core.services.fusing import FuseWish
from core.services.pinning import pinned
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio

ANNA, STRANGER = Actor(guild_id=1, user_id=10), Actor(guild_id=2, user_id=10)
SKETCH = base64.b64encode(bytes([1, 2, 3, 4] * (SIDE * SIDE // 4))).decode()
BLEND = "change much the same weights"


async def taught(
    studio: Studio, name: str, *, actor: Actor = ANNA, family: str = "pocket"
) -> Concept:
    """A concept with what a worker notes of its version."""
    concept = await studio.teach(actor, name)
    assert concept.latest is not None
    noted = update(VersionRow).where(VersionRow.id == concept.latest.id)
    async with studio.database.transaction() as session:
        await session.execute(noted.values(family=family, sketch=SKETCH))
    return concept


async def test_a_job_keeps_what_was_said_of_it(studio: Studio) -> None:
    """On its row, so that it is shown until the end, after a restart too."""
    await taught(studio, "xyz")
    await taught(studio, "abc")
    submitted = await studio.ask(ANNA, "a <xyz> temple and a <abc> temple")
    (caution,) = submitted.job.cautions
    assert BLEND in caution
    job = await studio.services.jobs.get(1, submitted.job.id)
    assert job.cautions == submitted.job.cautions
    assert (await studio.ask(ANNA, "a <xyz> temple")).job.cautions == ()


async def test_two_weights_for_one_concept_are_told(studio: Studio) -> None:
    """Under its name and an alias, in the prompt and in a saved stack."""
    await studio.teach(ANNA, "xyz")
    await studio.services.labels.alias(ANNA, "xyz", "ours")
    submitted = await studio.ask(ANNA, "a <xyz:0.8> temple beside <ours:0.4> temple")
    assert submitted.stack[0].weight == 0.4
    assert submitted.job.cautions == (
        "<xyz> is there with weights of 0.8 and 0.4; 0.4 counts. Give it one weight.",
    )
    saved = await studio.services.stacks.save(ANNA, "home", (("xyz", 0.8), ("ours", 0.4)))
    assert saved.cautions == submitted.job.cautions


async def test_a_saved_stack_says_what_may_go_wrong(studio: Studio) -> None:
    """When it is saved and when it is shown."""
    await taught(studio, "xyz")
    await taught(studio, "abc")
    saved = await studio.services.stacks.save(ANNA, "home", (("xyz", 1.0), ("abc", 1.0)))
    shown = await studio.services.stacks.get(1, "home")
    assert BLEND in saved.cautions[0]
    assert shown.cautions == saved.cautions


async def test_what_was_heard_is_cautioned_before_the_answer(studio: Studio) -> None:
    """The question already says it; what would be refused is said as well."""
    await taught(studio, "xyz")
    await taught(studio, "abc")
    voice = studio.services.voice
    submitted = await voice.hear(ANNA, CHANNEL, "0" * 64)
    await studio.work(JobKind.TRANSCRIBE, said="a xyz temple and a abc temple")
    transcript = await voice.transcript_of_job(submitted.job.id)
    (caution,) = await voice.cautions(transcript)
    assert BLEND in caution
    await studio.services.library.delete(ANNA, "abc")
    (refusal,) = await voice.cautions(transcript)
    assert "There is no concept <abc> here" in refusal


async def test_another_family_is_refused_before_it_is_queued(studio: Studio) -> None:
    """For pictures and as ground for teaching; the stack itself may be kept."""
    await taught(studio, "xyz", family="sd1")
    studio.queue.family = "sdxl"
    with pytest.raises(Conflict, match="the family sd1"):
        await studio.ask(ANNA, "a <xyz> temple")
    with pytest.raises(Conflict, match="the family sd1"):
        await studio.teach(ANNA, "new", base_on=("xyz",))
    assert await studio.services.jobs.active() == []
    saved = await studio.services.stacks.save(ANNA, "home", (("xyz", 1.0),))
    assert "the family sd1" in saved.cautions[0]
    studio.queue.family = "sd1"
    assert (await studio.ask(ANNA, "a <xyz> temple")).job.cautions == ()


async def test_a_fusion_is_cautioned_like_its_stack(studio: Studio) -> None:
    """Before it is queued, in its own words; and what cannot work is refused."""
    await taught(studio, "xyz")
    await taught(studio, "abc")
    await studio.services.stacks.save(ANNA, "home", (("xyz", 1.0), ("abc", 1.0)))
    wish = FuseWish("home", "duo")
    submitted = await studio.services.fusing.start(ANNA, CHANNEL, wish)
    (caution,) = submitted.job.cautions
    assert BLEND in caution
    await studio.services.jobs.cancel(ANNA, submitted.job.id)
    await taught(studio, "abc", family="sd1")
    studio.queue.family = "pocket"
    with pytest.raises(Conflict, match="the family sd1"):
        await studio.services.fusing.start(ANNA, CHANNEL, wish)


async def test_what_cannot_be_kept_apart_is_told_before_it_is_drawn(studio: Studio) -> None:
    """For pictures and evaluations as well; teaching on top adds up in any case."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "abc")
    recipe = Recipe(method=Method.DREAMBOOTH)
    async with studio.database.transaction() as session:
        await session.execute(update(VersionRow).values(recipe=recipe.model_dump_json()))
    told = "<xyz> and <abc> change more of the model than an adapter does"
    prompt = "a <xyz> temple and a <abc> temple"
    asked = await studio.ask(ANNA, prompt)
    scored = await studio.services.evaluating.stack(ANNA, CHANNEL, ImagineWish(prompt))
    for submitted in (asked, scored):
        assert submitted.job.cautions[0].startswith(told)
    summed = ImagineWish(prompt, stacking=Stacking.SUM)
    scored = await studio.services.evaluating.stack(ANNA, CHANNEL, summed)
    assert scored.job.cautions[0].startswith("The weights add up to 2")
    wish = TrainWish("new", "temple", ConceptKind.SUBJECT, ("0" * 64,), ("xyz", "abc"))
    assert (await studio.services.training.start(ANNA, CHANNEL, wish)).job.cautions == ()


async def test_other_weights_of_the_same_family_are_told(studio: Studio) -> None:
    """A different checkpoint under the same name: before the GPU's time is spent, for one alone."""
    concept = await taught(studio, "xyz")
    assert concept.latest is not None
    noted = update(VersionRow).where(VersionRow.id == concept.latest.id)
    async with studio.database.transaction() as session:
        await session.execute(noted.values(weights="1" * 64))
    studio.queue.weights = "2" * 64
    (caution,) = (await studio.ask(ANNA, "a <xyz> temple")).job.cautions
    assert "other weights of the model than those that run now" in caution
    studio.queue.weights = "1" * 64
    assert (await studio.ask(ANNA, "a <xyz> temple")).job.cautions == ()


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(guild_id=st.sampled_from((1, 2, 3)), chosen=st.lists(st.integers(0, 4), max_size=6))
async def test_only_a_guilds_own_versions_are_read(
    shelves: tuple[Studio, list[Concept]], guild_id: int, chosen: list[int]
) -> None:
    """Whatever version ids a stack names, what is known of those of other guilds stays theirs."""
    studio, concepts = shelves
    stack: list[StackEntry] = [pinned(concepts[index]) for index in chosen]
    async with studio.database.session() as session:
        known = await known_of(session, guild_id, stack)
        said = await studio.services.imagining._desk.cautions(session, guild_id, stack)
    own = {concepts[i].latest.id for i in chosen if concepts[i].guild_id == guild_id}  # type: ignore[union-attr]
    assert known == {number: Known("pocket", SKETCH) for number in own}
    assert any(BLEND in sentence for sentence in said) == _meets_itself(concepts, chosen, guild_id)


def _meets_itself(concepts: list[Concept], chosen: list[int], guild_id: int) -> bool:
    return sum(concepts[index].guild_id == guild_id for index in chosen) > 1


@pytest.fixture
async def shelves(studio: Studio) -> tuple[Studio, list[Concept]]:
    """Five concepts of two guilds, all of which change the very same weights."""
    owners = (ANNA, STRANGER, ANNA, STRANGER, ANNA)
    names = ("aa", "aa", "bb", "cc", "dd")
    pairs = zip(owners, names, strict=True)
    return studio, [await taught(studio, name, actor=actor) for actor, name in pairs]


async def test_the_same_words_in_a_wish_say_nothing_of_other_guilds(studio: Studio) -> None:
    """Two guilds with concepts of the same names: only the one that has both is cautioned."""
    for name in ("xyz", "abc"):
        await taught(studio, name)
    await taught(studio, "xyz", actor=STRANGER)
    await studio.teach(STRANGER, "abc")
    wish = ImagineWish("a <xyz> temple and a <abc> temple")
    assert BLEND in (await studio.services.imagining.cautions(1, wish))[0]
    assert await studio.services.imagining.cautions(2, wish) == ()
