"""The command line: wrong settings are named, and health is told by a file."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.__main__ import alive, main, worker_config
from core.settings import load_settings

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


def test_a_missing_token_is_named(tmp_path: Path) -> None:
    """`run` without a token says which variable it needs, before anything is loaded."""
    environment = {"PATH": os.environ["PATH"], "ATELIER_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("ATELIER_DISCORD_TOKEN: is missing")


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Another program has the playground's port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        environment = {
            "PATH": os.environ["PATH"],
            "ATELIER_DATA_DIR": str(tmp_path),
            "ATELIER_PLAYGROUND_PORT": str(other.getsockname()[1]),
        }
        done = subprocess.run(
            [sys.executable, "-m", "bot", "demo"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "ATELIER_PLAYGROUND_PORT: " in done.stderr


def test_health_is_a_pulse_that_is_not_too_old(tmp_path: Path) -> None:
    """No file: dead. Touched just now: alive. An hour ago: dead."""
    settings = load_settings(data_dir=tmp_path)
    assert main(["healthcheck"]) == 1
    assert not alive(settings)
    (tmp_path / "pulse").touch()
    assert alive(settings)
    os.utime(tmp_path / "pulse", (time.time() - 3600,) * 2)
    assert not alive(settings)


def test_the_bot_process_does_not_load_torch() -> None:
    """The whole command line is imported in a fresh interpreter; torch stays out."""
    script = (
        "import bot.__main__, sys; sys.exit(any(m in sys.modules for m in ('torch', 'diffusers')))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert done.returncode == 0


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
