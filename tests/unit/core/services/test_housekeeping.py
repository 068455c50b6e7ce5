"""Blobs that nobody refers to go; whatever happened before, everything else stays readable."""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from core.db.tables import ImageRow, JobRow
from core.dispatch.messages import Failed, Imagined, Trained
from core.domain.concepts import ConceptKind
from core.domain.jobs import JobKind, Progress
from core.domain.people import Actor
from core.errors import StorageFault
from core.services.housekeeping import UNUSED_NOTES, Housekeeping, Swept
from core.services.training import TrainWish
from tests.studio import CHANNEL, Studio, answer, migrated_file

ANNA = Actor(guild_id=1, user_id=10)
GRACE = timedelta(days=7)
OLD = timedelta(days=30)


@dataclass
class History:
    """What was done, and which blobs somebody may still ask for after it."""

    studio: Studio
    kept: set[str] = field(default_factory=set)
    useless: set[str] = field(default_factory=set)
    shown: list[int] = field(default_factory=list)
    """Ids of images that were not deleted."""
    keys: dict[int, str] = field(default_factory=dict)
    begun_from: set[str] = field(default_factory=set)
    count: int = 0

    def put(self) -> str:
        self.count += 1
        return self.studio.storage.put(f"blob {self.count}".encode())

    async def draw(self) -> None:
        """An image, with a preview on its way."""
        await self.studio.ask(ANNA, "a temple", 1)
        await self._drawn()

    async def more_like(self) -> None:
        """An image that begins from another: that picture stays, whatever becomes of its row."""
        if self.shown:
            await self.studio.services.imagining.more_like(ANNA, CHANNEL, self.shown[-1])
            self.begun_from.add(self.keys[self.shown[-1]])
            await self._drawn()

    async def _drawn(self) -> None:
        job = await self.studio.claim(JobKind.IMAGINE)
        preview = self.put()
        await self.studio.queue.report(job.id, job.attempt, Progress(1, 2, preview=preview))
        ended = answer(job)
        assert isinstance(ended, Imagined)
        made = tuple(replace(image, key=self.put()) for image in ended.images)
        await self.studio.services.results.finish(replace(ended, images=made))
        self.useless.add(preview)
        self.kept |= {image.key for image in made}
        for image in await self.studio.services.gallery.of_job(job.id):
            self.shown.append(image.id)
            self.keys[image.id] = image.key

    async def delete(self, *, long_ago: bool = True) -> None:
        """The oldest image that is still there; within the time of grace it could be wanted."""
        if not self.shown:
            return
        image_id = self.shown.pop(0)
        await self.studio.services.gallery.delete(ANNA, image_id)
        if long_ago:
            when = datetime.now(UTC) - 2 * GRACE
            gone = update(ImageRow).where(ImageRow.id == image_id).values(deleted_at=when)
            async with self.studio.database.transaction() as session:
                await session.execute(gone)
            key = self.keys[image_id]
            self.useless.add(key)
            if key not in self.begun_from:
                self.kept.discard(key)

    async def delete_lately(self) -> None:
        await self.delete(long_ago=False)

    async def teach(self) -> None:
        """A version: all of it stays, apart from the checkpoint."""
        job_id, attempt, checkpoint = await self._teaching()
        job = await self.studio.services.jobs.get(1, job_id)
        ended = answer(replace(job, attempt=attempt))
        assert isinstance(ended, Trained)
        artifact, samples = self.put(), (self.put(), self.put())
        await self.studio.services.results.finish(
            replace(ended, artifact=artifact, samples=samples)
        )
        self.kept |= {artifact, *samples}
        self.useless.add(checkpoint)

    async def fail(self) -> None:
        """A training that came to nothing: its pictures stay with the job."""
        job_id, attempt, checkpoint = await self._teaching()
        failed = Failed(job_id, attempt, "no", users_fault=True)
        await self.studio.services.results.finish(failed)
        self.useless.add(checkpoint)

    async def train_on(self) -> None:
        """A training that goes on later from its checkpoint."""
        job_id, attempt, checkpoint = await self._teaching()
        await self.studio.queue.release(job_id, attempt)
        await self.studio.services.jobs.get(1, job_id)
        self.kept.add(checkpoint)
        await self.studio.claim(JobKind.TRAIN)  # so that no later claim takes it

    async def _teaching(self) -> tuple[int, int, str]:
        pictures = (self.put(), self.put())
        wish = TrainWish(f"c{self.count}", "temple", ConceptKind.SUBJECT, pictures)
        await self.studio.services.training.start(ANNA, CHANNEL, wish)
        job = await self.studio.claim(JobKind.TRAIN)
        checkpoint = self.put()
        await self.studio.queue.checkpoint(job.id, job.attempt, checkpoint)
        self.kept |= set(pictures)
        return job.id, job.attempt, checkpoint

    async def orphan(self) -> None:
        """Put by somebody who was killed before writing the key down."""
        self.useless.add(self.put())

    async def note(self) -> None:
        """Pictures of a plain class that later trainings begin with."""
        self.kept.add(self._noted())

    async def note_long_ago(self) -> None:
        """The same, but no training has asked for them in a long time."""
        key = self._noted()
        make_old_note(self.studio, [key], UNUSED_NOTES + timedelta(days=1))
        self.useless.add(key)

    def _noted(self) -> str:
        key = self.put()
        self.studio.storage.note(f"prior {key}", json.dumps([key]))
        return key


STEPS = (
    "draw",
    "more_like",
    "delete",
    "delete_lately",
    "teach",
    "fail",
    "train_on",
    "orphan",
    "note",
    "note_long_ago",
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(STEPS), max_size=10))
def test_everything_that_is_referred_to_stays_readable(steps: list[str]) -> None:
    """Whatever happened: what may be asked for is there, and nothing else that is old."""
    _run(steps)


def _run(steps: Sequence[str]) -> None:
    migrated_file()  # needs a loop of its own
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        runner.run(_check(Path(folder), steps))


async def _check(folder: Path, steps: Sequence[str]) -> None:
    history = History(Studio(folder))
    for step in steps:
        await getattr(history, step)()
    studio = history.studio
    young = studio.storage.put(b"put just now")
    for key in history.kept | history.useless:
        make_old(studio, key)
    swept = await housekeeping(studio).sweep()
    gone = history.useless - history.kept
    assert swept.deleted == len(gone)
    for key in (*history.kept, young):
        studio.storage.get(key)
    assert not any(studio.storage.exists(key) for key in gone)
    assert (await housekeeping(studio).sweep()).deleted == 0
    await studio.close()


def test_every_kind_of_step_in_one_history() -> None:
    """The same, where chance might have left one out."""
    _run(["draw", "more_like", *STEPS, "draw", "draw", "delete", "delete", "delete_lately"])


async def test_blobs_of_a_job_that_runs_are_never_touched(studio: Studio) -> None:
    """However short the grace: what it puts is told only at its end."""
    await studio.ask(ANNA, "a temple", 1)
    await studio.claim()
    key = studio.storage.put(b"made by the job that runs")
    hasty = Housekeeping(studio.database, studio.storage, grace=timedelta(microseconds=1))
    assert (await hasty.sweep()).deleted == 0
    studio.storage.get(key)


async def test_what_is_put_again_while_it_goes_stays(studio: Studio) -> None:
    """Between the look at the database and the deletion somebody uploads the same bytes."""
    key = studio.storage.put(b"again")
    make_old(studio, key)
    keeper, before = housekeeping(studio), datetime.now(UTC) - GRACE
    assert studio.storage.older(before, 10) == [key]
    studio.storage.put(b"again")
    assert keeper._delete([key], before) == []
    assert studio.storage.get(key) == b"again"


async def test_a_crash_in_the_middle_loses_nothing(studio: Studio) -> None:
    """A blob that lies aside comes back with the next pass, and is looked at with the one after."""
    key = studio.storage.put(b"aside")
    make_old(studio, key)
    place = studio.storage.path(key)
    assert place is not None
    place.rename(place.with_name(f".going-{key}"))
    with pytest.raises(StorageFault):
        studio.storage.get(key)
    await housekeeping(studio).sweep()
    assert studio.storage.get(key) == b"aside"
    assert (await housekeeping(studio).sweep()).deleted == 1


async def test_a_pass_is_bounded(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is left for the next one; sizes and counts are told."""
    monkeypatch.setattr("core.services.housekeeping.LISTED_MAX", 2)
    for name in (b"one", b"two", b"six"):
        make_old(studio, studio.storage.put(name))
    swept = [await housekeeping(studio).sweep() for _ in range(3)]
    assert [(one.old, one.deleted, one.freed_bytes) for one in swept] == [
        (2, 2, 6),
        (1, 1, 3),
        (0, 0, 0),
    ]


async def test_a_note_is_kept_from_when_it_was_last_asked_for(studio: Studio) -> None:
    """A training that finds the pictures keeps them for as long again."""
    keys = [studio.storage.put(b"plain")]
    studio.storage.note("plain", json.dumps(keys))
    make_old(studio, keys[0])
    make_old_note(studio, keys, UNUSED_NOTES + timedelta(days=1))
    assert studio.storage.noted("plain") == json.dumps(keys)
    swept = await housekeeping(studio).sweep()
    assert (swept.notes, swept.deleted) == (0, 0)
    make_old_note(studio, keys, UNUSED_NOTES - timedelta(days=1))
    assert (await housekeeping(studio).sweep()).notes == 0
    make_old_note(studio, keys, UNUSED_NOTES + timedelta(days=1))
    swept = await housekeeping(studio).sweep()
    assert (swept.notes, swept.deleted) == (1, 1)
    assert studio.storage.noted("plain") is None


async def test_notes_of_a_training_that_has_not_ended_stay(studio: Studio) -> None:
    """Its checkpoint may name their pictures, however long ago it asked for them."""
    wish = TrainWish("xyz", "temple", ConceptKind.SUBJECT, (studio.storage.put(b"a picture"),))
    await studio.services.training.start(ANNA, CHANNEL, wish)
    job = await studio.claim(JobKind.TRAIN)
    begun = update(JobRow).values(created_at=datetime.now(UTC) - UNUSED_NOTES - timedelta(days=2))
    async with studio.database.transaction() as session:
        await session.execute(begun)
    keys = [studio.storage.put(b"plain")]
    studio.storage.note("plain", json.dumps(keys))
    make_old_note(studio, keys, UNUSED_NOTES + timedelta(days=1))
    make_old(studio, keys[0], UNUSED_NOTES + timedelta(days=3))
    assert (await housekeeping(studio).sweep()).notes == 0
    studio.storage.get(keys[0])
    await studio.services.results.finish(Failed(job.id, job.attempt, "no", users_fault=True))
    swept = await housekeeping(studio).sweep()
    assert (swept.notes, swept.deleted) == (1, 1)


async def test_it_waits_for_a_quiet_moment(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a job in the queue nothing is swept; once that has ended it is."""
    monkeypatch.setattr("core.services.housekeeping.QUIET_S", 0.01)
    key = studio.storage.put(b"nobody's")
    make_old(studio, key)
    await studio.ask(ANNA, "a temple", 1)
    keeper, done = housekeeping(studio), asyncio.Event()
    sweep = keeper.sweep

    async def told() -> Swept:
        swept = await sweep()
        done.set()
        return swept

    monkeypatch.setattr(keeper, "sweep", told)
    running = asyncio.create_task(keeper.run())
    await asyncio.sleep(0.05)
    assert studio.storage.exists(key)
    await studio.work()
    async with asyncio.timeout(20):
        await done.wait()
    running.cancel()
    assert not studio.storage.exists(key)


async def test_no_grace_means_that_nothing_is_deleted(studio: Studio) -> None:
    """It ends at once."""
    await Housekeeping(studio.database, studio.storage, grace=timedelta()).run()


def housekeeping(studio: Studio) -> Housekeeping:
    return Housekeeping(studio.database, studio.storage, grace=GRACE)


def make_old(studio: Studio, key: str, age: timedelta = OLD) -> None:
    place = studio.storage.path(key)
    assert place is not None
    _age(place, age)


def make_old_note(studio: Studio, keys: Sequence[str], age: timedelta) -> None:
    """As if the note of these blobs had last been asked for so long ago."""
    notes = Path(studio.storage.url.removeprefix("file://")) / "notes"
    (place,) = (file for file in notes.iterdir() if file.read_text() == json.dumps([*keys]))
    _age(place, age)


def _age(place: Path, age: timedelta) -> None:
    then = time.time() - age.total_seconds()
    os.utime(place, (then, then))
