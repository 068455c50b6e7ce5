"""The buttons below finished pictures."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import discord

from bot.drawing import manifests
from bot.queueing import queue, remove
from bot.replies import actor_of, channel_of, in_time, say, tell
from bot.ui.buttons import Handler, Pressed
from bot.ui.card import Card
from bot.ui.cards import pictures as cards
from bot.ui.cards.comparison import compared
from bot.ui.cards.pictures import EVERY
from bot.ui.cards.solo import strip
from core.domain.images import Image
from core.domain.jobs import Job
from core.domain.people import Actor
from core.domain.requests import EvaluateRequest, Purpose
from core.errors import NotFound
from core.services.again import Direction
from core.services.imagining import Imagining
from core.services.submitted import Submitted

if TYPE_CHECKING:
    from bot.client import Ask

GONE = "Those pictures have been deleted."
Make = Callable[[Imagining, Actor, int, int], Awaitable[Submitted]]


def making(make: Make) -> Handler:
    """A handler that makes new pictures from the image or job that the button names."""

    async def handle(interaction: "Ask", pressed: Pressed) -> None:
        imagining, actor = interaction.client.services.imagining, actor_of(interaction)
        channel = channel_of(interaction)
        await queue(interaction, lambda: make(imagining, actor, channel, pressed.id))

    return handle


def making_all(make: Make) -> Handler:
    """The same from each picture of a job."""
    one = making(make)

    async def handle(interaction: "Ask", pressed: Pressed) -> None:
        for image in await _images(interaction, pressed.id):
            await one(interaction, Pressed(image.id, None, ()))

    return handle


def rating(value: int) -> Handler:
    """A handler that keeps what the person thinks of one picture."""

    async def handle(interaction: "Ask", pressed: Pressed) -> None:
        gallery = interaction.client.services.gallery
        ratings = await gallery.rate(actor_of(interaction), pressed.id, value)
        await tell(interaction, f"Noted, thank you. 👍 {ratings.up} · 👎 {ratings.down}")

    return handle


def rating_all(value: int) -> Handler:
    """The same for all pictures of a job."""

    async def handle(interaction: "Ask", pressed: Pressed) -> None:
        images = await _images(interaction, pressed.id)
        for image in images:
            await interaction.client.services.gallery.rate(actor_of(interaction), image.id, value)
        await tell(interaction, f"Noted for all {len(images)}, thank you.")

    return handle


async def look(interaction: "Ask", pressed: Pressed) -> None:
    """Show one picture large, or all, with everything that can be done with it."""
    at = interaction.message.id if interaction.message else None
    chosen = pressed.values[0] if pressed.values else EVERY
    if chosen == EVERY:
        images = await _images(interaction, pressed.id)
        job = await _job(interaction, pressed.id)
        await say(interaction, cards.every(job, len(images), at), ephemeral=True)
        return
    image = await interaction.client.services.gallery.image(actor_of(interaction), int(chosen))
    drawn = interaction.client.drawing.close(image)
    picture = await in_time(interaction, drawn, ephemeral=True)
    await say(interaction, cards.close(image, picture, at), ephemeral=True)


async def details(interaction: "Ask", pressed: Pressed) -> None:
    """Show the manifest of one picture."""
    image = await interaction.client.services.gallery.image(actor_of(interaction), pressed.id)
    await say(interaction, cards.details([image], manifests([image])), ephemeral=True)


async def details_all(interaction: "Ask", pressed: Pressed) -> None:
    """Show the manifests of all pictures of a job."""
    images = await _images(interaction, pressed.id)
    await say(interaction, cards.details(images, manifests(images)), ephemeral=True)


async def delete(interaction: "Ask", pressed: Pressed) -> None:
    """Delete one picture; the message is drawn again without it."""
    image = await interaction.client.services.gallery.image(actor_of(interaction), pressed.id)
    await _delete(interaction, [image], pressed)


async def delete_all(interaction: "Ask", pressed: Pressed) -> None:
    """Delete all pictures of a job and their message."""
    await _delete(interaction, await _images(interaction, pressed.id), pressed)


async def _delete(interaction: "Ask", images: Sequence[Image], pressed: Pressed) -> None:
    gallery = interaction.client.services.gallery
    for image in images:
        await gallery.delete(actor_of(interaction), image.id)
    if pressed.at is None:
        await interaction.response.defer()
    else:
        await tell(interaction, "Deleted.")
    at = pressed.at or (interaction.message.id if interaction.message else None)
    if at is not None:
        await _redraw(interaction, images[0].job_id, at)


async def _redraw(interaction: "Ask", job_id: int, message_id: int) -> None:
    """Make a result's message show what is left of its job, or remove it."""
    client, channel = interaction.client, channel_of(interaction)
    left = await client.services.gallery.of_job(job_id)
    if not left:
        await remove(client, channel, message_id)
        return
    card = await _card(interaction, await _job(interaction, job_id), left)
    message = client.get_partial_messageable(channel).get_partial_message(message_id)
    try:
        await message.edit(**card.to_edit())
    except discord.NotFound:
        return


async def _card(interaction: "Ask", job: Job, left: Sequence[Image]) -> Card:
    client, request = interaction.client, job.request
    drawing = client.drawing
    if not isinstance(request, EvaluateRequest):
        return cards.result(job, left, await drawing.result(left))
    if request.purpose is Purpose.VERSIONS:
        versions = await client.services.library.versions_in(job.guild_id, request.stack)
        return compared(job, request, left, await drawing.compared(request, left), versions)
    # Of what evaluations show, strips and versions alone have what leads to a delete button.
    return strip(job, left, await drawing.solo(left))


async def _images(interaction: "Ask", job_id: int) -> Sequence[Image]:
    """What is left of a job of this guild.

    Raises:
        NotFound: nothing, or the job is another guild's.
    """
    await _job(interaction, job_id)
    images = await interaction.client.services.gallery.of_job(job_id)
    if not images:
        raise NotFound(GONE)
    return images


async def _job(interaction: "Ask", job_id: int) -> Job:
    guild_id = actor_of(interaction).guild_id
    return await interaction.client.services.jobs.get(guild_id, job_id)


def expanding(direction: Direction) -> Make:
    """Draws on beyond a picture."""

    async def make(imagining: Imagining, actor: Actor, channel: int, image_id: int) -> Submitted:
        return await imagining.expand(actor, channel, image_id, direction)

    return make


MAKES: dict[str, Make] = {
    "up": Imagining.upscale,
    "vary": Imagining.vary,
    "like": Imagining.more_like,
}
EXPANDS = {
    "zoom": Direction.AROUND,
    "panleft": Direction.LEFT,
    "panright": Direction.RIGHT,
    "panup": Direction.UP,
    "pandown": Direction.DOWN,
}
HANDLERS: dict[str, Handler] = {
    **{verb: making(make) for verb, make in MAKES.items()},
    **{f"{verb}all": making_all(make) for verb, make in MAKES.items()},
    **{verb: making(expanding(direction)) for verb, direction in EXPANDS.items()},
    "again": making(Imagining.replay),
    "redraw": making(Imagining.redraw),
    "redo": making(Imagining.redo),
    "redoone": making(Imagining.redo_one),
    "good": rating(1),
    "bad": rating(-1),
    "goodall": rating_all(1),
    "badall": rating_all(-1),
    "look": look,
    "info": details,
    "infoall": details_all,
    "del": delete,
    "delall": delete_all,
}
