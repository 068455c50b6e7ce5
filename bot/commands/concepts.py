"""/concepts: the library of a guild."""

from typing import TYPE_CHECKING

from discord import app_commands
from discord.app_commands import Range

from bot.commands.imagine import draw
from bot.commands.stack_option import Number, complete_name, complete_tag, complete_version
from bot.replies import actor_of, in_time, say, show
from bot.ui.buttons import Pressed
from bot.ui.card import Card
from bot.ui.cards import concepts as cards
from bot.ui.text import code
from core.domain.concepts import Concept, ConceptVersion
from core.domain.requests import ImagineWish, TrainRequest

if TYPE_CHECKING:
    from bot.client import Ask

Name = Range[str, 1, 26]
concepts = app_commands.Group(name="concepts", description="What this server has taught me")


@concepts.command(name="list", description="Everything this server has taught me")
@app_commands.autocomplete(tag=complete_tag)
@app_commands.describe(
    tag="Only concepts with this tag", search="Only those with this in a name, class or tag"
)
async def list_concepts(
    interaction: "Ask",
    tag: Range[str, 1, 26] | None = None,
    search: Range[str, 1, 40] | None = None,
) -> None:
    """Show the first page, or what was looked for."""
    work = _found(interaction, tag or "", search or "") if tag or search else _page(interaction, 0)
    await say(interaction, await in_time(interaction, work, ephemeral=True), ephemeral=True)


@concepts.command(name="show", description="One concept: its pictures, versions and how to use it")
@app_commands.autocomplete(name=complete_name)
@app_commands.autocomplete(version=complete_version)
@app_commands.describe(
    name="The concept's name",
    version="The version to say more of; left out, the one in use",
)
async def show_concept(interaction: "Ask", name: Name, version: Number | None = None) -> None:
    """Show a concept with its pictures."""
    await say(interaction, await in_time(interaction, _shown(interaction, name, version)))


@concepts.command(description="Give a concept another name")
@app_commands.autocomplete(name=complete_name)
@app_commands.describe(name="The concept's name", new_name="What it shall be called")
async def rename(interaction: "Ask", name: Name, new_name: Name) -> None:
    """Rename a concept; its owner or a moderator may."""
    library = interaction.client.services.library
    concept = await in_time(interaction, library.rename(actor_of(interaction), name, new_name))
    await say(interaction, _renamed(name, concept))


@concepts.command(description="Delete a concept; it can be undone")
@app_commands.autocomplete(name=complete_name)
@app_commands.describe(name="The concept's name")
async def delete(interaction: "Ask", name: Name) -> None:
    """Delete a concept; its owner or a moderator may."""
    library = interaction.client.services.library
    concept = await in_time(interaction, library.delete(actor_of(interaction), name))
    await say(interaction, cards.deleted(concept))


@concepts.command(name="try", description="Draw four pictures with a concept")
@app_commands.autocomplete(name=complete_name)
@app_commands.describe(name="The concept's name")
async def try_concept(interaction: "Ask", name: Name) -> None:
    """Draw with a concept alone."""
    guild_id = actor_of(interaction).guild_id
    await _try(interaction, await interaction.client.services.library.find(guild_id, name))


async def try_again(interaction: "Ask", pressed: Pressed) -> None:
    """The button on a concept's card."""
    await _try(interaction, await _by_id(interaction, pressed))


async def undo(interaction: "Ask", pressed: Pressed) -> None:
    """Bring a deleted concept back."""
    library = interaction.client.services.library
    concept = await library.undelete(actor_of(interaction), pressed.id)
    await show(interaction, cards.restored(concept))


async def turn(interaction: "Ask", pressed: Pressed) -> None:
    """Turn to another page of the library."""
    await show(interaction, await _page(interaction, pressed.id))


async def open_library(interaction: "Ask", _: Pressed) -> None:
    """The button that shows the library."""
    await say(interaction, await _page(interaction, 0), ephemeral=True)


async def _page(interaction: "Ask", offset: int) -> Card:
    guild_id = actor_of(interaction).guild_id
    return cards.library(await interaction.client.services.library.list(guild_id), offset)


async def _found(interaction: "Ask", tag: str, search: str) -> Card:
    library = interaction.client.services.library
    found = await library.list(actor_of(interaction).guild_id, tag=tag, search=search)
    return cards.found(found, " ".join(filter(None, (tag, search))))


async def _shown(interaction: "Ask", name: str, number: int | None) -> Card:
    services = interaction.client.services
    concept = await services.library.find(actor_of(interaction).guild_id, name)
    version = await services.library.version(concept, number) if number else concept.latest
    versions = await services.library.versions(concept)
    look = await _look(interaction, concept, version) if version else None
    return cards.shown(concept, versions, look, await services.labels.of(concept))


async def _look(interaction: "Ask", concept: Concept, version: ConceptVersion) -> cards.Look:
    client = interaction.client
    sheet = await client.drawing.sheet(version)
    job = await client.services.jobs.get(concept.guild_id, version.job_id)
    taught_by = job.request if isinstance(job.request, TrainRequest) else None
    steps = await client.services.training.steps(version)
    return cards.Look(version, sheet, taught_by, has_steps=steps is not None)


async def _try(interaction: "Ask", concept: Concept) -> None:
    await draw(interaction, ImagineWish(prompt=cards.example(concept)))


async def _by_id(interaction: "Ask", pressed: Pressed) -> Concept:
    guild_id = actor_of(interaction).guild_id
    return await interaction.client.services.library.get(guild_id, pressed.id)


def _renamed(name: str, concept: Concept) -> Card:
    return Card(content=f"{code(name, 30)} is called {code(concept.token)} now.")


COMMANDS = (concepts,)
HANDLERS = {"try": try_again, "undo": undo, "list": turn, "library": open_library}
