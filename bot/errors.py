"""The one table: error → what the user reads."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.replies import is_dead, tell
from core.errors import UserError

if TYPE_CHECKING:
    from bot.client import Ask

log = structlog.get_logger(__name__)
PASSING = (
    discord.DiscordServerError,
    discord.RateLimited,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)
"""Of the way to Discord and to the store: what is tried again later may go well."""

CHANGED = "This command has just been changed. Reload Discord (Ctrl+R) and try once more."
FORBIDDEN = (
    "Discord does not let me do that here. Ask a moderator to check that I may view this channel, "
    "send messages, embed links and attach files."
)
BUSY = "Discord itself did not answer properly. Wait a minute and try again."
BAD_VALUE = "One of the options has a value that I cannot read. Choose it from the list, please."

# The first row whose type fits says what the person reads. What no row fits is a fault.
TABLE: tuple[tuple[type[BaseException], Callable[[Any], str]], ...] = (
    (UserError, str),
    (app_commands.CommandSignatureMismatch, lambda _: CHANGED),
    (app_commands.CommandNotFound, lambda _: CHANGED),
    (app_commands.TransformerError, lambda _: BAD_VALUE),
    (discord.Forbidden, lambda _: FORBIDDEN),
    (discord.DiscordServerError, lambda _: BUSY),
)


def sentence(error: BaseException) -> str | None:
    """What the person reads, or None when the error is a fault of ours."""
    for kind, text in TABLE:
        if isinstance(error, kind):
            return str(text(error))[:1900]
    return None


def fault(error: BaseException) -> str:
    """Log a fault with its traceback; a sentence with the reference under which it is found."""
    reference = secrets.token_hex(4)
    log.error("fault", reference=reference, exc_info=error)
    return (
        f"Something went wrong on my side, and nothing was lost. If it happens again, tell whoever "
        f"runs me this reference: `{reference}`"
    )


async def answer(interaction: "Ask", error: BaseException) -> None:
    """Tell the person what went wrong; nothing that comes of telling is raised."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(cause, discord.HTTPException) and is_dead(cause):
        log.info("interaction expired", code=cause.code)
        return
    text = sentence(cause) or fault(cause)
    try:
        await tell(interaction, text)
    except (discord.HTTPException, discord.InteractionResponded, OSError) as problem:
        log.warning("could not answer", error=type(problem).__name__)


async def reply(message: discord.Message, error: Exception) -> None:
    """The same for a message that the bot was asked to act on."""
    text = sentence(error) or fault(error)
    try:
        await message.reply(text)
    except discord.HTTPException as problem:
        log.warning("could not answer", status=problem.status, code=problem.code)
