"""What moderators may set."""

import pytest

from core.domain.people import Actor
from core.errors import InvalidInput, NotAllowed
from core.services.guilds import GuildSettings
from tests.studio import Studio

MODERATOR = Actor(guild_id=1, user_id=12, moderates=True)


async def test_a_guild_begins_with_the_defaults(studio: Studio) -> None:
    """Nothing needs to be set up."""
    assert await studio.services.guilds.settings(1) == GuildSettings(ask_before_voice=True)


async def test_a_change_holds_for_that_guild(studio: Studio) -> None:
    """A change is kept over a restart and does not reach another guild."""
    changed = await studio.services.guilds.change(MODERATOR, ask_before_voice=False)
    assert changed == GuildSettings(ask_before_voice=False)
    await studio.close()
    studio.open()
    assert await studio.services.guilds.settings(1) == changed
    assert await studio.services.guilds.settings(2) == GuildSettings()
    await studio.services.guilds.change(MODERATOR, ask_before_voice=True)
    assert await studio.services.guilds.settings(1) == GuildSettings()


async def test_members_change_nothing(studio: Studio) -> None:
    """It takes a moderator."""
    with pytest.raises(NotAllowed, match="Manage Server"):
        await studio.services.guilds.change(Actor(1, 10), ask_before_voice=False)


@pytest.mark.parametrize("change", [{"nonsense": True}, {"ask_before_voice": "perhaps"}])
async def test_what_is_no_setting_is_refused(studio: Studio, change: dict[str, object]) -> None:
    """An unknown name or a value of the wrong kind is named."""
    with pytest.raises(InvalidInput, match=next(iter(change))):
        await studio.services.guilds.change(MODERATOR, **change)
    assert await studio.services.guilds.settings(1) == GuildSettings()
