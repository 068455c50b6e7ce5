"""/concepts alias, tag and unlabel: other names of concepts, and tags to find them by."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from discord import app_commands
from discord.app_commands import Choice

from bot.commands.concepts import Name, concepts
from bot.commands.stack_option import complete_name, complete_tag
from bot.replies import actor_of, in_time, say
from bot.ui.cards import concepts as cards
from core.domain.concepts import concept_name
from core.errors import UserError
from core.services.labels import Labelled

if TYPE_CHECKING:
    from bot.client import Ask


async def complete_label(interaction: "Ask", current: str) -> list[Choice[str]]:
    """The aliases and tags of the concept that the option `name` names."""
    services, guild_id = interaction.client.services, actor_of(interaction).guild_id
    try:
        concept = await services.library.find(guild_id, str(interaction.namespace.name or ""))
    except UserError:
        return []
    labelled = await services.labels.of(concept)
    words = [word for word in (*labelled.aliases, *labelled.tags) if current.lower() in word]
    return [Choice(name=word, value=word) for word in words[:25]]


@concepts.command(description="Give a concept another name, besides its own")
@app_commands.autocomplete(name=complete_name)
@app_commands.describe(name="The concept's name", alias="What it shall also be called")
async def alias(interaction: "Ask", name: Name, alias: Name) -> None:
    """Add an alias."""
    labels = interaction.client.services.labels
    await _tell(interaction, name, labels.alias(actor_of(interaction), name, alias))


@concepts.command(description="Put a tag on a concept, to find it by")
@app_commands.autocomplete(name=complete_name, tag=complete_tag)
@app_commands.describe(name="The concept's name", tag="One word, such as winter")
async def tag(interaction: "Ask", name: Name, tag: Name) -> None:
    """Add a tag."""
    labels = interaction.client.services.labels
    await _tell(interaction, name, labels.tag(actor_of(interaction), name, tag))


@concepts.command(description="Take an alias or a tag off a concept")
@app_commands.autocomplete(name=complete_name, label=complete_label)
@app_commands.describe(name="The concept's name", label="The alias or the tag")
async def unlabel(interaction: "Ask", name: Name, label: Name) -> None:
    """Remove an alias or a tag."""
    labels = interaction.client.services.labels
    await _tell(interaction, name, labels.take_off(actor_of(interaction), name, label))


async def _tell(interaction: "Ask", name: str, work: Awaitable[Labelled]) -> None:
    labelled = await in_time(interaction, work)
    await say(interaction, cards.labels(concept_name(name), labelled))


HANDLERS: dict[str, Any] = {}
