"""The arrows between packages, read off the import statements themselves."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDARD = set(sys.stdlib_module_names)

# package → what it may import besides the standard library, by prefix; the longest key wins
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "core.domain": ("core.domain", "core.errors", "pydantic"),
    "core.errors": (),
    "core.settings": ("core.errors", "pydantic", "pydantic_settings"),
    "core.logs": ("core.errors", "structlog"),
    "core.storage": ("core.errors", "fsspec"),
    "core.db": (
        "core.db",
        "core.domain",
        "core.errors",
        "aiosqlite",
        "alembic",
        "migrations",
        "sqlalchemy",
    ),
    "core.queue": ("core.queue", "core.db", "core.domain", "core.errors", "sqlalchemy"),
    "core.dispatch.messages": ("core.domain",),
    "core.dispatch": (
        "core.dispatch",
        "core.domain",
        "core.errors",
        "core.queue",
        "core.services.results",  # the one use case that writes down what comes back
        "structlog",
    ),
    # What the spawned process runs; the module itself does not import torch.
    "core.dispatch.local": ("core.dispatch", "core.errors", "core.logs", "core.worker.process"),
}
# package → prefixes that it must never import
NEVER: dict[str, tuple[str, ...]] = {
    "core": ("bot", "discord"),
    "core.worker": ("core.db", "core.queue", "core.services", "core.settings", "sqlalchemy"),
    "core.services": ("torch", "diffusers", "transformers", "core.worker"),
    "bot": ("torch", "diffusers", "transformers", "peft", "faster_whisper", "sqlalchemy"),
    "bot.commands": ("core.db", "core.queue", "core.dispatch", "core.worker"),
    "bot.ui": ("core.db", "core.queue", "core.dispatch", "core.worker"),
    "bot.playground": ("core", "discord"),
}


def modules() -> Iterator[tuple[str, Path]]:
    for top in ("bot", "core"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, those inside functions too, type-only ones not."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=str)
def test_imports_follow_the_arrows(name: str, path: Path) -> None:
    """A module imports only what its package may know."""
    allowed = max((key for key in MAY_IMPORT if under(name, key)), key=len, default=None)
    for target in imports(path):
        if allowed is not None and target.split(".")[0] not in STANDARD:
            assert any(under(target, prefix) for prefix in MAY_IMPORT[allowed]), (
                f"{name} imports {target}"
            )
        for package, forbidden in NEVER.items():
            if under(name, package):
                assert not any(under(target, prefix) for prefix in forbidden), (
                    f"{name} imports {target}"
                )


def test_the_environment_is_read_in_one_place() -> None:
    """Only `core.settings` reads the environment."""
    readers = [
        name
        for name, path in modules()
        if any(word in path.read_text() for word in ("os.environ[", "environ.get(", "os.getenv"))
    ]
    assert readers == []  # pydantic-settings reads for core.settings


def test_the_bot_never_loads_torch() -> None:
    """Importing every module of the bot in a fresh interpreter leaves torch out."""
    names = [name for name, _ in modules() if under(name, "bot") and "tests" not in name]
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'faster_whisper'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
