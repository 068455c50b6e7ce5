"""What the Dockerfile copies is what the program needs, and reaches the builder."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
STARTED = """
import asyncio, sys
import bot.service
from core.db import Database
asyncio.run(Database(f"sqlite+aiosqlite:///{sys.argv[1]}/atelier.db").start())
print(*{name.partition(".")[0] for name, module in sys.modules.items()
        if name.startswith(("bot", "core", "migrations"))
        and (module.__file__ or "").startswith(sys.argv[1])})
"""


def copied() -> list[list[str]]:
    """The names that each stage copies from the context."""
    stages: list[list[str]] = []
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        word, *arguments = line.split() or [""]
        if word == "FROM":
            stages.append([])
        elif word == "COPY" and not arguments[0].startswith("--from"):
            stages[-1].extend(arguments[:-1])
    return stages


def test_every_package_is_copied() -> None:
    """A package that pyproject.toml names and the image lacks is seen only in a container."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    *_, last = copied()
    assert {name.removesuffix("*") for name in packages} == {
        name for name in last if (ROOT / name).is_dir()
    }


def test_what_is_copied_and_nothing_else_reaches_the_builder() -> None:
    """.dockerignore leaves everything out and lets in again what the stages copy."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert let_in == {name for stage in copied() for name in stage}
    assert all((ROOT / name).exists() for name in let_in)


def test_the_copied_files_are_enough_to_start(tmp_path: Path) -> None:
    """Alone in a folder they import the whole service and make the database's tables."""
    *_, last = copied()
    for name in last:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
            )
    done = subprocess.run(
        [sys.executable, "-c", STARTED, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == {"bot", "core", "migrations"}
    assert (tmp_path / "atelier.db").exists()
