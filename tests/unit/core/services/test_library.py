"""A guild's concepts."""

import pytest

from core.domain.concepts import ConceptKind
from core.domain.jobs import JobKind
from core.domain.people import Actor
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.services.pinning import pinned
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio, key_of

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)


async def start_only(studio: Studio, name: str) -> None:
    wish = TrainWish(name, "temple", ConceptKind.SUBJECT, (key_of("a"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)


async def test_a_concept_is_found_by_name_or_token(studio: Studio) -> None:
    """Angle brackets and case do not matter."""
    made = await studio.teach(ANNA, "xyz")
    for name in ("xyz", "<XYZ>", " Xyz "):
        assert await studio.services.library.find(1, name) == made
    assert await studio.services.library.get(1, made.id) == made


async def test_what_is_not_there_is_said_with_what_is_near(studio: Studio) -> None:
    """A wrong name gets near names of this guild, a bad one gets the rule."""
    await studio.teach(ANNA, "lumo")
    with pytest.raises(NotFound, match="Did you mean <lumo>"):
        await studio.services.library.find(1, "lumos")
    with pytest.raises(InvalidInput):
        await studio.services.library.find(1, "not a name")
    with pytest.raises(NotFound, match="/concepts shows"):
        await studio.services.library.find(2, "lumo")
    with pytest.raises(NotFound):
        await studio.services.library.get(2, 1)


async def test_completion_prefers_beginnings_and_leaves_the_untrained_out(studio: Studio) -> None:
    """Names that begin with the text come first; what cannot be used is not offered."""
    for name in ("akar", "kar", "karl", "xyz"):
        await studio.teach(ANNA, name)
    await start_only(studio, "kart")
    complete = studio.services.library.complete
    assert [found.name for found in await complete(1, "<KAR")] == ["kar", "karl", "akar"]
    assert [found.name for found in await complete(1, "", limit=2)] == ["akar", "kar"]
    assert await complete(1, "%") == []
    assert await complete(2, "k") == []
    everything = await studio.services.library.list(1)
    assert [found.name for found in everything] == ["akar", "kar", "karl", "kart", "xyz"]


async def test_hotwords_are_the_trained_concepts_newest_first(studio: Studio) -> None:
    """Speech is told what can be used, and nothing of another guild."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(BEN, "kar", "forest")
    await studio.teach(STRANGER, "secret")
    await start_only(studio, "later")
    hotwords = await studio.services.library.hotwords(1)
    assert [(word.name, word.class_noun) for word in hotwords] == [
        ("kar", "forest"),
        ("xyz", "temple"),
    ]


async def test_the_version_of_a_training_can_be_found(studio: Studio) -> None:
    """A train job leads to the version that it made, once it has."""
    await start_only(studio, "xyz")
    with pytest.raises(NotFound):
        await studio.services.library.version_of_job(1)
    await studio.work(JobKind.TRAIN)
    assert (await studio.services.library.version_of_job(1)).job_id == 1


async def test_pinned_versions_are_found_in_their_order(studio: Studio) -> None:
    """Whatever is in use; nothing of another guild."""
    await studio.teach(ANNA, "xyz")
    concept = await studio.teach(ANNA, "xyz")
    library = studio.services.library
    two, one = await library.versions(concept)
    stack = tuple(pinned(concept, version=version) for version in (one, two))
    assert await library.versions_in(1, stack) == (one, two)
    assert await library.versions_in(1, stack[::-1]) == (two, one)
    with pytest.raises(KeyError):
        await library.versions_in(STRANGER.guild_id, stack)


async def test_renaming_keeps_everything_else(studio: Studio) -> None:
    """A new name, the same concept; the old name is free."""
    made = await studio.teach(ANNA, "xyz")
    renamed = await studio.services.library.rename(ANNA, "xyz", "<ABC>")
    assert (renamed.id, renamed.name, renamed.latest) == (made.id, "abc", made.latest)
    with pytest.raises(NotFound):
        await studio.services.library.find(1, "xyz")
    await studio.teach(BEN, "xyz")
    with pytest.raises(Conflict, match="already"):
        await studio.services.library.rename(ANNA, "abc", "xyz")
    assert (await studio.services.library.rename(ANNA, "abc", "abc")).name == "abc"


@pytest.mark.parametrize("actor", [BEN, STRANGER])
async def test_strangers_change_nothing(studio: Studio, actor: Actor) -> None:
    """Neither another member nor another guild's moderator can rename, delete or bring back."""
    made = await studio.teach(ANNA, "xyz")
    library = studio.services.library
    for refused in (library.rename(actor, "xyz", "abc"), library.delete(actor, "xyz")):
        with pytest.raises((NotAllowed, NotFound)):
            await refused
    await library.delete(ANNA, "xyz")
    with pytest.raises((NotAllowed, NotFound)):
        await library.undelete(actor, made.id)
    assert await library.list(1) == []


async def test_a_moderator_may(studio: Studio) -> None:
    """Who moderates the guild can change anybody's concept."""
    made = await studio.teach(ANNA, "xyz")
    library = studio.services.library
    assert (await library.rename(MODERATOR, "xyz", "abc")).name == "abc"
    assert (await library.delete(MODERATOR, "abc")).deleted_at is not None
    assert (await library.undelete(MODERATOR, made.id)).deleted_at is None


async def test_deleting_can_be_undone(studio: Studio) -> None:
    """A deleted concept is out of use everywhere, and comes back with its versions."""
    made = await studio.teach(ANNA, "xyz")
    library = studio.services.library
    await library.delete(ANNA, "xyz")
    assert await library.list(1) == []
    assert await library.hotwords(1) == ()
    with pytest.raises(NotFound):
        await studio.ask(ANNA, "a <xyz> temple")
    assert (await studio.ask(ANNA, "a xyz temple")).stack == ()
    assert await library.undelete(ANNA, made.id) == made
    assert await library.undelete(ANNA, made.id) == made
    assert (await studio.ask(ANNA, "a xyz temple")).stack[0].concept_id == made.id


async def test_undo_after_the_name_was_given_away(studio: Studio) -> None:
    """The name belongs to who took it since; the sentence says what to do."""
    made = await studio.teach(ANNA, "xyz")
    library = studio.services.library
    await library.delete(ANNA, "xyz")
    await studio.teach(BEN, "xyz")
    with pytest.raises(Conflict, match="Rename or delete that one first"):
        await library.undelete(ANNA, made.id)
    await library.rename(BEN, "xyz", "other")
    assert (await library.undelete(ANNA, made.id)).name == "xyz"


async def test_what_is_being_trained_is_not_deleted(studio: Studio) -> None:
    """Deleting waits for the training or its cancellation."""
    await start_only(studio, "xyz")
    with pytest.raises(Conflict, match="Cancel that"):
        await studio.services.library.delete(ANNA, "xyz")
    await studio.services.jobs.cancel(ANNA, 1)
    assert (await studio.services.library.delete(ANNA, "xyz")).name == "xyz"
