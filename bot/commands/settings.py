"""/settings: how the bot behaves in a guild; for moderators."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.replies import actor_of, in_time, tell
from bot.ui.text import listed

if TYPE_CHECKING:
    from bot.client import Ask

settings = app_commands.Group(
    name="settings",
    description="How I behave in this server",
    default_permissions=discord.Permissions(manage_messages=True),
)
ASKS = "After a voice message I show what I heard and ask before I draw."
DRAWS = "After a voice message I draw at once and show what I heard beside it."


@settings.command(description="Ask before drawing what was said, or draw at once")
@app_commands.describe(ask="Whether to ask first; left out, I tell how it is set")
async def voice_question(interaction: "Ask", ask: bool | None = None) -> None:
    """Read or change whether voice messages need a yes."""
    guilds, actor = interaction.client.services.guilds, actor_of(interaction)
    work = (
        guilds.settings(actor.guild_id)
        if ask is None
        else guilds.change(actor, ask_before_voice=ask)
    )
    current = await in_time(interaction, work, ephemeral=True)
    await tell(interaction, ASKS if current.ask_before_voice else DRAWS)


@settings.command(description="Which roles may teach concepts or use them; without any, everyone")
@app_commands.choices(
    what=[
        Choice(name="teach concepts", value="train_roles"),
        Choice(name="use concepts", value="use_roles"),
    ]
)
@app_commands.describe(
    what="What the roles may do",
    add="A role that may from now on",
    remove="A role that may no longer; without any left, everyone may",
)
async def roles(
    interaction: "Ask",
    what: str,
    add: discord.Role | None = None,
    remove: discord.Role | None = None,
) -> None:
    """Read or change who may; it takes Manage Server."""
    guilds, actor = interaction.client.services.guilds, actor_of(interaction)
    current = await in_time(interaction, guilds.settings(actor.guild_id), ephemeral=True)
    if add is not None or remove is not None:
        kept = dict.fromkeys(current.model_dump()[what])
        kept |= {add.id: None} if add else {}
        wanted = tuple(role for role in kept if remove is None or role != remove.id)
        current = await guilds.change(actor, **{what: wanted})
    await tell(interaction, _who(what, current.model_dump()[what]))


def _who(what: str, roles: tuple[int, ...]) -> str:
    doing = "teach concepts" if what == "train_roles" else "use concepts"
    if not roles:
        return f"Everyone here may {doing}."
    return f"Who may {doing} here: {listed([f'<@&{role}>' for role in roles])}, and moderators."


COMMANDS = (settings,)
