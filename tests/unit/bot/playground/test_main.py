"""`python -m bot.playground` as a process of its own."""

import asyncio
import signal
import sys
from pathlib import Path

from tests.person import Control

ROOT = Path(__file__).parents[4]


async def test_it_serves_until_it_is_told_to_stop() -> None:
    """It prints its addresses, answers, and ends on SIGTERM with 0."""
    arguments = ("-m", "bot.playground", "--port", "0", "--no-answer-checks")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=pipe
    )
    assert process.stdout is not None
    words = (await process.stdout.readline()).decode().split()
    async with Control(words[words.index("page") + 1]) as control:
        assert not (await control.get("state"))["online"]
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0
