"""From a wish to a queued job whose status message follows it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import discord

from bot.replies import in_time, require_voice, say
from bot.ui.card import Card
from bot.ui.cards import status
from core.services.submitted import Submitted

if TYPE_CHECKING:
    from bot.client import Ask, Atelier


async def queue(
    interaction: "Ask", submit: Callable[[], Awaitable[Submitted]], notes: Sequence[str] = ()
) -> None:
    """Submit a job, answer with its number, place and estimate, and have that message follow it.

    Raises:
        UserError: the job cannot be taken; nothing was queued.
    """
    require_voice(interaction)
    submitted = await in_time(interaction, submit())
    message_id = await say(interaction, card_of(submitted, notes))
    if message_id is not None:
        await follow(interaction.client, submitted, message_id)


def card_of(submitted: Submitted, notes: Sequence[str] = ()) -> Card:
    """The status message of a job that has just been queued."""
    return status.status(
        submitted.job,
        position=submitted.position,
        eta_s=submitted.eta_s,
        notes=notes,
    )


async def follow(client: "Atelier", submitted: Submitted, message_id: int) -> None:
    """Make a message the job's status message, or remove it if the job has ended already."""
    job = await client.services.jobs.attach_status(submitted.job.id, message_id)
    if job.state.ended:
        await remove(client, job.channel_id, message_id)


async def remove(client: "Atelier", channel_id: int, message_id: int) -> None:
    """Delete a message of the bot's own; that it is gone or out of reach already is fine."""
    try:
        await client.get_partial_messageable(channel_id).get_partial_message(message_id).delete()
    except (discord.NotFound, discord.Forbidden):
        return
