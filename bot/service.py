"""The service: puts everything together, and runs it until it is told to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

import aiohttp
import discord
import structlog
from pydantic import SecretStr

from bot import logs
from bot.client import Atelier, point_at
from bot.health import pulse_file
from bot.playground.config import PlaygroundConfig
from bot.playground.server import Playground
from core.db import Database
from core.dispatch.config import WorkerConfig
from core.dispatch.dispatcher import Dispatcher
from core.dispatch.local import LocalWorker
from core.errors import Fault, ModelFault, SettingsError
from core.logs import in_loop
from core.queue import Bells, Queue
from core.services import Services
from core.services.housekeeping import Housekeeping
from core.settings import Settings
from core.storage import Storage

log = structlog.get_logger(__name__)
PULSE_S = 10.0
SAMPLES = Path(__file__).parent / "playground" / "samples"
NO_TOKEN = (
    "ATELIER_DISCORD_TOKEN: is missing. Set it to the bot's token, or try `python -m bot demo`."
)
BAD_TOKEN = "ATELIER_DISCORD_TOKEN: Discord does not accept this token."
BAD_INTENT = (
    "ATELIER_MESSAGE_CONTENT: the application is not allowed the Message Content intent. Switch it "
    "on in Discord's developer portal, or set this to false."
)


def run(settings: Settings, *, demo: bool) -> int:
    """Serve; the exit code: 0 when it was told to stop, 1 after a fault.

    Raises:
        SettingsError: names the setting that is missing or wrong.
        ModelFault: names the setting whose model cannot be loaded.
    """
    logs.configure(settings.log_level)
    try:
        asyncio.run(serve(settings, demo=demo))
    except (SettingsError, ModelFault):
        raise
    except (Fault, discord.DiscordException, aiohttp.ClientError) as error:
        log.error("ended by a fault", exc_info=error)
        return 1
    return 0


async def serve(settings: Settings, *, demo: bool) -> None:
    """Run until SIGTERM or SIGINT, then drain.

    Raises:
        SettingsError: names the setting that is missing or wrong.
        ModelFault: names the setting whose model cannot be loaded.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.set_exception_handler(in_loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    make_folder(settings.data_dir)
    async with AsyncExitStack() as stack:
        if demo:
            playground = await stack.enter_async_context(playing(settings))
            settings = pointed_at(settings, playground)
        if settings.discord_token is None:
            raise SettingsError(NO_TOKEN)
        await _work(settings, stop, demo=demo)


def make_folder(folder: Path) -> None:
    """Make the data folder where there is none.

    Raises:
        SettingsError: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise SettingsError(
            f"ATELIER_DATA_DIR: {folder} cannot be written to ({error.strerror}). Give this "
            "program's user the right to, or set another folder."
        ) from error


@asynccontextmanager
async def playing(settings: Settings) -> AsyncIterator[Playground]:
    """A playground on the settings' port.

    Raises:
        SettingsError: the port is taken.
    """
    config = PlaygroundConfig(port=settings.playground_port, samples=SAMPLES)
    playground = Playground(config)
    try:
        await playground.start()
    except OSError as error:
        message = f"ATELIER_PLAYGROUND_PORT: {config.port} cannot be used ({error.strerror})"
        raise SettingsError(message) from error
    try:
        yield playground
    finally:
        await playground.stop()


def pointed_at(settings: Settings, playground: Playground) -> Settings:
    """The same settings with the playground in the place of Discord."""
    return settings.model_copy(
        update={
            "discord_api": playground.api,
            "discord_gateway": playground.gateway_url,
            "discord_token": SecretStr(playground.token),
        }
    )


async def _work(settings: Settings, stop: asyncio.Event, *, demo: bool) -> None:
    """Bot and dispatcher, until one of them ends or `stop` is set; then both drain."""
    point_at(settings.discord_api, settings.discord_gateway)
    database, bells = Database(settings.database), Bells()
    await database.start()
    queue, storage = Queue(database, bells), Storage(settings.blobs)
    services = Services(database, storage, queue, bells, settings)
    worker = worker_config(settings)
    dispatcher = Dispatcher(queue, services.results, bells, lambda: LocalWorker(worker))
    client = Atelier(
        services=services,
        storage=storage,
        bells=bells,
        message_content=settings.message_content,
        sync_record=None if demo else settings.data_dir / "commands.sha256",
    )
    tasks = [
        asyncio.create_task(dispatcher.run(), name="dispatcher"),
        asyncio.create_task(_connect(client, settings), name="discord"),
        asyncio.create_task(stop.wait(), name="stop"),
    ]
    grace = timedelta(hours=settings.grace_hours)
    housekeeping = Housekeeping(database, storage, grace=grace)
    helpers = [
        asyncio.create_task(pulse(client, dispatcher, settings, demo=demo)),
        asyncio.create_task(housekeeping.run()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        log.info("draining", because=[task.get_name() for task in done])
    finally:
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        if not tasks[0].done():
            await dispatcher.drain()
        await client.close()
        await asyncio.wait(tasks[:2])
        tasks[2].cancel()
        await database.close()
        pulse_file(settings).unlink(missing_ok=True)
    for task in tasks[:2]:
        task.result()


async def _connect(client: Atelier, settings: Settings) -> None:
    """Log in and stay connected.

    Raises:
        SettingsError: Discord refuses the token or an intent.
    """
    token = settings.discord_token.get_secret_value() if settings.discord_token else ""
    try:
        await client.start(token)
    except discord.LoginFailure as error:
        raise SettingsError(BAD_TOKEN) from error
    except discord.PrivilegedIntentsRequired as error:
        raise SettingsError(BAD_INTENT) from error
    if client.broken is not None:
        raise Fault("a loop of the bot has died") from client.broken


async def pulse(client: Atelier, dispatcher: Dispatcher, settings: Settings, *, demo: bool) -> None:
    """Tell where the page is, then touch a file for as long as the bot is connected and able."""
    await client.connected.wait()
    if demo:
        page = settings.discord_api.removesuffix("/api/v10")
        print(f"\nAtelier is ready. Open {page} in a browser.\n", flush=True)
    while True:
        if client.is_ready() and dispatcher.able:
            pulse_file(settings).touch()
        await asyncio.sleep(PULSE_S)


def worker_config(settings: Settings) -> WorkerConfig:
    """What the worker process is started with."""
    return WorkerConfig(
        storage_url=settings.blobs,
        model=settings.model,
        controls=tuple(settings.controls.items()),
        speech_model=settings.speech_model,
        scoring_model=settings.scoring_model,
        fidelity_model=settings.fidelity_model,
        captioner=settings.captioner,
        evaluate_training=settings.evaluate_training,
        device=settings.device,
        dtype=settings.dtype,
        threads=settings.threads,
        training_share=settings.training_share,
        batch=settings.batch,
        adapter_memory_mb=settings.adapter_memory_mb,
        channels_last=settings.channels_last,
        compile=settings.compile,
        fast_adapter=settings.fast_adapter,
        preview_decoder=settings.preview_decoder,
        log_level=settings.log_level,
    )
