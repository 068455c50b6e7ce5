"""/concepts use and compare: the versions of a concept."""

from typing import TYPE_CHECKING

from discord import app_commands
from discord.app_commands import Range

from bot.commands.concepts import Name, concepts
from bot.commands.stack_option import Number, complete_name, complete_version
from bot.queueing import queue
from bot.replies import actor_of, channel_of, in_time, say
from bot.ui.buttons import Handler, Pressed
from bot.ui.card import Card
from bot.ui.text import code
from core.domain.concepts import Concept
from core.domain.requests import PROMPT_MAX, SEED_MAX
from core.services.versions import CompareWish

if TYPE_CHECKING:
    from bot.client import Ask


@concepts.command(name="use", description="Have prompts use another version of a concept")
@app_commands.autocomplete(name=complete_name)
@app_commands.autocomplete(version=complete_version)
@app_commands.describe(name="The concept's name", version="The number of the version")
async def use_version(interaction: "Ask", name: Name, version: Number) -> None:
    """Choose a version; its owner or a moderator may."""
    versions = interaction.client.services.versions
    work = versions.choose(actor_of(interaction), name, version)
    concept = await in_time(interaction, work)
    await say(interaction, _used(concept))


async def use_shown(interaction: "Ask", pressed: Pressed) -> None:
    """Choose a version that was compared; its owner or a moderator may."""
    versions = interaction.client.services.versions
    concept = await in_time(interaction, versions.choose_one(actor_of(interaction), pressed.id))
    await say(interaction, _used(concept))


def _used(concept: Concept) -> Card:
    number = concept.latest.number if concept.latest else ""
    text = f"{code(concept.token)} is at version {number} now. Pictures that exist keep theirs."
    return Card(content=text)


@concepts.command(description="Draw the same pictures with two versions of a concept, side by side")
@app_commands.autocomplete(name=complete_name)
@app_commands.autocomplete(first=complete_version, second=complete_version)
@app_commands.describe(
    name="The concept's name",
    first="The number of one version",
    second="The number of the other",
    prompt="What to draw; left out, the concept alone",
    seed="The first of four seeds, the same for both; left out, by chance",
)
async def compare(
    interaction: "Ask",
    name: Name,
    first: Number,
    second: Number,
    prompt: Range[str, 1, PROMPT_MAX] | None = None,
    seed: Range[int, 0, SEED_MAX] | None = None,
) -> None:
    """Queue one sheet with a row for each version."""
    wish = CompareWish(name=name, numbers=(first, second), prompt=prompt or "", seed=seed)
    compare, actor = interaction.client.services.versions.compare, actor_of(interaction)
    channel = channel_of(interaction)
    await queue(interaction, lambda: compare(actor, channel, wish))


HANDLERS: dict[str, Handler] = {"useversion": use_shown}
