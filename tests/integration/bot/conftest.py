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

PATIENCE_S = 60
"""On a machine that is busy with other things, an answer at once may take a while."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.replies.ACKNOWLEDGE_S", PATIENCE_S / 2)


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
        await control.patch("limits", {"ack_timeout_s": PATIENCE_S})
        yield control
        assert await control.get("violations") == []


@pytest.fixture
async def house(tmp_path: Path, playground: Playground, control: Control) -> AsyncIterator[House]:
    house = House(tmp_path, playground, control)
    await house.open()
    yield house
    await house.close()
