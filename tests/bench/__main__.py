"""Run one benchmark by name, or all: `python -m tests.bench [--tiny] [OPTIONS] [NAME …]`.

`--tiny` runs the same code in seconds, for those that have such a way; its figures mean nothing.
"""

import argparse
import asyncio
import importlib
import inspect
import pkgutil
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

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


def read(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Which benchmarks, and the options that were given."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    left_out: Mapping[str, Any] = {"default": argparse.SUPPRESS}
    parser.add_argument("--tiny", action="store_true", **left_out, help="a figure means nothing")
    parser.add_argument("--concepts", type=int, **left_out, help="how many of the fourteen")
    parser.add_argument("--seeds", type=int, **left_out, help="images of a prompt")
    parser.add_argument("--steps", type=int, **left_out, help="of a training; 0: the recipe's own")
    parser.add_argument("--preset", **left_out, help="how concepts are taught; else as usual")
    parser.add_argument("--part", **left_out, help="2/3: the second of three processes' work")
    parser.add_argument("--model", **left_out, help="a folder or id of a model; else the embedded")
    parser.add_argument(
        "--device", **left_out, help="cpu, cuda or mps; the embedded model's is cpu"
    )
    parser.add_argument("--dtype", **left_out, help="float32, bfloat16 or float16")
    given = vars(parser.parse_args(arguments))
    names = given.pop("names") or NAMES
    unknown = set(names) - set(NAMES)
    if unknown:
        parser.error(f"No benchmark named {', '.join(sorted(unknown))}. See --help.")
    return names, given


def main() -> None:
    """Run what was asked for."""
    names, given = read(sys.argv[1:])
    print(f"Machine: {machine()}\n")
    for name in names:
        print(f"## {name}\n")
        run = importlib.import_module(f"tests.bench.{name}").run
        known = {key: given[key] for key in given if key in inspect.signature(run).parameters}
        if known != given and len(names) == 1:
            sys.exit(f"{name} has no --{', --'.join(given.keys() - known.keys())}.")
        asyncio.run(run(**known))


if __name__ == "__main__":
    main()
