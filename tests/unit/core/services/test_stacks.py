"""Stacks that are kept under a name."""

import pytest

from core.domain.people import Actor
from core.domain.requests import ImagineWish
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.services.stacks import EACH_GUILD_MAX
from tests.studio import CHANNEL, Studio

ANNA = Actor(guild_id=1, user_id=10)
BEN = Actor(guild_id=1, user_id=11)
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
STRANGER = Actor(guild_id=2, user_id=10, moderates=True)
PARTS = (("xyz", 0.8), ("kar", 1.0))


async def saved(studio: Studio, actor: Actor = ANNA):
    await studio.teach(ANNA, "xyz", "temple")
    await studio.teach(ANNA, "kar", "forest")
    return await studio.services.stacks.save(actor, "<Home>", PARTS)


def weights(submitted) -> list[tuple[str, float]]:
    return [(entry.name, entry.weight) for entry in submitted.stack]


async def test_stack_in_a_prompt_stands_for_its_concepts(studio: Studio) -> None:
    """With its weights, or a share of them; words around it stay."""
    await saved(studio)
    whole = await studio.ask(BEN, "a photo of <home> at night")
    assert whole.job.request.prompt == "a photo of <xyz> temple and <kar> forest at night"
    assert weights(whole) == [("xyz", 0.8), ("kar", 1.0)]
    assert weights(await studio.ask(BEN, "<home:0.5>")) == [("xyz", 0.4), ("kar", 0.5)]
    plain = await studio.ask(BEN, "a photo of home")
    assert plain.stack == ()


async def test_stack_in_the_option_stands_for_its_concepts(studio: Studio) -> None:
    """Beside others; what the prompt says of one of them wins."""
    await saved(studio)
    await studio.teach(ANNA, "zed", "dog")
    wish = ImagineWish("a <xyz:0.3> by the sea", concepts=(("home", 0.5), ("zed", 1.2)))
    submitted = await studio.services.imagining.request(ANNA, CHANNEL, wish)
    assert sorted(weights(submitted)) == [("kar", 0.5), ("xyz", 0.3), ("zed", 1.2)]


async def test_stack_uses_the_versions_of_the_moment(studio: Studio) -> None:
    """What is taught later is used later; renaming a concept changes nothing."""
    await saved(studio)
    again = await studio.teach(ANNA, "xyz", "temple")
    await studio.services.library.rename(ANNA, "kar", "wood")
    submitted = await studio.ask(ANNA, "<home>")
    assert again.latest is not None
    assert submitted.stack[0].version_id == again.latest.id
    assert [entry.name for entry in submitted.stack] == ["xyz", "wood"]


async def test_deleted_concepts_leave_a_stack(studio: Studio) -> None:
    """The others stay; without any it says so."""
    await saved(studio)
    await studio.services.library.delete(ANNA, "xyz")
    stack = await studio.services.stacks.get(1, "home")
    assert ([concept.name for concept, _ in stack.members], stack.lost) == (["kar"], 1)
    assert weights(await studio.ask(ANNA, "<home>")) == [("kar", 1.0)]
    await studio.services.library.delete(ANNA, "kar")
    with pytest.raises(NotFound, match="Save it anew"):
        await studio.ask(ANNA, "<home>")


async def test_stack_is_saved_again_and_deleted(studio: Studio) -> None:
    """By who saved it or a moderator; nobody else."""
    await saved(studio)
    stacks = studio.services.stacks
    for change in (stacks.save(BEN, "home", PARTS), stacks.delete(BEN, "home")):
        with pytest.raises(NotAllowed):
            await change
    changed = await stacks.save(MODERATOR, "home", (("kar", -0.5),))
    assert [(concept.name, weight) for concept, weight in changed.members] == [("kar", -0.5)]
    assert changed.owner_id == ANNA.user_id
    assert [stack.name for stack in await stacks.list(1, "ho")] == ["home"]
    await stacks.delete(ANNA, "<HOME>")
    assert await stacks.list(1) == []
    with pytest.raises(NotFound):
        await stacks.get(1, "home")


async def test_name_in_a_prompt_means_one_thing(studio: Studio) -> None:
    """Stacks, concepts and aliases take no name of one another."""
    await saved(studio)
    with pytest.raises(Conflict, match="is a concept"):
        await studio.services.stacks.save(ANNA, "xyz", PARTS)
    with pytest.raises(Conflict, match="name of a stack"):
        await studio.teach(ANNA, "home")
    with pytest.raises(Conflict, match="name of a stack"):
        await studio.services.library.rename(ANNA, "xyz", "home")
    with pytest.raises(Conflict, match="name of a stack"):
        await studio.services.labels.alias(ANNA, "xyz", "home")


@pytest.mark.parametrize("parts", [(), (("xyz", 2.5),), tuple((f"c{i}", 1.0) for i in range(7))])
async def test_senseless_stacks_are_refused(studio: Studio, parts) -> None:
    """None, too strong, too many."""
    await saved(studio)
    with pytest.raises(InvalidInput):
        await studio.services.stacks.save(ANNA, "mine", parts)
    with pytest.raises(NotFound):
        await studio.services.stacks.save(ANNA, "mine", (("nobody", 1.0),))


async def test_a_guild_has_so_many(studio: Studio) -> None:
    """Saving over an old one is always possible."""
    await saved(studio)
    for number in range(EACH_GUILD_MAX - 1):
        await studio.services.stacks.save(ANNA, f"s{number}", PARTS)
    with pytest.raises(Conflict, match="Delete one"):
        await studio.services.stacks.save(ANNA, "more", PARTS)
    await studio.services.stacks.save(ANNA, "home", PARTS)


async def test_stacks_stay_in_their_guild(studio: Studio) -> None:
    """Elsewhere the name means nothing, and nobody else's concepts can be saved."""
    await saved(studio)
    with pytest.raises(NotFound):
        await studio.ask(STRANGER, "<home>")
    with pytest.raises(NotFound):
        await studio.services.stacks.save(STRANGER, "home", PARTS)
    with pytest.raises(NotFound):
        await studio.services.stacks.delete(STRANGER, "home")
    assert await studio.services.stacks.list(2) == []
