"""Atelier's own programs as subprocesses, for end-to-end tests and benchmarks."""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, chdir
from pathlib import Path

import aiohttp
import psutil

from tests.person import Control

ROOT = Path(__file__).parents[1]
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60


def forked(command: str, log: Path, **settings: object) -> int | None:
    """The exit code of `python -m bot …` in a process of its own, whose stderr goes into `log`.

    It is forked from one that has imported the program, which takes longer than to refuse a
    setting.
    """
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["bot.__main__"])
    named = {f"ATELIER_{name.upper()}": str(value) for name, value in settings.items()}
    process = server.Process(target=_bot, args=(command, log, named))
    with chdir(ROOT):  # from where what is to be imported is found
        process.start()
    process.join()
    return process.exitcode


def _bot(command: str, log: Path, settings: dict[str, str]) -> None:
    """What the forked process runs: in the environment that it is given, and no other."""
    from bot.__main__ import main

    os.environ.clear()
    os.environ.update(settings)
    os.chdir(ROOT)
    with log.open("wb") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    sys.exit(main([command]))


def free_port() -> int:
    """A port on this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """One `python -m …` process, its log in a file, its own settings only."""

    def __init__(self, *arguments: str, log: Path, **settings: object) -> None:
        self.arguments = arguments
        self.log = log
        self.settings = {f"ATELIER_{name.upper()}": str(value) for name, value in settings.items()}

    async def start(self) -> None:
        """Start the process."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ATELIER_")}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self.arguments,
                cwd=ROOT,
                env=clean | self.settings,
                stdout=log,
                stderr=log,
            )

    def family(self) -> list[psutil.Process]:
        """The process and all below it that still run."""
        try:
            top = psutil.Process(self.process.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    async def kill(self) -> list[psutil.Process]:
        """kill -9 the process itself; its children must notice by themselves. They are returned."""
        family = self.family()
        self.process.kill()
        await self.process.wait()
        return family[1:]

    async def stop(self) -> int:
        """SIGTERM; the exit code, once everything has ended.

        Raises:
            TimeoutError: it did not drain in time.
        """
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT_S)

    def text(self) -> str:
        """What it has logged."""
        return self.log.read_text(errors="replace")


async def all_gone(processes: list[psutil.Process], timeout_s: float = 10) -> bool:
    """Whether every process ends in time, each by itself."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=timeout_s)
    return not alive


async def until_online(control: Control, program: Program) -> None:
    """Wait until the playground answers and the bot is connected with its commands registered.

    Raises:
        RuntimeError: the program ended, or took too long; with the end of its log.
    """
    for _ in range(START_TIMEOUT_S * 5):
        if program.process.returncode is not None:
            break
        try:
            state = await control.get("state")
            if state["online"] and await control.get("commands", user="owl", channel="general"):
                return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.2)
    raise RuntimeError(f"{program.arguments} did not come up:\n{program.text()[-3000:]}")


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[Program]:
    """Start a program and stop it at the end, whatever happened between."""
    await program.start()
    try:
        yield program
    finally:
        family = program.family()
        try:
            await program.stop()
        finally:
            for process in family:
                if process.is_running():
                    process.kill()


@asynccontextmanager
async def demo(folder: Path, **settings: object) -> AsyncIterator[tuple[Program, Control]]:
    """`python -m bot demo` with its data in `folder`, ready for people."""
    port = free_port()
    program = Program(
        "bot", "demo", log=folder / "demo.log", data_dir=folder, playground_port=port, **settings
    )
    async with running(program), Control(f"http://127.0.0.1:{port}") as control:
        await until_online(control, program)
        yield program, control
