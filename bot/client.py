"""The discord.py client: loads every command or refuses to start."""

import asyncio
import hashlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import discord
import structlog
import yarl
from discord import app_commands

from bot import errors, replies
from bot.commands import (
    concepts,
    edit,
    evaluate,
    exchange,
    favourites,
    help,
    imagine,
    jobs,
    labels,
    pictures,
    retrain,
    settings,
    stacks,
    steps,
    train,
    versions,
    voice,
)
from bot.delivery import Deliveries
from bot.drawing import Drawing
from bot.intake import Intake
from bot.progress import ProgressBoard
from bot.ui.buttons import TEMPLATE, UNKNOWN, Handlers, Press
from bot.ui.modals import Forms
from core.queue import Bells
from core.services import Services
from core.storage import Storage

log = structlog.get_logger(__name__)
MODULES = (
    imagine,
    edit,
    train,
    retrain,
    steps,
    concepts,
    evaluate,
    favourites,
    exchange,
    versions,
    labels,
    stacks,
    jobs,
    settings,
    voice,
    pictures,
    help,
)
FORM_GONE = "I do not know this form any more. Run the command once more, please."


def point_at(api: str, gateway: str) -> None:
    """Make discord.py talk to these addresses, for the whole process."""
    discord.http.Route.BASE = api.rstrip("/")
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)


class Tree(app_commands.CommandTree["Atelier"]):
    """The commands; every error in one is answered."""

    async def on_error(self, interaction: "Ask", error: app_commands.AppCommandError, /) -> None:
        """Answer by the one table."""
        await errors.answer(interaction, error)


class Atelier(discord.Client):
    """The bot on Discord."""

    def __init__(
        self,
        *,
        services: Services,
        storage: Storage,
        bells: Bells,
        message_content: bool = False,
        sync_record: Path | None = None,
    ) -> None:
        """`sync_record` keeps the hash of the registered commands; None registers at each start."""
        _no_voice_warnings()
        super().__init__(
            intents=_intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.25,
        )
        self.services = services
        self.bells = bells
        self.intake = Intake(storage)
        self.drawing = Drawing(storage)
        self.handlers: Handlers = merged("HANDLERS")
        self.forms = Forms(merged("FORMS"))
        self.progress = ProgressBoard(self)
        self.deliveries = Deliveries(self)
        self.tree = _tree(self)
        self.connected = asyncio.Event()
        self._sync_record = sync_record
        self.broken: BaseException | None = None
        self._loops: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Register buttons and commands, then begin to deliver: the gateway is not needed."""
        self.add_dynamic_items(Press)
        await self._sync()
        for loop in (self.deliveries.run(), self.progress.run()):
            task = asyncio.create_task(loop)
            task.add_done_callback(self._loop_ended)
            self._loops.append(task)

    async def close(self) -> None:
        """Finish what is being posted, then leave."""
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await super().close()

    async def on_ready(self) -> None:
        """Say so in the log."""
        log.info("ready", guilds=len(self.guilds))
        self.connected.set()

    async def on_message(self, message: discord.Message) -> None:
        """Voice messages that are meant for the bot."""
        try:
            await voice.on_message(self, message)
        except Exception as error:  # noqa: BLE001  the border between messages and the rest
            await errors.reply(message, error)

    async def on_interaction(self, interaction: "Ask") -> None:
        """Forms, and controls of a shape that is not ours: discord.py would drop both."""
        data: Any = interaction.data or {}
        custom_id = str(data.get("custom_id", ""))
        if interaction.type is discord.InteractionType.modal_submit:
            await self._submitted(interaction, custom_id)
        elif interaction.type is discord.InteractionType.component and not TEMPLATE.fullmatch(
            custom_id
        ):
            await replies.tell(interaction, UNKNOWN)

    async def _submitted(self, interaction: "Ask", custom_id: str) -> None:
        form = self.forms.recall(custom_id)
        if form is None:
            await replies.tell(interaction, FORM_GONE)
            return
        data: Any = interaction.data
        await form._dispatch_submit(interaction, data["components"], data.get("resolved", {}))

    async def _sync(self) -> None:
        """Register the commands when they differ from what was registered last."""
        wanted = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        state = [discord.http.Route.BASE, self.application_id, wanted]
        digest = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
        record = self._sync_record
        if record is not None and record.exists() and record.read_text() == digest:
            return
        await self.tree.sync()
        if record is not None:
            record.write_text(digest)
        log.info("commands registered", count=len(wanted))

    def _loop_ended(self, task: "asyncio.Task[None]") -> None:
        """A loop that dies takes the program down: silence would be worse."""
        if not task.cancelled() and (error := task.exception()):
            errors.fault(error)
            self.broken = error
            self._closing = asyncio.create_task(self.close())


Ask = discord.Interaction[Atelier]


def merged(attribute: str) -> dict[str, Any]:
    """The dictionaries of that name of all command modules as one.

    Raises:
        ValueError: two modules claim the same verb.
    """
    whole: dict[str, Any] = {}
    for module in MODULES:
        own: dict[str, Any] = getattr(module, attribute, {})
        if twice := whole.keys() & own.keys():
            raise ValueError(f"{module.__name__} claims verbs that are taken: {sorted(twice)}")
        whole |= own
    return whole


def _no_voice_warnings() -> None:
    """Voice channels are not used, so what discord.py lacks for them is no news."""
    discord.VoiceClient.warn_nacl = False
    discord.VoiceClient.warn_dave = False


def _tree(client: Atelier) -> Tree:
    tree = Tree(
        client,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )
    for module in MODULES:
        for command in _commands(module):
            tree.add_command(command)
    return tree


def _commands(module: ModuleType) -> tuple[Any, ...]:
    return getattr(module, "COMMANDS", ())


def _intents(*, message_content: bool) -> discord.Intents:
    """The least that the bot can live with."""
    return discord.Intents(
        guilds=True, guild_messages=True, dm_messages=True, message_content=message_content
    )
