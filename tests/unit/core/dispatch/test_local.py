"""The handle of a worker process, with real processes and no models."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from core.dispatch import local
from core.dispatch.config import WorkerConfig
from core.dispatch.local import LocalWorker
from core.dispatch.messages import Broken, Drain
from core.errors import WorkerLost
from core.worker import process

CONFIG = WorkerConfig(storage_url="memory://", model="./no-such-folder")


def echo(connection, _config):
    """Runs in the child: says back whatever it is told, until Drain."""
    while not isinstance(message := connection.recv(), Drain):
        connection.send(message)
    connection.close()


@pytest.fixture
def echoing(monkeypatch):
    monkeypatch.setattr(local, "_child", echo)


async def test_messages_go_both_ways(echoing):
    """What a child says comes out in order, and the stream ends when the child does."""
    worker = LocalWorker(CONFIG)
    worker.start()
    for text in ("one", "two"):
        await worker.send(Broken(text))
    await worker.send(Drain())
    assert [message async for message in worker.messages()] == [Broken("one"), Broken("two")]
    assert await worker.ended() == 0


async def test_killed_worker_ends_its_stream(echoing):
    """kill -9 ends the messages; the exit code is the signal, and sending says so."""
    worker = LocalWorker(CONFIG)
    worker.start()
    await worker.send(Broken("up"))
    stream = worker.messages()
    await anext(stream)
    os.kill(worker.pid, signal.SIGKILL)
    assert [message async for message in stream] == []
    with pytest.raises(WorkerLost):
        await worker.send(Broken("anyone?"))
    assert await worker.ended() == -signal.SIGKILL


async def test_kill_ends_a_worker_and_may_be_repeated(echoing):
    """Killing what has ended does nothing."""
    worker = LocalWorker(CONFIG)
    worker.start()
    worker.kill()
    assert await worker.ended() == -signal.SIGKILL
    worker.kill()


def talk(_connection, _config):
    """Runs in the child: prints in Python and, as libraries in C do, past it."""
    sys.stdout.write("from Python\n")
    sys.stdout.flush()
    os.write(2, b"from C\n" + b'{"event": "logged", "job": 3}\n' + b"\xff\n")


async def test_what_a_worker_prints_becomes_lines_of_the_log(monkeypatch, capsys):
    """Its own log lines come through as they are, the rest as ours, whatever its bytes."""
    monkeypatch.setattr(local, "_child", talk)
    worker = LocalWorker(CONFIG)
    with capture_logs() as told:
        worker.start()
        assert await worker.ended() == 0
    assert [line["text"] for line in told] == ["from Python", "from C", "\N{REPLACEMENT CHARACTER}"]
    assert capsys.readouterr().err == '{"event": "logged", "job": 3}\n'


def without_torch(connection, config):
    """Runs in the child: the worker as it is where its packages are damaged."""
    sys.modules["torch"] = None
    process.main(connection, config)


async def test_worker_whose_packages_are_missing_says_so(monkeypatch):
    """It is no silent death, and not the fault of a model."""
    monkeypatch.setattr(local, "_child", without_torch)
    worker = LocalWorker(CONFIG)
    worker.start()
    (broken,) = [message async for message in worker.messages()]
    assert broken.text.startswith("The worker's packages cannot be loaded: import of torch")
    assert await worker.ended() == 1


def test_worker_ends_with_its_program(tmp_path):
    """When the program is killed, the pipe closes and the worker process ends by itself."""
    script = tmp_path / "program.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio
            import os
            from core.dispatch.config import WorkerConfig
            from core.dispatch import local
            from core.worker.inbox import Inbox

            def idle(connection, config):
                Inbox(connection, on_lost=lambda: os._exit(1))
                connection.send("up")
                while True:
                    import time; time.sleep(60)

            async def main():
                worker = local.LocalWorker(WorkerConfig(storage_url="memory://"))
                worker.start()
                async for _ in worker.messages():
                    print(worker.pid, flush=True)

            local._child = idle
            if __name__ == "__main__":
                asyncio.run(main())
            """
        )
    )
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    program = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment
    )
    child = psutil.Process(int(program.stdout.readline()))
    program.kill()
    program.wait()
    program.stdout.close()
    child.wait(timeout=30)
    assert not child.is_running()
