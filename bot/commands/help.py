"""/help: what a newcomer should know."""

from typing import TYPE_CHECKING, Any

from discord import app_commands

from bot.replies import say
from bot.ui.cards.help import welcome

if TYPE_CHECKING:
    from bot.client import Ask


@app_commands.command(name="help", description="What I can do, with examples")
async def help_(interaction: "Ask") -> None:
    """Show the card."""
    await say(interaction, welcome(), ephemeral=True)


COMMANDS: tuple[app_commands.Command[Any, ..., Any], ...] = (help_,)
