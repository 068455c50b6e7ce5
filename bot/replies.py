"""Answers to interactions: within Discord's time, and still when its token has died."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

import discord

from bot.ui.card import Card
from core.domain.people import Actor
from core.errors import NotAllowed

if TYPE_CHECKING:
    from bot.client import Ask

T = TypeVar("T")
ACKNOWLEDGE_S = 0.8
"""Work that takes longer than this is acknowledged first; Discord's limit is 3 s."""
UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, DEAD_TOKEN = 10015, 10062, 50027


def actor_of(interaction: "Ask") -> Actor:
    """Who asks, in which guild; in direct messages people moderate their own guild of one."""
    rights, alone = interaction.permissions, interaction.guild_id is None
    return Actor(
        guild_id=interaction.guild_id or interaction.user.id,
        user_id=interaction.user.id,
        moderates=alone or rights.manage_guild or rights.manage_messages,
        manages=alone or rights.manage_guild,
        roles=roles_of(interaction.user),
    )


def roles_of(user: discord.User | discord.Member) -> frozenset[int]:
    """Ids of the roles that somebody has in the guild where they act; none in direct messages."""
    return frozenset(role.id for role in getattr(user, "roles", ()))


def channel_of(interaction: "Ask") -> int:
    """The channel in which to answer."""
    return interaction.channel_id or interaction.user.id


async def in_time(interaction: "Ask", work: Awaitable[T], *, ephemeral: bool = False) -> T:
    """The result of `work`; the interaction is deferred when that takes more than a moment."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=ACKNOWLEDGE_S)
    if not done and not interaction.response.is_done():
        await defer(interaction, ephemeral=ephemeral)
    return await task


async def defer(interaction: "Ask", *, ephemeral: bool = False) -> None:
    """Show "thinking…"; an interaction that has died meanwhile is answered in its channel."""
    try:
        await interaction.response.defer(thinking=True, ephemeral=ephemeral)
    except discord.HTTPException as error:
        if not is_dead(error):
            raise


async def say(interaction: "Ask", card: Card, *, ephemeral: bool = False) -> int | None:
    """Answer with `card`; its message id.

    A public answer whose interaction has died is posted in the channel by the bot itself. An
    ephemeral one is dropped then: nobody else should read it. None says that it was dropped.
    """
    try:
        return await _answer(interaction, card, ephemeral=ephemeral)
    except discord.HTTPException as error:
        if not is_dead(error):
            raise
    if ephemeral:
        return None
    channel = interaction.client.get_partial_messageable(channel_of(interaction))
    return (await channel.send(**card.to_send())).id


async def _answer(interaction: "Ask", card: Card, *, ephemeral: bool) -> int | None:
    response = interaction.response
    if not response.is_done():
        answer = await response.send_message(**card.to_send(), ephemeral=ephemeral)
        return answer.message_id
    if response.type is discord.InteractionResponseType.deferred_channel_message:
        return (await interaction.edit_original_response(**card.to_edit())).id
    sent = await interaction.followup.send(**card.to_send(), ephemeral=ephemeral, wait=True)
    return sent.id


async def tell(interaction: "Ask", text: str) -> None:
    """Answer with one sentence that only the person sees."""
    await say(interaction, Card(content=text), ephemeral=True)


async def show(interaction: "Ask", card: Card) -> None:
    """Make the message on which a control was used equal to `card`."""
    if not interaction.response.is_done():
        await interaction.response.edit_message(**card.to_edit())
    elif interaction.message is not None:
        await interaction.edit_original_response(**card.to_edit())


def is_dead(error: discord.HTTPException) -> bool:
    """The interaction's token has expired or is unknown: go on as the bot."""
    return error.code in {UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, DEAD_TOKEN}


def require_voice(interaction: "Ask") -> None:
    """Make sure that the bot may post its results in this channel, before anything is spent.

    Raises:
        NotAllowed: names the permissions that it lacks.
    """
    if interaction.guild_id is None:
        return
    rights = interaction.app_permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    needed = {
        "View Channel": rights.view_channel,
        "Send Messages": rights.send_messages_in_threads if in_thread else rights.send_messages,
        "Embed Links": rights.embed_links,
        "Attach Files": rights.attach_files,
    }
    if missing := [name for name, granted in needed.items() if not granted]:
        raise NotAllowed(
            f"I may not post pictures in this channel: I lack {', '.join(missing)} here. "
            "Use another channel, or ask a moderator to allow it."
        )
