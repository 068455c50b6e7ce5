"""Status messages are edited as often as a channel bears, and never after the end."""

import asyncio
import gc
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot import progress
from bot.progress import BETWEEN_EDITS_S, ProgressBoard
from core.domain.jobs import Job, JobState, Progress
from core.domain.requests import ImagineRequest
from core.errors import StorageFault


class World:
    """Jobs as the services tell them, messages as Discord would have them, and a clock."""

    def __init__(self) -> None:
        self.running: list[Job] = []
        self.edits: list[tuple[int, str]] = []
        self.problem: Exception | None = None
        self.lost_preview = False
        self.now_s = 1000.0
        self.services = SimpleNamespace(jobs=self)
        self.drawing = self

    async def active(self) -> list[Job]:
        return self.running

    async def position(self, _: Job) -> int:
        return 1

    async def eta_s(self, _: Job) -> float | None:
        return None

    async def preview(self, key: str) -> Any:
        from bot.ui.card import Blob

        if self.lost_preview:
            raise StorageFault("blob is missing")
        return Blob(f"{key}.png", b"png")

    def get_partial_messageable(self, _: int) -> "World":
        return self

    def get_partial_message(self, message_id: int) -> Any:
        async def edit(**change: Any) -> None:
            if self.problem is not None:
                raise self.problem
            files = [file.filename for file in change.get("attachments", ())]
            self.edits.append((message_id, " ".join([change["content"].split("\n")[0], *files])))

        return SimpleNamespace(edit=edit)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(progress.time, "monotonic", lambda: world.now_s)
    return world


def job(number: int, done: int, channel: int = 1, preview: str | None = None) -> Job:
    return Job(
        id=number,
        guild_id=1,
        user_id=2,
        channel_id=channel,
        state=JobState.RUNNING,
        request=ImagineRequest(prompt="a", seeds=(1,)),
        attempt=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        progress=Progress(done, 10, preview=preview),
        status_message_id=number * 100,
    )


async def rounds(board: ProgressBoard, count: int = 1) -> None:
    for _ in range(count):
        await board._round()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_a_channel_rests_between_edits(world: World) -> None:
    """Two jobs of one channel share its rate; another channel has its own."""
    board: Any = ProgressBoard(world)  # type: ignore[arg-type]
    world.running = [job(1, 5), job(2, 5), job(3, 5, channel=9)]
    await rounds(board, 5)
    assert [message for message, _ in world.edits] == [100, 300]
    world.now_s += BETWEEN_EDITS_S
    await rounds(board, 5)
    assert [message for message, _ in world.edits] == [100, 300, 200]


async def test_only_what_changed_is_edited(world: World) -> None:
    """The same words are not sent again; a new preview is sent once."""
    board: Any = ProgressBoard(world)  # type: ignore[arg-type]
    for now in (job(1, 5), job(1, 5), job(1, 6, preview="p"), job(1, 7, preview="p")):
        world.running = [now]
        world.now_s += BETWEEN_EDITS_S
        await rounds(board)
    shown = [text.split("▱ ")[-1] for _, text in world.edits]
    assert shown == ["50%", "60% p.png", "70%"]


async def test_nothing_is_edited_after_the_end(world: World) -> None:
    """Not even when the list of running jobs was read before."""
    board: Any = ProgressBoard(world)  # type: ignore[arg-type]
    world.running = [job(1, 5)]
    await board.close(1)
    await rounds(board, 3)
    assert world.edits == []


async def test_a_message_that_is_gone_is_left_alone(world: World) -> None:
    """One 404 is enough."""
    board: Any = ProgressBoard(world)  # type: ignore[arg-type]
    response: Any = SimpleNamespace(status=404, reason="")
    world.problem = discord.NotFound(response, {"code": 10008, "message": "Unknown Message"})
    world.running = [job(1, 5)]
    await rounds(board)
    world.problem = None
    world.now_s += BETWEEN_EDITS_S
    world.running = [replace(job(1, 6))]
    await rounds(board)
    assert world.edits == []


@pytest.mark.parametrize(
    "problem",
    [aiohttp.ClientConnectionError(), OSError("unreachable"), TimeoutError()],
    ids=lambda problem: type(problem).__name__,
)
async def test_what_did_not_get_through_is_told_again(world: World, problem: Exception) -> None:
    """An edit that failed on its way counts as not made, and ends no task badly."""
    ended_badly: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: ended_badly.append(told))
    board: Any = ProgressBoard(world)  # type: ignore[arg-type]
    world.running, world.problem = [job(1, 5, preview="p")], problem
    await rounds(board)
    world.problem = None
    await rounds(board)
    assert world.edits == []
    world.now_s += BETWEEN_EDITS_S
    await rounds(board)
    gc.collect()
    assert [text.split("▱ ")[-1] for _, text in world.edits] == ["50% p.png"]
    assert ended_badly == []


async def test_words_are_told_without_a_preview_that_is_lost(world: World) -> None:
    """A blob that is not there ends no edit, and is not asked for again."""
    board: Any = ProgressBoard(world)  # type: ignore[arg-type]
    world.running, world.lost_preview = [job(1, 5, preview="p")], True
    await rounds(board)
    world.now_s += BETWEEN_EDITS_S
    await rounds(board)
    assert [text.split("▱ ")[-1] for _, text in world.edits] == ["50%"]
