"""Under what was learned: look at other steps of a training, and keep one of them too."""

from typing import TYPE_CHECKING

from bot.queueing import queue
from bot.replies import actor_of, channel_of, in_time, say
from bot.ui.buttons import Handler, Pressed
from bot.ui.card import Card
from bot.ui.cards.steps import Ran, steps
from core.domain.recipes import recorded_recipe
from core.errors import NotFound

if TYPE_CHECKING:
    from bot.client import Ask


async def look(interaction: "Ask", pressed: Pressed) -> None:
    """Show what was drawn on the way, and a menu of the steps that are there."""
    work = _steps(interaction, pressed.id)
    await say(interaction, await in_time(interaction, work, ephemeral=True), ephemeral=True)


async def keep(interaction: "Ask", pressed: Pressed) -> None:
    """Queue the making of a version of the chosen step; the concept's owner or a moderator may."""
    training, step = interaction.client.services.training, int(pressed.values[0])
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: training.keep(actor, channel, pressed.id, step))


async def _steps(interaction: "Ask", job_id: int) -> Card:
    services = interaction.client.services
    known = await services.training.known(actor_of(interaction).guild_id, job_id)
    version = await services.library.version_of_job(job_id)
    learned, recipe = await services.training.steps(version), recorded_recipe(version.recipe)
    if learned is None or recipe is None:
        raise NotFound(
            "The other steps of this training were let go, as those are that nobody has asked for "
            "in a long time. Train again with as many steps as you want."
        )
    kept = recipe.kept_step
    ran = Ran(known.request.name, version, kept, learned.others(kept))
    return steps(ran, job_id, await interaction.client.drawing.steps(ran, learned.previews))


HANDLERS: dict[str, Handler] = {"steps": look, "keepstep": keep}
