"""A small real discord.py bot that uses everything the playground serves."""

import asyncio
import io
import re
from typing import Any

import discord
from discord import app_commands

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cf"
    "c000000301010018dd8db00000000049454e44ae426082"
)


class Rate(discord.ui.DynamicItem[discord.ui.Button], template=r"rate:(?P<image>\d+):(?P<up>[01])"):
    """A button that works after a restart."""

    def __init__(self, image: int, up: bool) -> None:
        super().__init__(
            discord.ui.Button(label="up" if up else "down", custom_id=f"rate:{image}:{up:d}")
        )
        self.image, self.up = image, up

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str]
    ) -> "Rate":
        return cls(int(match["image"]), match["up"] == "1")

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"rated {self.image} {self.up}", ephemeral=True)


class Sort(discord.ui.DynamicItem[discord.ui.Select], template=r"sort"):
    """A select that rewrites its own message."""

    def __init__(self) -> None:
        options = [discord.SelectOption(label=one, value=one) for one in ("new", "old", "best")]
        super().__init__(discord.ui.Select(custom_id="sort", options=options))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str]
    ) -> "Sort":
        made = cls()
        made.values = interaction.data["values"]
        return made

    async def callback(self, interaction: discord.Interaction) -> None:
        chosen = interaction.data["values"][0]
        await interaction.response.edit_message(content=f"sorted by {chosen}")


class Form(discord.ui.Modal, title="Train"):
    """A modal with every field that the main job uses."""

    named = discord.ui.Label(text="Name", component=discord.ui.TextInput(max_length=20))
    kind = discord.ui.Label(
        text="Kind",
        component=discord.ui.Select(
            options=[discord.SelectOption(label="subject"), discord.SelectOption(label="style")]
        ),
    )
    pictures = discord.ui.Label(
        text="Pictures", component=discord.ui.FileUpload(min_values=1, max_values=10)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        files = self.pictures.component.values
        sizes = [len(await one.read()) for one in files]
        names = ", ".join(one.filename for one in files)
        await interaction.response.send_message(
            f"{self.named.component.value} {self.kind.component.values[0]} {names} {sizes}"
        )


class TestBot(discord.Client):
    """Registers its commands on start and says when it is ready."""

    __test__ = False

    def __init__(self, *, intents: discord.Intents | None = None) -> None:
        chosen = intents or discord.Intents.default()
        super().__init__(
            intents=chosen,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.05,
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.resumed = 0
        self.failed: asyncio.Queue[BaseException] = asyncio.Queue()
        register(self.tree)

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Rate, Sort)
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.put_nowait(message)
        if self.user in message.mentions and message.author != self.user:
            await message.reply(f"you said: {message.content}")

    async def on_resumed(self) -> None:
        self.resumed += 1


@app_commands.command(description="Answer at once")
async def ping(interaction: discord.Interaction, word: str, times: int = 1) -> None:
    await interaction.response.send_message(word * times)


@app_commands.command(description="Answer to one person")
async def whisper(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("psst", ephemeral=True)


@app_commands.command(description="Answer later")
async def slow(interaction: discord.Interaction, hidden: bool = False) -> None:
    await interaction.response.defer(thinking=True, ephemeral=hidden)
    await interaction.edit_original_response(
        content="done", attachments=[discord.File(io.BytesIO(PNG), "grid.png")]
    )
    await interaction.followup.send("and more")


@app_commands.command(description="Never answer")
async def silent(interaction: discord.Interaction) -> None:
    return


@app_commands.command(description="Answer after some seconds")
async def late(interaction: discord.Interaction, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await interaction.response.send_message("late")


@app_commands.command(description="Post a card")
async def card(interaction: discord.Interaction) -> None:
    view = discord.ui.View(timeout=None)
    view.add_item(Rate(7, True))
    view.add_item(Rate(7, False))
    view.add_item(Sort())
    view.add_item(discord.ui.Button(label="off", custom_id="off", disabled=True))
    embed = discord.Embed(title="A card", description="text").set_image(url="attachment://a.png")
    embed.set_footer(text="foot").add_field(name="seed", value="7")
    file = discord.File(io.BytesIO(PNG), "a.png", description="a dot")
    await interaction.response.send_message("card", embed=embed, view=view, file=file)


@app_commands.command(description="Open the form")
async def train(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Form())


@app_commands.command(description="Look at a picture")
async def look(
    interaction: discord.Interaction, picture: discord.Attachment, who: discord.Member
) -> None:
    data = await picture.read()
    where = f"{picture.width}x{picture.height} {picture.content_type} {len(data)}"
    await interaction.response.send_message(f"{picture.filename} {where} {who.name}")


@app_commands.command(description="Find a name")
async def find(interaction: discord.Interaction, name: str) -> None:
    await interaction.response.send_message(f"found {name}")


@find.autocomplete("name")
async def complete(
    interaction: discord.Interaction, current: str
) -> list[app_commands.Choice[str]]:
    names = ["kar", "xyz", "karl"]
    return [app_commands.Choice(name=n, value=n) for n in names if n.startswith(current)]


group = app_commands.Group(name="concepts", description="Concepts")


@group.command(description="Show one")
async def show(interaction: discord.Interaction, name: str) -> None:
    await interaction.response.send_message(f"showing {name}")


@app_commands.command(description="For moderators")
@app_commands.default_permissions(manage_messages=True)
@app_commands.guild_only()
async def purge(interaction: discord.Interaction) -> None:
    await interaction.response.send_message(f"{interaction.permissions.manage_messages}")


@app_commands.context_menu(name="Imagine from voice")
async def from_voice(interaction: discord.Interaction, message: discord.Message) -> None:
    sound = message.attachments[0]
    await interaction.response.send_message(
        f"{message.flags.voice} {sound.content_type} {sound.duration:.1f}"
    )


COMMANDS = (ping, whisper, slow, silent, late, card, train, look, find, purge, group, from_voice)


def register(tree: app_commands.CommandTree[Any]) -> None:
    """The commands."""
    for command in COMMANDS:
        tree.add_command(command)

    @tree.error
    async def on_error(interaction: discord.Interaction, error: Exception) -> None:
        interaction.client.failed.put_nowait(getattr(error, "original", error))
