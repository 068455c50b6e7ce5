"""A job's way to the outside."""

import pytest

from core.dispatch.messages import Checkpointed, Progressed
from core.domain.jobs import Progress
from core.worker import ticket as module
from core.worker.ticket import Stopped, Ticket


@pytest.fixture
def clock(monkeypatch):
    """A clock that this test turns."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_progress_is_throttled_and_the_first_is_told(clock, ticket, told):
    """Many steps in a moment are one message; after the interval comes the next."""
    for done in range(1, 5):
        ticket.progress(Progress(done, 20))
    clock[0] += module.PROGRESS_EVERY_S
    ticket.progress(Progress(5, 20))
    assert [message.progress.done for message in told] == [1, 5]
    assert told[0] == Progressed(1, 1, Progress(1, 20))


def test_new_preview_is_told_at_once_and_only_once(clock, ticket, told):
    """A picture to look at does not wait; the same picture again does."""
    for done, preview in enumerate((None, "a", "a", "b"), start=1):
        ticket.progress(Progress(done, 20, preview=preview))
    assert [message.progress.done for message in told] == [1, 2, 4]


@pytest.mark.parametrize(("cancelled", "draining"), [(True, False), (False, True)])
def test_check_stops_the_job(cancelled, draining):
    """Both signs end a job at its next look."""
    ticket = Ticket(1, 1, print, lambda: cancelled, lambda: draining)
    with pytest.raises(Stopped):
        ticket.check()


def test_check_lets_a_wanted_job_go_on(ticket):
    """Without a sign nothing happens."""
    assert ticket.check() is None


def test_saved_checkpoint_is_told_and_kept(ticket, told):
    """The key goes to the dispatcher, and the ticket knows it."""
    ticket.save("k")
    assert told == [Checkpointed(1, 1, "k")]
    assert ticket.checkpoint == "k"
