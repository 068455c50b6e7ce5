"""/stacks: concepts with weights, kept under a name."""

from typing import TYPE_CHECKING, Any

from discord import app_commands
from discord.app_commands import Choice, Range

from bot.commands.concepts import Name
from bot.commands.stack_option import complete_stack, parse_stack
from bot.queueing import queue
from bot.replies import actor_of, channel_of, in_time, say
from bot.ui.card import Card
from bot.ui.cards import stacks as cards
from bot.ui.text import code
from core.domain.concepts import concept_name, token_of
from core.services.fusing import FuseWish

if TYPE_CHECKING:
    from bot.client import Ask

stacks = app_commands.Group(name="stacks", description="Concepts that go together, under one name")


async def complete_saved(interaction: "Ask", current: str) -> list[Choice[str]]:
    """Complete the name of a saved stack."""
    found = await interaction.client.services.stacks.list(actor_of(interaction).guild_id, current)
    return [Choice(name=stack.name, value=stack.name) for stack in found[:25]]


@stacks.command(description="Keep concepts with weights under a name")
@app_commands.autocomplete(concepts=complete_stack)
@app_commands.describe(
    name="The word for it in prompts, such as home",
    concepts="Concepts of this server with weights, with commas: xyz:0.8, kar",
)
async def save(interaction: "Ask", name: Name, concepts: Range[str, 1, 200]) -> None:
    """Save a stack, over an old one of one's own too."""
    services, actor = interaction.client.services, actor_of(interaction)
    stack = await in_time(interaction, services.stacks.save(actor, name, parse_stack(concepts)))
    await say(interaction, cards.shown(stack))


@stacks.command(name="list", description="The stacks of this server")
async def list_stacks(interaction: "Ask") -> None:
    """Show all of them."""
    work = interaction.client.services.stacks.list(actor_of(interaction).guild_id)
    found = await in_time(interaction, work, ephemeral=True)
    await say(interaction, cards.listing(found), ephemeral=True)


@stacks.command(name="show", description="What a stack is made of")
@app_commands.autocomplete(name=complete_saved)
@app_commands.describe(name="The stack's name")
async def show_stack(interaction: "Ask", name: Name) -> None:
    """Show one."""
    work = interaction.client.services.stacks.get(actor_of(interaction).guild_id, name)
    await say(interaction, cards.shown(await in_time(interaction, work)))


@stacks.command(description="Forget a stack; its concepts stay")
@app_commands.autocomplete(name=complete_saved)
@app_commands.describe(name="The stack's name")
async def delete(interaction: "Ask", name: Name) -> None:
    """Delete one; who saved it or a moderator may."""
    work = interaction.client.services.stacks.delete(actor_of(interaction), name)
    await in_time(interaction, work)
    token = code(token_of(concept_name(name)))
    await say(interaction, Card(content=f"The stack {token} is forgotten. Its concepts stay."))


@stacks.command(description="Make one version of a stack's concepts, in which each stays itself")
@app_commands.autocomplete(name=complete_saved)
@app_commands.describe(
    name="The stack's name",
    into="A name for the result, such as duo; a further version where it exists",
)
async def fuse(interaction: "Ask", name: Name, into: Name) -> None:
    """Queue the fusion; who may teach may."""
    services, wish = interaction.client.services, FuseWish(name, into)
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: services.fusing.start(actor, channel, wish))


COMMANDS = (stacks,)
HANDLERS: dict[str, Any] = {}
