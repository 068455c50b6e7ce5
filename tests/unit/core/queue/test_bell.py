"""Wake-ups inside one process."""

import asyncio

from core.queue import Bell


async def test_a_ring_wakes_who_waits() -> None:
    """Waiting ends with the ring, not with the timeout."""
    bell = Bell()
    waiting = asyncio.create_task(bell.wait(timeout_s=60))
    await asyncio.sleep(0)
    bell.ring()
    assert await waiting


async def test_a_ring_that_nobody_heard_is_kept_once() -> None:
    """What happened before one waits is not missed, and not heard twice."""
    bell = Bell()
    bell.ring()
    bell.ring()
    assert await bell.wait(timeout_s=60)
    assert not await bell.wait(timeout_s=0.01)


async def test_everybody_who_waits_is_woken() -> None:
    """One ring is enough for all who wait at that moment."""
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait(timeout_s=60)) for _ in range(3)]
    await asyncio.sleep(0)
    bell.ring()
    assert await asyncio.gather(*waiting) == [True, True, True]
