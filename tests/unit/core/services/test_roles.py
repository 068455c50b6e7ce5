"""Who may teach concepts and who may use them."""

import pytest

from core.domain.exports import ExportForm
from core.domain.people import Actor
from core.errors import InvalidInput, NotAllowed
from core.services.fusing import FuseWish
from core.services.versions import CompareWish
from tests.studio import CHANNEL, Studio
from tests.unit.core.services.test_importing import wish

PAINTER, GUEST = 501, 502
ANNA = Actor(guild_id=1, user_id=10, roles=frozenset({1, PAINTER}))
BEN = Actor(guild_id=1, user_id=11, roles=frozenset({1, GUEST}))
MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)
MANAGER = Actor(guild_id=1, user_id=13, moderates=True, manages=True)
STRANGER = Actor(guild_id=2, user_id=11)


async def test_everyone_may_until_somebody_says_otherwise(studio: Studio) -> None:
    """No roles are set to begin with."""
    await studio.teach(BEN, "xyz")
    await studio.draw(BEN, "a <xyz> temple")


async def test_teaching_takes_the_role(studio: Studio) -> None:
    """From pictures or from a file; drawing does not."""
    await studio.services.guilds.change(MANAGER, train_roles=(PAINTER,))
    for actor in (ANNA, MODERATOR):
        await studio.teach(actor, f"by{actor.user_id}")
    with pytest.raises(NotAllowed, match=rf"Teaching concepts takes the role <@&{PAINTER}>"):
        await studio.teach(BEN, "xyz")
    with pytest.raises(NotAllowed):
        await studio.services.importing.start(BEN, CHANNEL, wish("zed"))
    await studio.draw(BEN, "a <by10> temple")
    await studio.teach(STRANGER, "xyz")


async def test_using_concepts_takes_the_role(studio: Studio) -> None:
    """Wherever one is used; pictures without concepts are for everyone."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "xyz")
    image, *_ = await studio.draw(ANNA, "a <xyz> temple")
    await studio.services.guilds.change(MANAGER, use_roles=(PAINTER, 77))
    services = studio.services
    refused = (
        studio.ask(BEN, "a <xyz> temple"),
        services.imagining.vary(BEN, CHANNEL, image.id),
        services.imagining.redo(BEN, CHANNEL, image.job_id),
        services.exporting.start(BEN, CHANNEL, "xyz", ExportForm.KOHYA),
        services.versions.compare(BEN, CHANNEL, CompareWish("xyz", (1, 2))),
    )
    for asking in refused:
        with pytest.raises(NotAllowed, match=rf"Using concepts .* <@&{PAINTER}> or <@&77>"):
            await asking
    await studio.draw(BEN, "a temple")
    await studio.draw(ANNA, "a <xyz> temple")
    await studio.draw(MODERATOR, "a <xyz> temple")


async def test_building_on_concepts_uses_them(studio: Studio) -> None:
    """Who may teach but not use draws no concept by teaching on top of it or fusing it."""
    await studio.teach(ANNA, "xyz")
    await studio.teach(ANNA, "kar")
    await studio.services.stacks.save(ANNA, "home", (("xyz", 1.0), ("kar", 1.0)))
    await studio.services.guilds.change(MANAGER, train_roles=(GUEST,), use_roles=(PAINTER,))
    with pytest.raises(NotAllowed, match=rf"in `base_on` too, takes the role <@&{PAINTER}>"):
        await studio.teach(BEN, "abc", base_on=("xyz",))
    with pytest.raises(NotAllowed, match=rf"to fuse them too, takes the role <@&{PAINTER}>"):
        await studio.services.fusing.start(BEN, CHANNEL, FuseWish("home", "duo"))
    await studio.teach(BEN, "abc")
    both = Actor(guild_id=1, user_id=14, roles=frozenset({GUEST, PAINTER}))
    await studio.services.fusing.start(both, CHANNEL, FuseWish("home", "duo"))
    await studio.teach(both, "def", base_on=("xyz",))


async def test_only_manage_server_sets_roles(studio: Studio) -> None:
    """Moderators change other settings, not who may; ids are checked."""
    for actor in (ANNA, MODERATOR):
        with pytest.raises(NotAllowed, match="Manage Server"):
            await studio.services.guilds.change(actor, use_roles=(GUEST,))
    with pytest.raises(InvalidInput):
        await studio.services.guilds.change(MANAGER, use_roles=("painters",))
    with pytest.raises(InvalidInput):
        await studio.services.guilds.change(MANAGER, use_roles=tuple(range(26)))
    await studio.services.guilds.change(MODERATOR, ask_before_voice=False)
    await studio.services.guilds.change(MANAGER, use_roles=(GUEST,))
    await studio.services.guilds.change(MANAGER, use_roles=())
    assert (await studio.services.guilds.settings(1)).use_roles == ()
