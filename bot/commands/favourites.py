"""/evaluate favourites, and the stars under pictures."""

from typing import TYPE_CHECKING, Any

from bot.commands.evaluate import evaluate
from bot.replies import actor_of, in_time, say, show
from bot.ui.buttons import Handler, Pressed
from bot.ui.card import Card
from bot.ui.cards import favourites as cards
from bot.ui.cards.evaluation import BEST
from core.errors import NotFound

if TYPE_CHECKING:
    from bot.client import Ask


@evaluate.command(name="favourites", description="The pictures that people here have starred")
async def list_favourites(interaction: "Ask") -> None:
    """Show the newest of them."""
    work = _page(interaction, 0)
    await say(interaction, await in_time(interaction, work, ephemeral=True), ephemeral=True)


async def star(interaction: "Ask", pressed: Pressed) -> None:
    """Make one picture a favourite."""
    favourites = interaction.client.services.favourites
    await favourites.keep(actor_of(interaction), pressed.id)
    await say(interaction, cards.kept(image_id=pressed.id), ephemeral=True)


async def star_all(interaction: "Ask", pressed: Pressed) -> None:
    """Make the pictures of a job favourites; of a search for seeds, the best ones."""
    services, actor = interaction.client.services, actor_of(interaction)
    job = await services.jobs.get(actor.guild_id, pressed.id)
    images = (await services.gallery.of_job(job.id))[:BEST]
    if not images:
        raise NotFound("Those pictures have been deleted.")
    for image in images:
        await services.favourites.keep(actor, image.id)
    await say(interaction, cards.kept(len(images)), ephemeral=True)


async def drop(interaction: "Ask", pressed: Pressed) -> None:
    """Take a picture off the list; where the list is on screen, show what is left of it."""
    favourites = interaction.client.services.favourites
    gone = cards.dropped(await favourites.drop(actor_of(interaction), pressed.id))
    if pressed.at is None:
        await show(interaction, gone)
        return
    await interaction.response.defer()
    await show(interaction, await _page(interaction, pressed.at))
    await say(interaction, gone, ephemeral=True)


async def restore(interaction: "Ask", pressed: Pressed) -> None:
    """Put a dropped favourite back."""
    favourites = interaction.client.services.favourites
    await favourites.restore(actor_of(interaction), pressed.id)
    await show(interaction, cards.kept(image_id=pressed.id))


async def turn(interaction: "Ask", pressed: Pressed) -> None:
    """Turn to another page of the list."""
    await interaction.response.defer()
    await show(interaction, await _page(interaction, pressed.id))


async def _page(interaction: "Ask", offset: int) -> Card:
    client, guild_id = interaction.client, actor_of(interaction).guild_id
    page = await client.services.favourites.page(guild_id, offset)
    if not page.shown:
        return cards.nothing()
    picture = await client.drawing.best([one.image for one in page.shown])
    return cards.listing(page, picture)


COMMANDS: tuple[Any, ...] = ()
HANDLERS: dict[str, Handler] = {
    "star": star,
    "starall": star_all,
    "unstar": drop,
    "restar": restore,
    "favourites": turn,
}
