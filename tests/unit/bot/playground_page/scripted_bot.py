"""A small discord.py bot that shows the page everything a bot can show."""

import asyncio
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import discord
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from discord.http import Route
from PIL import Image, ImageDraw
from yarl import URL

from bot.playground.server import Playground

COLOURS = ("#d9573f", "#3f7fd9", "#3fae6b", "#e0b23c")
Here = discord.Interaction[discord.Client]


def picture(index: int, *, size_px: int = 64) -> discord.File:
    """A small house on a meadow, its walls in the colour of `index`."""
    image = Image.new("RGB", (64, 64), "#9ccfe8")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 44, 64, 64), fill="#5f9e57")
    draw.rectangle((18, 30, 46, 52), fill=COLOURS[index % len(COLOURS)])
    draw.polygon(((14, 31), (32, 14), (50, 31)), fill="#4b3832")
    draw.rectangle((28, 40, 36, 52), fill="#2b2350")
    target = io.BytesIO()
    image.resize((size_px, size_px), Image.Resampling.NEAREST).save(target, "PNG")
    target.seek(0)
    return discord.File(target, filename=f"tile-{index + 1}.png", description=f"tile {index + 1}")


def card(prompt: str) -> discord.Embed:
    """A result's embed: text with markdown, fields, a picture, a footer."""
    embed = discord.Embed(title="A picture", description=f"> {prompt}", colour=0xE9A545)
    embed.add_field(name="Seed", value="`421337`").add_field(name="Steps", value="20")
    embed.add_field(name="Stack", value="`<kar>` 0.8").set_footer(text="Atelier, 0.9 s")
    return embed.set_image(url="attachment://tile-1.png")


class Question(ui.Modal, title="Edit what was heard"):
    """A modal with a text, a choice and an upload."""

    words = ui.Label(
        text="Prompt",
        description="What you want to see",
        component=ui.TextInput(
            custom_id="words", default="a red house", min_length=3, max_length=80
        ),
    )
    kind = ui.Label(
        text="Kind",
        component=ui.Select(
            custom_id="kind",
            options=[discord.SelectOption(label="subject"), discord.SelectOption(label="style")],
        ),
    )
    pictures = ui.Label(
        text="Pictures",
        component=ui.FileUpload(custom_id="pictures", required=False, min_values=2, max_values=4),
    )

    async def on_submit(self, here: discord.Interaction) -> None:
        words, kind, pictures = self.words.component, self.kind.component, self.pictures.component
        names = ", ".join(one.filename for one in pictures.values)
        await here.response.send_message(f"{words.value} / {kind.values[0]} / {names}")


class Buttons(ui.View):
    """One button of every kind and a select."""

    @ui.button(label="Vary", style=discord.ButtonStyle.primary, emoji="🎲")
    async def vary(self, here: Here, button: ui.Button["Buttons"]) -> None:
        button.label, button.disabled = "Varied", True
        if isinstance(here.client, ScriptedBot):
            await here.client.step()
        await here.response.edit_message(content="varied", view=self)

    @ui.button(label="Edit", style=discord.ButtonStyle.secondary)
    async def edit(self, here: Here, _button: ui.Button["Buttons"]) -> None:
        await here.response.send_modal(Question())

    @ui.button(label="Silent", style=discord.ButtonStyle.danger)
    async def silent(self, here: Here, _button: ui.Button["Buttons"]) -> None:
        """Never answers."""

    @ui.select(
        placeholder="Pick a tile",
        options=[discord.SelectOption(label=f"Tile {n}", description="64 px") for n in range(1, 5)],
    )
    async def pick(self, here: Here, select: ui.Select["Buttons"]) -> None:
        await here.response.send_message(f"picked {select.values[0]}", ephemeral=True)


class ScriptedBot(discord.Client):
    """Answers `/imagine`, `/train`, `/concepts …`, `/quiet` and "Describe"."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents.default(), allowed_mentions=discord.AllowedMentions.none()
        )
        self.tree = app_commands.CommandTree(self)
        self.got: list[str] = []
        self._pace: asyncio.Semaphore | None = None
        self._add_commands()

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Stop before every step of an answer meanwhile; the function given lets one happen."""
        self._pace = asyncio.Semaphore(0)
        yield self._pace.release
        self._pace = None

    async def step(self) -> None:
        """Wait for leave to go on, where a test holds the bot."""
        if self._pace is not None:
            await self._pace.acquire()

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user and message.flags.voice:
            seconds = message.attachments[0].duration or 0
            await message.reply(f"heard {seconds:.1f} s", mention_author=False)

    def _add_commands(self) -> None:
        concepts = app_commands.Group(name="concepts", description="Your concepts")
        concepts.command(name="list", description="All of this server")(self._list)
        concepts.command(name="show", description="One of them")(self._show)
        self.tree.add_command(concepts)
        self.tree.add_command(self._imagine())
        self.tree.command(name="train", description="Teach a new concept")(self._train)
        self.tree.command(name="quiet", description="Never answers")(self._quiet)
        self.tree.context_menu(name="Describe")(self._describe)

    def _imagine(self) -> app_commands.Command[app_commands.Group, ..., None]:
        @app_commands.describe(
            prompt="What you want to see", count="How many", concepts="Concepts to use"
        )
        async def imagine(
            here: Here,
            prompt: app_commands.Range[str, 1, 400],
            count: app_commands.Range[int, 1, 4] = 1,
            concepts: str | None = None,
        ) -> None:
            await self._paint(here, prompt=prompt, count=count, concepts=concepts)

        async def complete(_here: Here, text: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=n, value=n) for n in ("kar", "xyz") if text in n]

        command = app_commands.Command(
            name="imagine", description="Make an image from words", callback=imagine
        )
        command.autocomplete("concepts")(complete)
        return command

    async def _paint(self, here: Here, *, prompt: str, count: int, concepts: str | None) -> None:
        await here.response.defer(thinking=True)
        self.got.append(f"{prompt}|{count}|{concepts}")
        await self.step()
        await here.edit_original_response(content="Painting ▰▰▰▰▱▱▱▱ step 10 of 20")
        await self.step()
        tiles = [picture(index) for index in range(count)]
        shown = {"embed": card(prompt)} if count == 1 else {"content": f"**{count} tiles**"}
        await here.edit_original_response(
            **{"content": None, **shown}, attachments=tiles, view=Buttons()
        )

    @app_commands.describe(
        name="A new word", kind="What it is", picture="Shows it", more="Shows it too"
    )
    @app_commands.choices(
        kind=[
            app_commands.Choice(name="Subject", value="s"),
            app_commands.Choice(name="Style", value="t"),
        ]
    )
    async def _train(
        self,
        here: Here,
        name: str,
        kind: str,
        picture: discord.Attachment,
        more: discord.Attachment | None = None,
    ) -> None:
        files = [one.filename for one in (picture, more) if one]
        await here.response.send_message(f"teaching {name} ({kind}) from {', '.join(files)}")

    async def _list(self, here: Here) -> None:
        await here.response.send_message("**kar**, **xyz**", ephemeral=True)

    async def _show(self, here: Here, name: str) -> None:
        await here.response.send_message(f"{name}: a forest")

    async def _quiet(self, here: Here) -> None:
        """Never answers."""

    async def _describe(self, here: Here, message: discord.Message) -> None:
        await here.response.send_message(f"It says: {message.content}", ephemeral=True)


@contextmanager
def pointed_at(playground: Playground) -> Iterator[None]:
    """Send discord.py to `playground` meanwhile."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = playground.api, URL(playground.gateway_url)
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
