"""Status messages that were posted, but not noted: the program was killed in between."""

from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.ui.card import custom_id
from core.domain.jobs import Job

if TYPE_CHECKING:
    from bot.client import Atelier

LOOKED_AT = 50
"""Messages from the job's beginning on that are looked through, in one request."""
CLOCKS_APART = timedelta(seconds=10)


async def find_status(client: "Atelier", job: Job) -> int | None:
    """The bot's own message with the job's Cancel button, soon after the job was queued.

    None where there is none, or where the bot may not read what was written.
    """
    channel = client.get_partial_messageable(job.channel_id)
    since = job.created_at - CLOCKS_APART
    try:
        async for message in channel.history(after=since, limit=LOOKED_AT, oldest_first=True):
            if message.author == client.user and _cancels(message, job.id):
                return message.id
    except (discord.Forbidden, discord.NotFound):
        return None
    return None


def _cancels(message: discord.Message, job_id: int) -> bool:
    wanted = custom_id("cancel", job_id)
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return any(
        getattr(child, "custom_id", None) == wanted for row in rows for child in row.children
    )
