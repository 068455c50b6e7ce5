"""/evaluate: how good a concept or a stack is, by figures and by people."""

from typing import TYPE_CHECKING

from discord import app_commands
from discord.app_commands import Range

from bot.commands.stack_option import STACKINGS, Number, complete_name, complete_version
from bot.queueing import queue
from bot.replies import actor_of, channel_of, in_time, say, tell
from bot.ui.buttons import Handler, Pressed
from bot.ui.cards import evaluation as cards
from core.domain.drawing import Stacking
from core.domain.requests import PROMPT_MAX, ImagineWish
from core.services.evaluating import SEARCH_MAX, SEEDS_MAX, SEEDS_USUAL

if TYPE_CHECKING:
    from bot.client import Ask

STACKING = "How concepts work together; apart unless you say so"
Name = Range[str, 1, 26]
Prompt = Range[str, 1, PROMPT_MAX]
evaluate = app_commands.Group(name="evaluate", description="How good a concept or a stack is")


@evaluate.command(name="concept", description="Score a concept: its looks, its prompts, its harm")
@app_commands.autocomplete(name=complete_name)
@app_commands.autocomplete(version=complete_version)
@app_commands.choices(stacking=STACKINGS)
@app_commands.describe(
    name="The concept's name",
    seeds="Images a prompt; more make the figures surer",
    prompts="What to draw instead of the usual four, with semicolons between",
    version="The number of a version; left out, the one in use",
    stacking=STACKING,
)
async def evaluate_concept(
    interaction: "Ask",
    name: Name,
    seeds: Range[int, 1, SEEDS_MAX] = SEEDS_USUAL,
    prompts: Prompt | None = None,
    version: Number | None = None,
    stacking: str | None = None,
) -> None:
    """Queue the scores of one concept."""
    evaluating = interaction.client.services.evaluating
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(
        interaction,
        lambda: evaluating.concept(
            actor,
            channel,
            name,
            seeds=seeds,
            prompts=prompts or "",
            version=version,
            stacking=Stacking(stacking or Stacking.APART),
        ),
    )


@evaluate.command(name="stack", description="Score several concepts in one picture")
@app_commands.choices(stacking=STACKINGS)
@app_commands.describe(
    prompt="A prompt with several names: xyz temple in a kar forest",
    seeds="How many images; more make the figures surer",
    stacking=STACKING,
    negative="What should not be in it",
)
async def evaluate_stack(
    interaction: "Ask",
    prompt: Prompt,
    seeds: Range[int, 1, SEEDS_MAX] = SEEDS_USUAL,
    stacking: str | None = None,
    negative: Prompt | None = None,
) -> None:
    """Queue the scores of a stack, each concept held to itself alone."""
    evaluating, wish = interaction.client.services.evaluating, _wish(prompt, stacking, negative)
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: evaluating.stack(actor, channel, wish, seeds=seeds))


@evaluate.command(name="seeds", description="Draw many seeds of a prompt and show the best four")
@app_commands.choices(stacking=STACKINGS)
@app_commands.describe(
    prompt="What to draw",
    count="How many seeds to try",
    stacking=STACKING,
    negative="What should not be in it",
)
async def search_seeds(
    interaction: "Ask",
    prompt: Prompt,
    count: Range[int, 4, SEARCH_MAX] = 12,
    stacking: str | None = None,
    negative: Prompt | None = None,
) -> None:
    """Queue a search for seeds."""
    evaluating, wish = interaction.client.services.evaluating, _wish(prompt, stacking, negative)
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: evaluating.seeds(actor, channel, wish, count=count))


def _wish(prompt: str, stacking: str | None, negative: str | None) -> ImagineWish:
    way = Stacking(stacking or Stacking.APART)
    return ImagineWish(prompt, negative_prompt=negative or "", stacking=way)


@evaluate.command(name="blind", description="A sheet of images for people to judge")
@app_commands.describe(prompts="One prompt with the names in it, or two with a semicolon between")
async def blind_sheet(interaction: "Ask", prompts: Prompt) -> None:
    """Queue a blind sheet."""
    evaluating = interaction.client.services.evaluating
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: evaluating.blind(actor, channel, prompts))


@evaluate.command(name="results", description="What people accepted on blind sheets so far")
@app_commands.autocomplete(name=complete_name)
@app_commands.describe(name="Only sheets of this concept")
async def show_results(interaction: "Ask", name: Name | None = None) -> None:
    """Show acceptance by prompt."""
    evaluating = interaction.client.services.evaluating
    accepted = await in_time(
        interaction, evaluating.accepted(actor_of(interaction), name=name or "")
    )
    await say(interaction, cards.results(accepted))


def judging(value: int) -> Handler:
    """A handler that keeps a vote and does not say what others voted."""

    async def handle(interaction: "Ask", pressed: Pressed) -> None:
        gallery = interaction.client.services.gallery
        await gallery.rate(actor_of(interaction), pressed.id, value)
        await tell(interaction, "👍 Noted, thank you." if value > 0 else "👎 Noted, thank you.")

    return handle


async def verdict(interaction: "Ask", pressed: Pressed) -> None:
    """Show what came out of one sheet, to who asks."""
    evaluating = interaction.client.services.evaluating
    accepted = await evaluating.accepted(actor_of(interaction), job_id=pressed.id)
    await say(interaction, cards.results(accepted), ephemeral=True)


async def solo(interaction: "Ask", pressed: Pressed) -> None:
    """Queue a strip of the picture's concepts, each alone, beside all of them."""
    evaluating = interaction.client.services.evaluating
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: evaluating.solo(actor, channel, pressed.id))


COMMANDS = (evaluate,)
HANDLERS: dict[str, Handler] = {
    "yes": judging(1),
    "no": judging(-1),
    "verdict": verdict,
    "solo": solo,
}
