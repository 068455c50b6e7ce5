"""The real client against the real playground over sockets, with real services on SQLite.

Only the models are missing: a scripted worker ends jobs with real pictures through the same
`results.finish` that the dispatcher calls.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.playground.config import PlaygroundConfig
from bot.playground.server import Playground
from tests.integration.bot.house import House
from tests.person import Control


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    playground = Playground(PlaygroundConfig())
    await playground.start()
    yield playground
    await playground.stop()


@pytest.fixture
async def control(playground: Playground) -> AsyncIterator[Control]:
    """The control API; at the end, the bot must have broken none of Discord's rules."""
    async with Control(playground.url) as control:
        yield control
        assert await control.get("violations") == []


@pytest.fixture
async def house(tmp_path: Path, playground: Playground, control: Control) -> AsyncIterator[House]:
    house = House(tmp_path, playground, control)
    await house.open()
    yield house
    await house.close()
