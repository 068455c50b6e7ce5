"""Guilds take turns."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, inspect

from core.db.tables import JobRow
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.domain.requests import ImagineRequest
from core.queue import place_of
from tests.studio import CHANNEL, Studio


async def fill(studio: Studio, guilds: list[int]) -> None:
    """Queue one job for each entry, in order; faster than one transaction each."""
    async with studio.database.transaction() as session:
        for guild_id in guilds:
            await studio.queue.enqueue(
                session,
                guild_id=guild_id,
                user_id=10,
                channel_id=CHANNEL,
                request=ImagineRequest(prompt="a", seeds=(1,)),
            )


async def test_a_busy_guild_does_not_hold_up_another(studio: Studio) -> None:
    """A thousand waiting jobs of one guild delay another's single job by one at most."""
    await fill(studio, [1])
    async with studio.database.transaction() as session:
        job = await session.get_one(JobRow, 1)
        columns = [column.key for column in inspect(JobRow).column_attrs if column.key != "id"]
        await session.execute(
            insert(JobRow), [{name: getattr(job, name) for name in columns}] * 999
        )
    await studio.claim()
    await fill(studio, [2])
    async with studio.database.session() as session:
        assert await place_of(session, 1001) == 1
    assert [(await studio.claim()).guild_id for _ in range(3)] == [2, 1, 1]


async def test_turns_are_remembered_over_a_restart(studio: Studio) -> None:
    """Whoever was served last is last, also after a restart."""
    await fill(studio, [1, 1, 2])
    assert (await studio.claim()).guild_id == 1
    await studio.close()
    studio.open()
    assert (await studio.claim()).guild_id == 2


async def test_kinds_have_their_own_places(studio: Studio) -> None:
    """A sound waits behind sounds, not behind pictures."""
    await fill(studio, [1, 1])
    heard = await studio.services.voice.hear(Actor(1, 10), CHANNEL, "a")
    assert heard.position == 1
    assert (await studio.claim(JobKind.TRANSCRIBE)).id == heard.job.id
    assert await studio.queue.position(heard.job.id) == 0
    assert await studio.queue.position(404) == 0


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=10),
    st.integers(0, 6),
    st.lists(st.integers(1, 4), max_size=6),
)
def test_places_foretell_the_order(before: list[int], served: int, after: list[int]) -> None:
    """Whatever was queued and served before, jobs are claimed in the order of their places,
    the oldest of a guild first, and no guild gets two while another waits for its first."""

    async def check() -> None:
        with TemporaryDirectory() as folder:
            studio = Studio(Path(folder))
            await fill(studio, before)
            for _ in range(min(served, len(before))):
                await studio.claim()
            await fill(studio, after)
            await _follow(studio, len(before) + len(after))
            await studio.close()

    asyncio.run(check())


async def _follow(studio: Studio, jobs: int) -> None:
    places = {}
    for job_id in range(1, jobs + 1):
        if place := await studio.queue.position(job_id):
            places[place] = job_id
    assert sorted(places) == list(range(1, len(places) + 1))
    claimed = [await studio.claim() for _ in places]
    assert [job.id for job in claimed] == [places[place] for place in sorted(places)]
    assert all(job.state is JobState.RUNNING for job in claimed)
    waiting = {guild: [job.id for job in claimed if job.guild_id == guild] for guild in range(1, 5)}
    assert all(ids == sorted(ids) for ids in waiting.values())
    longest_wait = {guild: ids[0] for guild, ids in waiting.items() if ids}
    first_round = [job.guild_id for job in claimed[: len(longest_wait)]]
    assert sorted(first_round) == sorted(longest_wait)
