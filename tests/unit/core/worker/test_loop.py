"""The loop with a real pipe and jobs made of plain generators."""

import multiprocessing
import threading

import pytest
import torch

from core.dispatch.messages import Cancel, Cancelled, Drain, Failed, Released, Run, Transcribed
from core.domain.requests import ImagineRequest, TrainRequest, TranscribeRequest
from core.errors import InvalidInput
from core.worker.inbox import Inbox
from core.worker.loop import OUT_OF_MEMORY, Loop

IMAGINE = ImagineRequest(prompt="a house", seeds=(1,))
HEAR = TranscribeRequest(audio="0" * 64)
TRAIN = TrainRequest(
    concept_id=1, name="xyz", class_noun="temple", concept_kind="subject", pictures=("p",), seed=1
)


def done(run):
    return Transcribed(run.job_id, run.attempt, "en", (), 0.0)


class Played:
    """A loop in a thread, whose jobs run `script`; this side of the pipe is the dispatcher's."""

    def __init__(self, script):
        self._pipe, theirs = multiprocessing.Pipe()
        self.lost = threading.Event()
        self.inbox = Inbox(theirs, on_lost=self.lost.set)
        self.loop = Loop(self.inbox, theirs.send, script)
        self._thread = threading.Thread(target=self.loop.run)

    def tell(self, *messages):
        for message in messages:
            self._pipe.send(message)

    def start(self):
        self._thread.start()

    def close(self):
        self._pipe.close()

    def heard(self):
        assert self._pipe.poll(10)
        return self._pipe.recv()

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
