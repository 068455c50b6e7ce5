"""The worker's loop: messages in, the next turn of work, answers out."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import GEN_CREATED, getgeneratorstate
from typing import Protocol

import torch
from structlog.contextvars import bound_contextvars

from core.dispatch.messages import Cancelled, Ended, Failed, FromWorker, Imagined, Released, Run
from core.domain.jobs import JobKind
from core.errors import UserError
from core.logs import places
from core.worker.inbox import Inbox
from core.worker.shares import Shares, Turn, turn_of
from core.worker.ticket import Stopped, Ticket

Slices = Generator[None, None, Ended]
"""A job in pieces: every `yield` is a place where another job may go first."""

OUT_OF_MEMORY = (
    "This is more than the graphics memory of this server holds. Ask for fewer or smaller pictures."
)


class Hands(Protocol):
    """What does the work that the loop deals out."""

    def start(self, run: Run, ticket: Ticket) -> Slices:
        """The slices of a job; nothing of it is done before the first is asked for."""

    def advance(self) -> None:
        """One step of every picture that is being made, whichever jobs they are of."""


@dataclass(slots=True, eq=False)
class _Active:
    """A job that was taken on, and the worker's time that went into it."""

    turn: Turn
    ticket: Ticket
    slices: Slices
    seconds: float = 0.0

    @property
    def begun(self) -> bool:
        return getgeneratorstate(self.slices) != GEN_CREATED


class Loop:
    """Runs jobs turn by turn until it is drained.

    A turn is one slice of one job, but for imagine jobs: they go on together, by one step of the
    whole batch and then a slice of each.
    """

    def __init__(
        self,
        inbox: Inbox,
        send: Callable[[FromWorker], None],
        hands: Hands,
        *,
        training_share: float,
    ) -> None:
        self._inbox, self._send, self._hands = inbox, send, hands
        self._shares = Shares(training_share)
        self._active: list[_Active] = []

    def run(self) -> None:
        """Works until the dispatcher says Drain and every job has been put down."""
        while True:
            draining = self._inbox.draining  # looked at before `take`: what came earlier is in it
            for run in self._inbox.take(wait=not self._active):
                self._accept(run)
            if self._active:
                self._turn()
            elif draining:
                return

    def _accept(self, run: Run) -> None:
        ticket = Ticket(
            run.job_id,
            run.attempt,
            self._send,
            lambda: self._inbox.is_cancelled(run.job_id),
            lambda: self._inbox.draining,
            run.checkpoint,
            lambda: self._inbox.ends_early(run.job_id),
        )
        turn = turn_of(JobKind(run.request.kind))
        self._active.append(_Active(turn, ticket, self._hands.start(run, ticket)))

    def _turn(self) -> None:
        wanting = {active.turn for active in self._active}
        turn = self._shares.next(wanting)
        began_s = time.perf_counter()
        if turn is Turn.DRAW:
            self._draw([active for active in self._active if active.turn is turn])
        else:
            self._slice(next(active for active in self._active if active.turn is turn))
        if len(wanting) > 1:
            _wait_for_the_gpu()
        self._shares.took(turn, time.perf_counter() - began_s)

    def _draw(self, drawing: Sequence[_Active]) -> None:
        began_s = time.perf_counter()
        try:
            self._hands.advance()
        except Exception as error:  # noqa: BLE001  the job runner's border, for a whole batch
            for active in drawing:
                if active.begun:
                    self._go(active, partial(active.slices.throw, error))
        shared_s = (time.perf_counter() - began_s) / len(drawing)
        for active in drawing:
            active.seconds += shared_s
            if active in self._active:
                self._slice(active)

    def _slice(self, active: _Active) -> None:
        """Does one slice; who goes on is last of its kind then."""
        self._go(active, partial(next, active.slices))
        if active in self._active:
            self._active.remove(active)
            self._active.append(active)

    def _go(self, active: _Active, step: Callable[[], None]) -> None:
        began_s = time.perf_counter()
        with bound_contextvars(job=active.ticket.job_id):
            ended = self._step(active.ticket, step)
        active.seconds += time.perf_counter() - began_s
        if ended is not None:
            self._active.remove(active)
            self._inbox.forget(active.ticket.job_id)
            self._send(_timed(ended, active.seconds))

    def _step(self, ticket: Ticket, step: Callable[[], None]) -> Ended | None:
        """The job runner's border: whatever goes wrong inside ends this one job, not the worker."""
        try:
            step()
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


def _timed(ended: Ended, seconds: float) -> Ended:
    """Pictures cost what their job had of the worker, not how long it shared it with others."""
    return replace(ended, seconds=seconds) if isinstance(ended, Imagined) else ended


def _wait_for_the_gpu() -> None:
    """So that what a turn has asked for is counted as its own time."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()


def _fault(ticket: Ticket, error: Exception) -> Failed:
    text = f"{type(error).__name__}: {error}"
    trace = tuple(places(error))
    return Failed(ticket.job_id, ticket.attempt, text, users_fault=False, traceback=trace)
