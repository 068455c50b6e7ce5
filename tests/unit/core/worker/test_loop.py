"""The loop with a real pipe and jobs made of plain generators."""

import multiprocessing
import threading
import time

import pytest
import torch
from structlog.contextvars import get_contextvars

from core.dispatch.messages import (
    Cancel,
    Cancelled,
    Drain,
    EndEarly,
    Failed,
    Imagined,
    Released,
    Run,
    Transcribed,
)
from core.domain.requests import ImagineRequest, TrainRequest, TranscribeRequest
from core.errors import InvalidInput
from core.worker.inbox import Inbox
from core.worker.loop import OUT_OF_MEMORY, Loop

IMAGINE = ImagineRequest(prompt="a house", seeds=(1,))
HEAR = TranscribeRequest(audio="0" * 64)
TRAIN = TrainRequest(
    concept_id=1, name="xyz", class_noun="temple", concept_kind="subject", pictures=("p",), seed=1
)

LAST = 404
NEVER_DONE = 1 << 60


def done(run):
    return Transcribed(run.job_id, run.attempt, "en", (), 0.0)


def drawn(run):
    return Imagined(run.job_id, run.attempt, (), 0.0)


class Hands:
    """Does the jobs as `script` says, and steps of the batch by `advance`."""

    def __init__(self, script, advance):
        self.start, self.advance = script, advance


class Played:
    """A loop in a thread, whose jobs run `script`; this side of the pipe is the dispatcher's."""

    def __init__(self, script, advance=lambda: None, training_share=0.1):
        self._pipe, theirs = multiprocessing.Pipe()
        self.lost = threading.Event()
        self.inbox = Inbox(theirs, on_lost=self.lost.set)
        hands = Hands(script, advance)
        self.loop = Loop(self.inbox, theirs.send, hands, training_share=training_share)
        self._thread = threading.Thread(target=self.loop.run, daemon=True)

    def tell(self, *messages):
        for message in messages:
            self._pipe.send(message)

    def start(self):
        self._thread.start()

    def start_with(self, *messages):
        """Starts once all of these have come through the pipe."""
        self.tell(*messages, Cancel(LAST))
        while not self.inbox.is_cancelled(LAST):
            time.sleep(0.001)
        self.start()

    def close(self):
        self._pipe.close()

    def heard(self):
        assert self._pipe.poll(10)
        return self._pipe.recv()

    def has_more(self):
        return self._pipe.poll()

    def finish(self):
        self.tell(Drain())
        self._thread.join(10)
        assert not self._thread.is_alive()


def test_short_jobs_run_between_the_slices_of_a_long_one():
    """What comes during a training ends before it, the voice first."""
    order = []

    def script(run, ticket):
        if run.request.kind == "train":
            played.tell(Run(2, 1, IMAGINE), Run(3, 1, HEAR))
            for _ in range(200):
                order.append("step")
                pause.wait(0.005)
                yield
        order.append(run.request.kind)
        return done(run)

    pause = threading.Event()
    played = Played(script)
    played.tell(Run(1, 1, TRAIN))
    played.start()
    ends = [played.heard().job_id for _ in range(3)]
    played.finish()
    assert ends in ([3, 2, 1], [2, 3, 1])
    assert order.count("step") == 200
    assert order[-1] == "train"


@pytest.mark.parametrize(
    ("error", "text", "users_fault"),
    [
        (InvalidInput("Send a sound."), "Send a sound.", True),
        (torch.OutOfMemoryError("CUDA"), OUT_OF_MEMORY, True),
        (ZeroDivisionError("ours"), "ZeroDivisionError: ours", False),
    ],
)
def test_error_ends_its_job_and_not_the_loop(error, text, users_fault):
    """Whatever a job raises becomes its answer, and the next job runs."""

    def script(run, ticket):
        if run.job_id == 1:
            raise error
        yield
        return done(run)

    played = Played(script)
    played.tell(Run(1, 4, HEAR), Run(2, 1, HEAR))
    played.start()
    failed = played.heard()
    assert isinstance(failed, Failed)
    assert (failed.job_id, failed.attempt) == (1, 4)
    assert (failed.text, failed.users_fault) == (text, users_fault)
    assert ("ZeroDivisionError" in failed.traceback) is not users_fault
    assert "ours" not in " ".join(failed.traceback)
    assert played.heard() == done(Run(2, 1, HEAR))
    played.finish()


def endless(run, ticket):
    while True:
        ticket.check()
        yield


def test_cancel_reaches_a_running_job_and_only_that_one():
    """The cancelled job answers Cancelled; the other is released by the drain."""
    played = Played(endless)
    played.tell(Run(1, 1, TRAIN), Cancel(1))
    played.start()
    assert played.heard() == Cancelled(1, 1)
    played.tell(Run(1, 2, TRAIN))
    played.finish()
    assert played.heard() == Released(1, 2)


def test_run_that_came_just_before_the_drain_is_released():
    """It is answered though it never began."""
    played = Played(endless)
    played.tell(Run(1, 1, TRAIN), Drain())
    while not played.inbox.draining:
        time.sleep(0.001)
    played.start()
    assert played.heard() == Released(1, 1)
    played.finish()


def test_what_is_logged_during_a_slice_carries_its_job():
    """A library's line or warning names the job that it is about, and no other."""
    seen = []

    def script(run, ticket):
        for _ in range(2):
            seen.append((run.job_id, get_contextvars()["job"]))
            yield
        return done(run)

    played = Played(script)
    played.tell(Run(1, 1, HEAR), Run(2, 1, TRAIN))
    played.start()
    ends = {played.heard().job_id for _ in range(2)}
    played.finish()
    assert ends == {1, 2}
    assert len(seen) == 4
    assert all(job_id == named for job_id, named in seen)


def test_cancel_is_seen_in_the_middle_of_a_slice():
    """A job that looks for signs without yielding is stopped too."""
    started = threading.Event()

    def script(run, ticket):
        started.set()
        while True:
            ticket.check()
        yield

    played = Played(script)
    played.tell(Run(1, 1, IMAGINE))
    played.start()
    assert started.wait(10)
    played.tell(Cancel(1))
    assert played.heard() == Cancelled(1, 1)
    played.finish()


def test_training_hears_that_it_is_to_end_early():
    """It alone, in this run of it alone; what is cancelled besides ends as cancelled."""
    first, begun = {}, threading.Event()

    def script(run, ticket):
        first[run.attempt] = ticket.ends_early()
        begun.set()
        while run.attempt > 1 or not ticket.ends_early():
            ticket.check()
            yield
        return done(run)

    played = Played(script)
    played.start_with(Run(1, 1, TRAIN), EndEarly(2))
    assert begun.wait(10)
    played.tell(EndEarly(1))
    assert played.heard() == done(Run(1, 1, TRAIN))
    played.tell(Run(1, 2, TRAIN), EndEarly(1), Cancel(1))
    assert played.heard() == Cancelled(1, 2)
    assert first[1] is False
    played.finish()


def test_closed_pipe_is_told():
    """When the dispatcher's side closes, whoever made the inbox hears of it."""
    played = Played(endless)
    played.close()
    assert played.lost.wait(10)


def test_drain_while_idle_ends_the_loop():
    """Without work there is nothing to put down."""
    played = Played(endless)
    played.start()
    played.finish()


class Batch:
    """Stands for the engine: jobs enter, each of its steps does one of each, done they leave."""

    def __init__(self, steps, fails_at=None):
        self.left, self.seen, self.closed = {}, [], []
        self._steps, self._fails_at = steps, fails_at

    def start(self, run, ticket):
        ticket.check()
        self.left[run.job_id] = self._steps[run.job_id]
        try:
            while self.left[run.job_id]:
                yield
                ticket.check()
        finally:
            del self.left[run.job_id]
            self.closed.append(run.job_id)
        return drawn(run)

    def advance(self):
        self.seen.append(sorted(self.left))
        if len(self.seen) == self._fails_at:
            raise ZeroDivisionError("in the batch")
        self.left = {job_id: left - 1 for job_id, left in self.left.items()}


def played(batch, **options):
    return Played(batch.start, batch.advance, **options)


def test_imagine_jobs_go_on_together():
    """Every step is one of all that are in, each job leaves when it is done, and once."""
    batch = Batch({1: 3, 2: 1, 3: 2})
    loop = played(batch)
    loop.start_with(*[Run(job_id, 1, IMAGINE) for job_id in (1, 2, 3)])
    assert [loop.heard().job_id for _ in range(3)] == [2, 3, 1]
    loop.finish()
    assert [ids for ids in batch.seen if ids] == [[1, 2, 3], [1, 3], [1]]


def test_job_enters_between_two_steps():
    """What comes while others are being drawn does not wait for them."""
    batch = Batch({1: NEVER_DONE, 2: 2})
    loop = played(batch)
    loop.start_with(Run(1, 1, IMAGINE))
    loop.tell(Run(2, 1, IMAGINE))
    assert loop.heard().job_id == 2
    assert batch.seen.count([1, 2]) == 2
    loop.tell(Cancel(1))
    assert loop.heard() == Cancelled(1, 1)
    loop.finish()


def test_step_that_fails_ends_the_jobs_in_it_and_no_other():
    """Each answers once and is taken out of the batch; what comes later is drawn."""
    batch = Batch({1: 5, 2: 5, 3: 2}, fails_at=3)
    loop = played(batch)
    loop.start_with(Run(1, 1, IMAGINE), Run(2, 4, IMAGINE))
    ends = {(end := loop.heard()).job_id: end for _ in range(2)}
    loop.tell(Run(3, 1, IMAGINE))
    assert (loop.heard().job_id, batch.left) == (3, {})
    loop.finish()
    assert {job_id: end.attempt for job_id, end in ends.items()} == {1: 1, 2: 4}
    for end in ends.values():
        assert isinstance(end, Failed)
        assert end.text == "ZeroDivisionError: in the batch"
        assert any(place.endswith(" advance") for place in end.traceback)
    assert batch.closed == [1, 2, 3]


def test_step_that_fails_spares_jobs_that_were_not_in_it():
    """A job that has just come was not part of the step, so it is drawn."""
    batch = Batch({1: 2}, fails_at=1)
    loop = played(batch)
    loop.start_with(Run(1, 1, IMAGINE))
    assert isinstance(loop.heard(), Imagined)
    loop.finish()


def test_cancel_takes_one_job_out_of_the_batch():
    """The others are released by the drain, each job with one answer."""
    batch = Batch(dict.fromkeys((1, 2, 3), 10**9))
    loop = played(batch)
    loop.start_with(*[Run(job_id, 1, IMAGINE) for job_id in (1, 2, 3)], Cancel(2))
    assert loop.heard() == Cancelled(2, 1)
    loop.finish()
    assert {loop.heard(), loop.heard()} == {Released(1, 1), Released(3, 1)}
    assert not loop.has_more()
    assert batch.left == {}


def test_training_goes_on_between_the_steps_of_pictures():
    """Though pictures never end, training does; by how much it may go on is told by the share."""
    drawn_before = []

    def script(run, ticket):
        for _ in range(3 if run.request.kind == "train" else 10**9):
            if run.request.kind == "train":
                drawn_before.append(len(steps))
            yield
            ticket.check()
        return done(run)

    steps = []

    def advance():
        steps.append(len(steps))
        time.sleep(0.001)

    loop = Played(script, advance, training_share=0.25)
    loop.start_with(Run(1, 1, IMAGINE), Run(2, 1, TRAIN))
    assert loop.heard().job_id == 2
    loop.finish()
    assert loop.heard() == Released(1, 1)
    assert len(drawn_before) == 3
    assert drawn_before[0] > 0


def test_two_trainings_take_turns():
    """Of several jobs that learn, the one that waited longest has the next slice."""
    order = []

    def script(run, ticket):
        for _ in range(3):
            order.append(run.job_id)
            yield
        return done(run)

    loop = Played(script)
    loop.start_with(Run(1, 1, TRAIN), Run(2, 1, TRAIN))
    assert {loop.heard().job_id, loop.heard().job_id} == {1, 2}
    loop.finish()
    assert order[-4:] in ([1, 2, 1, 2], [2, 1, 2, 1])


def test_pictures_cost_their_share_of_the_time():
    """Two jobs drawn together report together what the steps took, not each all of it."""
    batch = Batch({1: 10, 2: 10})

    def advance():
        time.sleep(0.005)
        batch.advance()

    loop = Played(batch.start, advance)
    loop.tell(Run(1, 1, IMAGINE), Run(2, 1, IMAGINE))
    began_s = time.perf_counter()
    loop.start()
    seconds = [loop.heard().seconds, loop.heard().seconds]
    took_s = time.perf_counter() - began_s
    loop.finish()
    assert min(seconds) > 0
    assert sum(seconds) < took_s
