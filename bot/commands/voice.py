"""Voice messages: what was said is written down, shown, and drawn when the person agrees."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.commands.control_option import Guide, take_guide
from bot.intake.sounds import looks_like_sound
from bot.queueing import card_of, follow, queue
from bot.replies import actor_of, channel_of, defer, require_voice, roles_of, show
from bot.ui.buttons import Pressed
from bot.ui.card import custom_id
from bot.ui.cards.voice import heard
from bot.ui.modals import Form, PromptForm
from core.domain.people import Actor
from core.domain.requests import AS_USUAL, ImagineWish
from core.errors import InvalidInput

if TYPE_CHECKING:
    from bot.client import Ask, Atelier

NO_SOUND = "There is no voice message and no sound file in that message."
HINT = "Send me a voice message, or type `/imagine` and what to draw. `/help` tells more."


@app_commands.context_menu(name="Imagine from voice")
async def imagine_from_voice(interaction: "Ask", message: discord.Message) -> None:
    """Write down anyone's voice message, for the person who asks."""
    await hear(interaction, sound_in(message.attachments), reply_to=message.id)


async def hear(
    interaction: "Ask",
    attachment: discord.Attachment,
    *,
    wish: ImagineWish = AS_USUAL,
    guide: Guide | None = None,
    reply_to: int | None = None,
) -> None:
    """Take a sound file in and queue its transcription; the wish waits for its words."""
    client = interaction.client
    require_voice(interaction)
    await defer(interaction)
    sound = await client.intake.sound(attachment)
    whole = replace(wish, control=await take_guide(interaction, guide))
    actor, channel = actor_of(interaction), channel_of(interaction)
    voice = client.services.voice
    await queue(
        interaction,
        lambda: voice.hear(actor, channel, sound.key, wish=whole, reply_to=reply_to),
    )


async def on_message(client: "Atelier", message: discord.Message) -> None:
    """Answer a voice message that is meant for the bot."""
    if message.author.bot or not _meant(client, message):
        return
    if not any(map(_sounds, message.attachments)):
        await message.reply(HINT)
        return
    sound = await client.intake.sound(sound_in(message.attachments))
    submitted = await client.services.voice.hear(
        _author(message), message.channel.id, sound.key, reply_to=message.id
    )
    posted = await message.reply(**card_of(submitted).to_send())
    await follow(client, submitted, posted.id)


def sound_in(attachments: Iterable[discord.Attachment]) -> discord.Attachment:
    """The first sound file of a message.

    Raises:
        InvalidInput: there is none.
    """
    for attachment in attachments:
        if _sounds(attachment):
            return attachment
    raise InvalidInput(NO_SOUND)


async def say(interaction: "Ask", pressed: Pressed) -> None:
    """Draw what was heard."""
    await _imagine(pressed.id, interaction, None)


async def edit(interaction: "Ask", pressed: Pressed) -> None:
    """Let the person correct what was heard."""
    voice = interaction.client.services.voice
    transcript = await voice.transcript(actor_of(interaction).guild_id, pressed.id)
    await interaction.client.forms.show(interaction, _form(pressed.id, transcript.prompt))


async def drop(interaction: "Ask", pressed: Pressed) -> None:
    """Leave it at that."""
    actor = actor_of(interaction)
    transcript = await interaction.client.services.voice.answer(actor, pressed.id)
    await show(interaction, heard(transcript, ask=False))


async def _imagine(transcript_id: int, interaction: "Ask", prompt: str | None, _: str = "") -> None:
    voice = interaction.client.services.voice
    actor, channel = actor_of(interaction), channel_of(interaction)
    await queue(interaction, lambda: voice.imagine(actor, channel, transcript_id, prompt))
    if interaction.message is not None:
        await interaction.message.edit(view=None)


def _form(transcript_id: int, prompt: str = "") -> Form:
    send = partial(_imagine, transcript_id)
    return PromptForm(custom_id("edit", transcript_id), send, prompt=prompt, negative=None)


def _meant(client: "Atelier", message: discord.Message) -> bool:
    """A direct message; in a guild a voice message that answers the bot, or a written mention.

    An operator who gives the bot the Message Content intent has it hear every voice message.
    """
    if isinstance(message.channel, discord.DMChannel):
        return True
    if client.intents.message_content and message.flags.voice:
        return True
    if message.guild is None or client.user is None or client.user not in message.mentions:
        return False
    return message.flags.voice or client.user.mention in message.content


def _sounds(attachment: discord.Attachment) -> bool:
    return looks_like_sound(attachment.filename, attachment.content_type)


def _author(message: discord.Message) -> Actor:
    author = message.author
    if message.guild is None or not isinstance(author, discord.Member):
        return Actor(guild_id=author.id, user_id=author.id, moderates=True, manages=True)
    rights = author.guild_permissions
    moderates = rights.manage_guild or rights.manage_messages
    return Actor(
        guild_id=message.guild.id,
        user_id=author.id,
        moderates=moderates,
        manages=rights.manage_guild,
        roles=roles_of(author),
    )


COMMANDS: tuple[app_commands.ContextMenu, ...] = (imagine_from_voice,)
HANDLERS = {"say": say, "edit": edit, "drop": drop}
FORMS = {"edit": _form}
