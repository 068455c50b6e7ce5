"""Messages from the dispatcher, read by a thread so that a stop is seen in the middle of a step."""

import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from core.dispatch.messages import Cancel, Drain, EndEarly, Run, ToWorker


class Inbox:
    """Runs wait in a queue; all that stops them are flags that jobs look at.

    `on_lost` is called in the reading thread when the pipe closes.
    """

    def __init__(self, connection: Connection, *, on_lost: Callable[[], None]) -> None:
        self._connection = connection
        self._on_lost = on_lost
        self._runs: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._ending: set[int] = set()
        self._draining = threading.Event()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    @property
    def draining(self) -> bool:
        """The dispatcher asked to put everything down."""
        return self._draining.is_set()

    def is_cancelled(self, job_id: int) -> bool:
        """A person asked to stop this job."""
        return job_id in self._cancelled

    def ends_early(self, job_id: int) -> bool:
        """A person asked to end this training with what it has learned."""
        return job_id in self._ending

    def forget(self, job_id: int) -> None:
        """The job has ended; a later run of the same job begins as if nobody had asked."""
        self._cancelled.discard(job_id)
        self._ending.discard(job_id)

    def take(self, *, wait: bool) -> list[Run]:
        """New runs in the order they came; with `wait` blocks until there is one or a drain."""
        runs = [self._runs.get()] if wait and not self.draining else []
        while not self._runs.empty():
            runs.append(self._runs.get())
        return [run for run in runs if run is not None]

    def _read(self) -> None:
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                self._on_lost()
                return
            self._sort(message)

    def _sort(self, message: ToWorker) -> None:
        match message:
            case Run():
                self._runs.put(message)
            case Cancel(job_id=job_id):
                self._cancelled.add(job_id)
            case EndEarly(job_id=job_id):
                self._ending.add(job_id)
            case Drain():
                self._draining.set()
                self._runs.put(None)  # wakes a waiting `take`
