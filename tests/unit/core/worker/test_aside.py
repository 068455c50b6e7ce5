"""Finished pictures become files beside the loop: others go on meanwhile, and nothing changes."""

import threading
from dataclasses import replace

import pytest

from core.domain.requests import ImagineRequest
from core.errors import InvalidInput
from core.worker.aside import Aside
from core.worker.engine.studio import Studio
from core.worker.imagine import Imaginer

PATIENCE_S = 60
"""Only a broken build waits so long."""
SHORT = ImagineRequest(prompt="a red temple", seeds=(1, 2), num_inference_steps=2, exact=True)
LONG = ImagineRequest(prompt="a house", seeds=(3,), num_inference_steps=8, exact=True)


class SlowDisk:
    """A storage that keeps nothing before it is let; says who came to it."""

    def __init__(self, storage):
        self._storage, self._open = storage, threading.Event()
        self.came, self.threads = threading.Event(), set()

    def __getattr__(self, name):
        return getattr(self._storage, name)

    def put(self, data):
        self.threads.add(threading.current_thread())
        self.came.set()
        if not self._open.wait(PATIENCE_S):
            raise TimeoutError
        return self._storage.put(data)

    def let(self):
        self._open.set()


@pytest.fixture(scope="module")
def studio(base, stacks):
    return Studio(base, stacks, images=4, adapter_bytes=2**20)


@pytest.fixture
def disk(storage):
    slow = SlowDisk(storage)
    yield slow
    slow.let()


def turn(imaginer, jobs):
    """One step of the batch and a slice of each job; those that ended."""
    imaginer.advance()
    ended = {}
    for job in list(jobs):
        try:
            next(job)
        except StopIteration as finished:
            ended[job] = finished.value
            jobs.remove(job)
    return ended


def to_the_end(imaginer, jobs):
    """What every job ends with."""
    ended = {}
    while jobs:
        ended |= turn(imaginer, jobs)
    return ended


def test_files_are_written_while_others_are_drawn(base, stacks, studio, disk, storage, ticket):
    """The batch takes its steps although the disk hangs, and the files are the same bytes."""
    ours = Imaginer(base, stacks, disk, studio)
    short, long = ours.slices(SHORT, ticket), ours.slices(LONG, replace(ticket, job_id=2))
    jobs, ended = [short, long], {}
    for _ in range(5):  # admitted, two steps in turn with the other's, decoded
        ended |= turn(ours, jobs)
    while not disk.came.wait(0.01):
        next(short)
    (draft,) = studio._engine._running
    before = draft.done
    for _ in range(3):
        ended |= turn(ours, jobs)
    assert draft.done == before + 3
    assert ended == {}
    disk.let()
    ended = to_the_end(ours, jobs)
    assert threading.main_thread() not in disk.threads
    for job, request in ((short, SHORT), (long, LONG)):
        made = Imaginer(base, stacks, storage, studio).run(request, ticket).images
        images = ended[job].images
        assert [(image.key, image.manifest.index) for image in images] == [
            (image.key, image.manifest.index) for image in made
        ]


def test_one_alone_is_waited_for(base, stacks, studio, storage, ticket):
    """With nothing else to draw, the job ends in the slice after its last step."""
    ours = Imaginer(base, stacks, storage, studio)
    jobs, turns = [ours.slices(SHORT, ticket)], 0
    while jobs:
        turns += 1
        turn(ours, jobs)
    assert turns == 1 + 2 + 1  # admitted, two steps, decoded and kept


def test_held_back_pictures_end_their_own_job(base, stacks, studio, storage, ticket, monkeypatch):
    """The safety checker is asked beside the loop too; its word reaches the one who asked."""
    asked = set()

    def check(made, _device, _dtype):
        asked.add(threading.current_thread())
        return made, [len(made) == 2] * len(made)

    monkeypatch.setattr(base.pipe, "safety_checker", object())
    monkeypatch.setattr(base.pipe, "run_safety_checker", check)
    ours = Imaginer(base, stacks, storage, studio)
    short, long = ours.slices(SHORT, ticket), ours.slices(LONG, replace(ticket, job_id=2))
    with pytest.raises(InvalidInput, match="held the pictures back"):
        to_the_end(ours, [long, short])
    assert threading.main_thread() not in asked
    assert to_the_end(ours, [long])[long].images[0].width_px == 64


def test_work_is_done_in_turn():
    """What was handed over first is done first, and a fault is raised where it was waited for."""
    aside, done = Aside(), []
    first = threading.Event()

    def slowly():
        first.wait(PATIENCE_S)
        done.append("slow")

    def wrongly():
        done.append("wrong")
        raise ValueError("no")

    slow = aside.wait_for(slowly, meanwhile=lambda: True)
    wrong = aside.wait_for(wrongly, meanwhile=lambda: not done)
    next(slow)
    next(wrong)
    first.set()
    with pytest.raises(ValueError, match="no"):
        for _ in wrong:
            pass
    assert done == ["slow", "wrong"]
    for _ in slow:
        pass


def test_what_is_given_up_is_not_begun():
    """A job that is stopped while its work waits behind another's leaves nothing to do."""
    aside, gate, done = Aside(), threading.Event(), []
    slow = aside.wait_for(lambda: gate.wait(PATIENCE_S), meanwhile=lambda: True)
    next(slow)
    given_up = aside.wait_for(lambda: done.append("it"), meanwhile=lambda: True)
    next(given_up)
    given_up.close()
    gate.set()
    for _ in slow:
        pass
    last = aside.wait_for(lambda: done.append("last"), meanwhile=lambda: False)
    assert list(last) == []
    assert done == ["last"]
