"""Logs of every process: JSON lines on stderr, each with its job, without what people wrote."""

import asyncio
import io
import json
import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.errors import Fault

OURS = ("bot", "core", "__main__")
"""Whose information is kept; of everybody else only warnings are."""
# An interaction's token lets anyone answer in the bot's name for 15 minutes.
_TOKENS = re.compile(r"(/(?:webhooks|interactions)/\d+/)[^/\s?]+")

log = structlog.get_logger(__name__)


def name_of(error: BaseException) -> str:
    """Its type; a message is kept only where it is ours, others may quote what a person wrote."""
    kind = type(error).__name__
    return f"{kind}: {error}" if isinstance(error, Fault) else kind


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, those that it is a group of, and what caused it, the newest first."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from causes(one)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from causes(cause)


def places(error: BaseException) -> list[str]:
    """The frames of an error and of its causes, each under the name of its type."""
    lines = []
    for one in causes(error):
        frames = traceback.extract_tb(one.__traceback__)
        lines.append(type(one).__name__)
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return lines


def configure(level: str, *, naming: Callable[[BaseException], str] = name_of) -> None:
    """Send all that a process has to say to stderr as one JSON object a line.

    That is the libraries' records, warnings, and errors that nobody caught. `naming` says what may
    be told of an error.
    """

    def explain(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """An exception as its types and places."""
        if (error := _error_in(event.pop("exc_info", None))) is not None:
            event["error"] = " ← ".join(naming(one) for one in causes(error))
            event["traceback"] = places(error)
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        explain,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _handle(shared, level)
    warnings.showwarning = _warned
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _report(args.exc_value)
    sys.unraisablehook = lambda args: _report(args.exc_value)


def in_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An event loop's exception handler: asyncio's own puts the error's message into its text."""
    error, task = context.get("exception"), context.get("task") or context.get("future")
    name = task.get_name() if isinstance(task, asyncio.Task) else None
    event = context["message"] if error is None else "error in the event loop"
    log.error(event, task=name, exc_info=error)


def relay(line: str) -> None:
    """Print what another process printed: its log lines as they are, other lines inside ours."""
    try:
        is_ours = isinstance(json.loads(line), dict)
    except ValueError:
        is_ours = False
    if is_ours:
        sys.stderr.write(f"{line}\n")
    elif line.strip():
        log.warning("printed", text=line)


class Printed(io.TextIOBase):
    """In the place of stdout or stderr: what libraries print there becomes log lines.

    They carry the job during which they were printed.
    """

    def __init__(self) -> None:
        self._begun = ""

    def write(self, text: str) -> int:
        """Log every line that is whole now."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                log.warning("printed", text=line)
        return len(text)


def _handle(shared: list[Processor], level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in OURS:
        logging.getLogger(name).setLevel(level)


def _formatter(shared: list[Processor]) -> logging.Formatter:
    def drop_record(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.pop("_record", None)
        event.pop("_from_structlog", None)
        return event

    processors: list[Any] = [drop_record, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*shared], processors=processors)


def _error_in(info: object) -> BaseException | None:
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    return error if isinstance(error, BaseException) else None


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Interaction tokens are blotted out of addresses."""
    event["event"] = _TOKENS.sub(r"\1…", str(event.get("event", "")))
    return event


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning by its kind and place."""
    log.warning("python warning", category=category.__name__, place=f"{filename}:{lineno}")


def _uncaught(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, error.__traceback__)
    else:
        _report(error)


def _report(error: BaseException | None) -> None:
    log.critical("nobody caught an error", exc_info=error)
