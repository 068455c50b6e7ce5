"""Run one benchmark by name, or all: `python -m tests.bench [--tiny] [NAME …]`.

`--tiny` runs the same code in seconds, for those that have such a way; its figures mean nothing.
"""

import asyncio
import importlib
import pkgutil
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import psutil

NAMES = sorted(
    module.name
    for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    if not module.name.startswith("_")
)


def machine() -> str:
    """One line on the machine and the versions that matter."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count()
    memory = psutil.virtual_memory().total // 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers", "discord.py"))
    return f"{platform.machine()}, {cores} cores, {memory} GiB, {packages}"


def main() -> None:
    """Run what was asked for."""
    tiny = {"tiny": True} if "--tiny" in sys.argv else {}
    chosen = [name for name in sys.argv[1:] if name != "--tiny"] or NAMES
    unknown = set(chosen) - set(NAMES)
    if unknown:
        sys.exit(f"No benchmark named {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}.")
    print(f"Machine: {machine()}\n")
    for name in chosen:
        print(f"## {name}\n")
        asyncio.run(importlib.import_module(f"tests.bench.{name}").run(**tiny))


if __name__ == "__main__":
    main()
