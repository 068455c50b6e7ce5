"""The worker's loop: messages in, the next slice of work, answers out."""

import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch

from core.dispatch.messages import Cancelled, Ended, Failed, FromWorker, Released, Run
from core.domain.jobs import JobKind
from core.errors import UserError
from core.worker.inbox import Inbox
from core.worker.ticket import Stopped, Ticket

Slices = Generator[None, None, Ended]
"""A job in pieces: every `yield` is a place where another job may go first."""
Start = Callable[[Run, Ticket], Slices]

FIRST = (JobKind.TRANSCRIBE, JobKind.IMAGINE, JobKind.TRAIN)
"""Short jobs that somebody waits for go between the steps of long ones."""

OUT_OF_MEMORY = (
    "This is more than the graphics memory of this server holds. Ask for fewer or smaller pictures."
)


@dataclass(frozen=True, slots=True)
class _Active:
    """A job that has begun."""

    kind: JobKind
    ticket: Ticket
    slices: Slices


class Loop:
    """Runs jobs slice by slice until it is drained."""

    def __init__(self, inbox: Inbox, send: Callable[[FromWorker], None], start: Start) -> None:
        self._inbox, self._send, self._start = inbox, send, start
        self._active: list[_Active] = []

    def run(self) -> None:
        """Works until the dispatcher says Drain and every job has been put down."""
        while not (self._inbox.draining and not self._active):
            for run in self._inbox.take(wait=not self._active):
                self._accept(run)
            if self._active:
                self._slice(min(self._active, key=lambda active: FIRST.index(active.kind)))

    def _accept(self, run: Run) -> None:
        ticket = Ticket(
            run.job_id,
            run.attempt,
            self._send,
            lambda: self._inbox.is_cancelled(run.job_id),
            lambda: self._inbox.draining,
            run.checkpoint,
        )
        kind = JobKind(run.request.kind)
        self._active.append(_Active(kind, ticket, self._start(run, ticket)))

    def _slice(self, active: _Active) -> None:
        ended = self._step(active)
        if ended is not None:
            self._active.remove(active)
            self._inbox.forget(active.ticket.job_id)
            self._send(ended)

    def _step(self, active: _Active) -> Ended | None:
        """The job runner's border: whatever goes wrong inside ends this one job, not the worker."""
        ticket = active.ticket
        try:
            next(active.slices)
        except StopIteration as finished:
            ended: Ended = finished.value
            return ended
        except Stopped:
            kind = Cancelled if self._inbox.is_cancelled(ticket.job_id) else Released
            return kind(ticket.job_id, ticket.attempt)
        except UserError as error:
            return Failed(ticket.job_id, ticket.attempt, str(error), users_fault=True)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            return Failed(ticket.job_id, ticket.attempt, OUT_OF_MEMORY, users_fault=True)
        except Exception as error:  # noqa: BLE001
            return _fault(ticket, error)
        return None


def _fault(ticket: Ticket, error: Exception) -> Failed:
    text = f"{type(error).__name__}: {error}"
    trace = "".join(traceback.format_exception(error))
    return Failed(ticket.job_id, ticket.attempt, text, users_fault=False, traceback=trace)
