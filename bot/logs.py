"""The bot's logs: as `core.logs` writes them, with what Discord says about an error."""

import discord

from core import logs


def configure(level: str) -> None:
    """Send everything to stderr as one JSON object a line."""
    logs.configure(level, naming=_name)


def _name(error: BaseException) -> str:
    if isinstance(error, discord.HTTPException):
        return f"{type(error).__name__}: status {error.status}, code {error.code}"
    return logs.name_of(error)
