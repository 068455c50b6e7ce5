"""A worker on this machine: one spawned process and a pipe."""

import asyncio
import multiprocessing
import threading
from collections.abc import AsyncIterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from core.dispatch.config import WorkerConfig
from core.dispatch.messages import FromWorker, ToWorker
from core.errors import WorkerLost


class LocalWorker:
    """One worker process from start to end; a new process needs a new object.

    The process ends by itself when this side of the pipe closes, so killing this program leaves
    nothing running.
    """

    def __init__(self, config: WorkerConfig) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._pipe = ours
        self._theirs = theirs
        self._process: SpawnProcess = multiprocessing.get_context("spawn").Process(
            target=_child, args=(theirs, config), name="atelier-worker"
        )
        self._messages: asyncio.Queue[FromWorker | None] = asyncio.Queue()
        self._reader = threading.Thread(name="worker-pipe", target=self._read, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id, once started."""
        return self._process.pid

    def start(self) -> None:
        """Starts the process and the thread that reads from it; call inside the event loop."""
        self._loop = asyncio.get_running_loop()
        self._process.start()
        self._theirs.close()  # else the pipe would not close when the process dies
        self._reader.start()

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


def _child(connection: Connection, config: WorkerConfig) -> None:
    from core.worker.process import main

    main(connection, config)
