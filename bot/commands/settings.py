"""/settings: how the bot behaves in a guild; for moderators."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.replies import actor_of, in_time, tell

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


COMMANDS = (settings,)
