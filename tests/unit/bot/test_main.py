"""The command line: wrong settings are named, and health is told by a file."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.__main__ import main
from bot.health import alive
from bot.service import pulse, worker_config
from core.settings import load_settings
from tests.program import forked

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("ATELIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ATELIER_DATA_DIR", str(tmp_path / "data"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ATELIER_DEVICE", "toaster"),
        ("ATELIER_PLAYGROUND_PORT", "many"),
        ("ATELIER_DISCORD_API", "discord.com"),
    ],
)
def test_a_wrong_setting_is_named_and_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line with the variable."""
    monkeypatch.setenv(name, value)
    assert main(["run"]) == 2
    assert capsys.readouterr().err.startswith(f"{name}: ")


def ended(command: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """One of the commands in a process of its own, with these settings and no others."""
    named = {f"ATELIER_{name.upper()}": value for name, value in settings.items()}
    environment = {"PATH": os.environ["PATH"], "ATELIER_DATA_DIR": str(folder)} | named
    return subprocess.run(
        [sys.executable, "-m", "bot", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_token_is_named(tmp_path: Path) -> None:
    """`run` without a token says which variable it needs, before anything is loaded."""
    done = ended("run", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("ATELIER_DISCORD_TOKEN: is missing")


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Another program has the playground's port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = ended("demo", tmp_path, playground_port=str(other.getsockname()[1]))
    assert done.returncode == 2
    assert "ATELIER_PLAYGROUND_PORT: " in done.stderr


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("data_dir", "/proc", "cannot be written to"),
        ("data_dir", "/dev/null/data", "cannot be written to"),
        ("database_url", "nonsense", "is no SQLAlchemy URL"),
        ("database_url", "nosuch+driver://host/name", "is not installed"),
        ("database_url", "sqlite:///atelier.db", "is not async"),
        ("database_url", "sqlite+aiosqlite:////dev/null/atelier.db", "cannot be opened"),
        ("storage_url", "nosuch://bucket/blobs", "cannot be opened"),
        ("devise", "cpu", "Did you mean ATELIER_DEVICE?"),
    ],
)
def test_what_cannot_be_opened_is_named_and_refused(
    setting: str, value: str, said: str, tmp_path: Path
) -> None:
    """One line with the variable and what to do, no traceback, before the bot logs in."""
    settings = {"data_dir": tmp_path, "discord_token": "x", setting: value}
    assert forked("run", tmp_path / "stderr", **settings) == 2
    told = (tmp_path / "stderr").read_text()
    assert told.startswith(f"ATELIER_{setting.upper()}: ")
    assert said in told
    assert told.count("\n") == 1


def test_a_worker_that_can_never_start_ends_the_program(tmp_path: Path) -> None:
    """A device that no machine has: named once, exit code 2, and every line before it is JSON."""
    done = ended("demo", tmp_path, device="cuda:99", playground_port="0")
    assert done.returncode == 2
    *logged, said = done.stderr.splitlines()
    assert said.startswith("ATELIER_DEVICE: cuda:99 cannot be used")
    lost = [line for line in map(json.loads, logged) if line["event"] == "worker lost"]
    assert [line["loading"] for line in lost] == [True]


async def test_no_pulse_while_the_worker_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connected to Discord is not enough: a service that can do nothing is not healthy."""
    monkeypatch.setattr("bot.service.PULSE_S", 0.001)
    settings = load_settings(data_dir=tmp_path)
    client = SimpleNamespace(connected=asyncio.Event(), is_ready=lambda: True)
    client.connected.set()
    dispatcher = SimpleNamespace(able=False)
    beating = asyncio.create_task(pulse(client, dispatcher, settings, demo=False))  # type: ignore[arg-type]
    await asyncio.sleep(0.05)
    assert not alive(settings)
    dispatcher.able = True
    async with asyncio.timeout(10):
        while not alive(settings):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    beating.cancel()


def test_health_is_a_pulse_that_is_not_too_old(tmp_path: Path) -> None:
    """No file: dead. Touched just now: alive. An hour ago: dead."""
    settings = load_settings(data_dir=tmp_path)
    assert main(["healthcheck"]) == 1
    assert not alive(settings)
    (tmp_path / "pulse").touch()
    assert alive(settings)
    os.utime(tmp_path / "pulse", (time.time() - 3600,) * 2)
    assert not alive(settings)


def loaded(module: str, packages: tuple[str, ...]) -> set[str]:
    """Which of the packages a fresh interpreter loads with the module."""
    script = f"import {module}, sys; print(*set({packages}) & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_the_bot_process_does_not_load_torch() -> None:
    """Everything beside the worker is imported in a fresh interpreter; torch stays out."""
    assert not loaded("bot.service", ("torch", "diffusers"))


def test_a_health_check_loads_the_settings_and_little_else() -> None:
    """It runs twice a minute beside the service, on a processor that may be busy."""
    assert not loaded("bot.__main__", ("aiohttp", "alembic", "discord", "sqlalchemy", "structlog"))


def test_every_setting_of_the_worker_reaches_it() -> None:
    """What is set for the worker is in what it is started with, under the same name."""
    given = {
        "model": "some/model",
        "speech_model": "small",
        "device": "cuda:1",
        "dtype": "float16",
        "threads": 3,
        "training_share": 0.3,
    }
    config = worker_config(load_settings(**given))
    assert {name: getattr(config, name) for name in given} == given
