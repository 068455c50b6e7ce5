"""Guilds take turns."""

import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, inspect

from core.db.tables import JobRow
from core.domain.concepts import ConceptKind
from core.domain.jobs import JobKind, JobState
from core.domain.people import Actor
from core.domain.requests import ImagineRequest
from core.queue import place_of
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio, answer, key_of


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


async def test_who_runs_less_is_next(studio: Studio) -> None:
    """A guild that is served for the second time comes before one that holds every place."""
    await fill(studio, [1] * 8 + [2])
    running = [await studio.claim() for _ in range(5)]
    assert [job.guild_id for job in running] == [1, 2, 1, 1, 1]
    await studio.services.results.finish(answer(running[1]))
    await fill(studio, [2, 2])
    assert await studio.queue.position(10) == 1
    assert await studio.queue.position(11) == 2
    assert [(await studio.claim()).guild_id for _ in range(3)] == [2, 2, 1]


async def test_a_late_guild_gets_the_next_place(studio: Studio) -> None:
    """A guild with a worker full of its jobs and more of them waiting ends up with half of it."""
    await fill(studio, [1] * 50)
    running = [await studio.claim() for _ in range(8)]
    await fill(studio, [2] * 8)
    guilds = []
    for job in running:
        await studio.services.results.finish(answer(job))
        guilds.append((await studio.claim()).guild_id)
    assert guilds == [2] * 4 + [1] * 4


async def test_suspects_go_first(studio: Studio) -> None:
    """Jobs that were lost come before all others, whoever's turn it is, a training last."""
    await fill(studio, [1, 2])
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (key_of("a"),))
    training = await studio.services.training.start(Actor(3, 10), CHANNEL, wish)
    lost = [await studio.claim(JobKind.TRAIN), await studio.claim()]
    for job in lost:
        await studio.queue.lose(job.id, job.attempt, "died", alone=False)
    await fill(studio, [4])
    assert [await studio.queue.position(job) for job in (lost[1].id, 2, 4)] == [1, 2, 3]
    claimed = [await studio.claim() for _ in range(4)]
    assert [job.id for job in claimed] == [lost[1].id, training.job.id, 2, 4]
    assert [job.suspect for job in claimed] == [True, True, False, False]


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
    """Whatever was queued and is running, jobs are claimed in the order of their places, the
    oldest of a guild first, and always for a guild that has the fewest running."""

    async def check() -> None:
        with TemporaryDirectory() as folder:
            studio = Studio(Path(folder))
            await fill(studio, before)
            for _ in range(min(served, len(before))):
                await studio.claim()
            await fill(studio, after)
            await _follow(studio, list(enumerate([*before, *after], start=1)))
            await studio.close()

    asyncio.run(check())


async def _follow(studio: Studio, all_jobs: list[tuple[int, int]]) -> None:
    """Claims what waits of these (job, guild)."""
    places = {}
    for job_id, _ in all_jobs:
        if place := await studio.queue.position(job_id):
            places[place] = job_id
    assert sorted(places) == list(range(1, len(places) + 1))
    jobs_now = [await studio.services.jobs.get(guild, job_id) for job_id, guild in all_jobs]
    running = Counter(job.guild_id for job in jobs_now if job.state is JobState.RUNNING)
    waiting = Counter(job.guild_id for job in jobs_now if job.state is JobState.QUEUED)
    claimed = [await studio.claim() for _ in places]
    assert [job.id for job in claimed] == [places[place] for place in sorted(places)]
    for job in claimed:
        assert running[job.guild_id] == min(running[guild] for guild in +waiting)
        running[job.guild_id] += 1
        waiting[job.guild_id] -= 1
    ids = {guild: [job.id for job in claimed if job.guild_id == guild] for guild in range(1, 5)}
    assert all(own == sorted(own) for own in ids.values())
