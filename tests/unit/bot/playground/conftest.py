"""A playground on a free port, its control API, and a real discord.py bot beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import aiohttp
import av
import discord
import numpy as np
import pytest
import yarl
from PIL import Image

from bot.playground.config import PlaygroundConfig
from bot.playground.schema import Schema
from bot.playground.server import Playground
from tests.person import Control
from tests.unit.bot.playground.testbot import TestBot

READY_S = 20


@pytest.fixture(scope="session")
def schema() -> Schema:
    """Discord's description, compiled once for all tests."""
    return Schema()


@pytest.fixture
async def playground(schema: Schema) -> AsyncIterator[Playground]:
    """A started playground."""
    made = Playground(PlaygroundConfig(heartbeat_interval_s=5), schema=schema)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def control(playground: Playground) -> AsyncIterator[Control]:
    """Its control API."""
    async with Control(playground.url) as made:
        yield made


@pytest.fixture
async def api(playground: Playground) -> AsyncIterator[aiohttp.ClientSession]:
    """A bare HTTP client with the bot's token, for requests that no library would send."""
    headers = {"Authorization": f"Bot {playground.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


@asynccontextmanager
async def running(playground: Playground, bot: TestBot) -> AsyncIterator[TestBot]:
    """`bot` connected to `playground`, until the block ends."""
    async with bot:
        task = asyncio.create_task(bot.start(playground.token))
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait({task, ready}, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            await task
        yield bot
        await bot.close()
        await task


@pytest.fixture
def addresses(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py talks to the playground."""
    monkeypatch.setattr(discord.http.Route, "BASE", playground.api)
    gateway = yarl.URL(playground.gateway_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    monkeypatch.setattr(discord.asset.Asset, "BASE", playground.url)


@pytest.fixture
async def bot(playground: Playground, addresses: None) -> AsyncIterator[TestBot]:
    """A connected bot with the default intents."""
    async with running(playground, TestBot()) as made:
        yield made


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A PNG of 6 by 4 pixels."""
    path = tmp_path / "a picture.png"
    Image.new("RGB", (6, 4), "teal").save(path)
    return path


def sound(seconds: float, *, container: str = "ogg", codec: str = "libopus") -> bytes:
    """A 440 Hz tone."""
    time_s = np.arange(int(seconds * 48_000)) / 48_000
    samples = (np.sin(2 * np.pi * 440 * time_s) * 20_000).astype(np.int16).reshape(1, -1)
    target = BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 48_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return target.getvalue()


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """Two seconds of Ogg Opus."""
    path = tmp_path / "voice.ogg"
    path.write_bytes(sound(2.0))
    return path
