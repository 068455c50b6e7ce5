"""A worker on this machine: one spawned process and a pipe, and a second for what it prints."""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from core.dispatch.config import WorkerConfig
from core.dispatch.messages import FromWorker, ToWorker
from core.errors import WorkerLost
from core.logs import relay

LAST_WORDS_S = 5.0
"""A process of its own that a worker left behind may keep its stderr open."""

Child = Callable[[Connection, WorkerConfig], None]


class LocalWorker:
    """One worker process from start to end; a new process needs a new object.

    The process ends by itself when this side of the pipe closes, so killing this program leaves
    nothing running.
    """

    def __init__(self, config: WorkerConfig) -> None:
        self._pipe, self._theirs = multiprocessing.Pipe()
        self._printed, self._prints = multiprocessing.Pipe(duplex=False)
        self._process: SpawnProcess = multiprocessing.get_context("spawn").Process(
            target=_begin, args=(_child, self._prints, self._theirs, config), name="atelier-worker"
        )
        self._messages: asyncio.Queue[FromWorker | None] = asyncio.Queue()
        self._reader = threading.Thread(name="worker-pipe", target=self._read, daemon=True)
        self._relay = threading.Thread(name="worker-prints", target=self._pass_on, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id, once started."""
        return self._process.pid

    def start(self) -> None:
        """Starts the process and the threads that read from it; call inside the event loop."""
        self._loop = asyncio.get_running_loop()
        self._process.start()
        self._theirs.close()  # else the pipes would not close when the process dies
        self._prints.close()
        self._reader.start()
        self._relay.start()

    async def send(self, message: ToWorker) -> None:
        """Hands over a message.

        Raises:
            WorkerLost: the process has ended.
        """
        try:
            await asyncio.to_thread(self._pipe.send, message)
        except OSError as error:
            raise WorkerLost("the worker process has ended") from error

    async def messages(self) -> AsyncIterator[FromWorker]:
        """What the worker says, until its end of the pipe closes."""
        while (message := await self._messages.get()) is not None:
            yield message

    def kill(self) -> None:
        """Ends the process at once; does nothing where it has ended."""
        self._process.kill()

    async def ended(self) -> int:
        """Waits for the process to end; returns its exit code (negative: the signal)."""
        await asyncio.to_thread(self._process.join)
        await asyncio.to_thread(self._reader.join)
        await asyncio.to_thread(self._relay.join, LAST_WORDS_S)
        self._pipe.close()
        return self._process.exitcode or 0

    def _read(self) -> None:
        message: FromWorker | None
        while True:
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                message = None
            self._loop.call_soon_threadsafe(self._messages.put_nowait, message)
            if message is None:
                return

    def _pass_on(self) -> None:
        """What the process prints, its libraries in C too, comes out as lines of this log."""
        with self._printed, os.fdopen(os.dup(self._printed.fileno()), errors="replace") as lines:
            for line in lines:
                relay(line.rstrip("\n"))


def _begin(child: Child, prints: Connection, connection: Connection, config: WorkerConfig) -> None:
    for printer in (1, 2):  # stdout and stderr
        os.dup2(prints.fileno(), printer)
    prints.close()
    child(connection, config)


def _child(connection: Connection, config: WorkerConfig) -> None:
    from core.worker.process import main

    main(connection, config)
