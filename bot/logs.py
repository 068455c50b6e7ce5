"""Logs: JSON lines on stderr, with the job's id where there is one, without user text."""

import logging
import re
import sys
import traceback
from typing import Any

import discord
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.errors import Fault

# An interaction's token lets anyone answer in the bot's name for 15 minutes.
_TOKENS = re.compile(r"(/(?:webhooks|interactions)/\d+/)[^/\s?]+")
_NOISY = ("discord", "aiohttp", "sqlalchemy", "alembic", "asyncio", "fsspec", "PIL")


def configure(level: str) -> None:
    """Send everything, the libraries' records too, to stderr as one JSON object a line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        explain,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def explain(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An exception as its types and places.

    Its message is kept only where it is ours or Discord's: others may quote what a person wrote.
    """
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = " ← ".join(_causes(error))
        event["traceback"] = _places(error)
    return event


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Interaction tokens are blotted out of addresses."""
    event["event"] = _TOKENS.sub(r"\1…", str(event.get("event", "")))
    return event


def _causes(error: BaseException) -> list[str]:
    named = [_name(error)]
    cause = error.__cause__ or error.__context__
    return named + (_causes(cause) if cause is not None else [])


def _name(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, discord.HTTPException):
        return f"{kind}: status {error.status}, code {error.code}"
    if isinstance(error, Fault):
        return f"{kind}: {error}"
    return kind


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _formatter(shared: list[Processor]) -> logging.Formatter:
    def drop_record(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.pop("_record", None)
        event.pop("_from_structlog", None)
        return event

    processors: list[Any] = [drop_record, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*shared], processors=processors)
