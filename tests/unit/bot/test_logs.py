"""Logs: one JSON object a line, jobs named, nobody's words."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from bot import logs
from core.errors import StorageFault


@contextmanager
def configured() -> Iterator[None]:
    """Logs as the program has them; used inside a test, where stderr is the one that it reads."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("INFO")
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    written = captured.readouterr().err
    return [json.loads(line) for line in written.splitlines()]


def broken() -> None:
    """Raises a fault of ours, caused by somebody's words."""
    try:
        int("a secret prompt")
    except ValueError as inner:
        raise StorageFault("blob ab is missing") from inner


def test_every_line_is_json_with_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    """What is bound around a piece of work is on each of its lines."""
    with configured(), structlog.contextvars.bound_contextvars(job=12):
        structlog.get_logger("bot.delivery").info("delivered", kind="imagine")
    (line,) = lines(capsys)
    expected = {"event": "delivered", "job": 12, "kind": "imagine", "level": "info"}
    assert {name: line[name] for name in expected} == expected
    assert line["logger"] == "bot.delivery"
    assert str(line["timestamp"]).endswith("Z")


def test_the_libraries_speak_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Their information is left out, their warnings are kept."""
    with configured():
        logging.getLogger("discord.http").info("chatter")
        logging.getLogger("discord.http").warning("We are being rate limited: %s", 3)
    (line,) = lines(capsys)
    assert line["event"] == "We are being rate limited: 3"


def test_tokens_of_interactions_are_blotted_out(capsys: pytest.CaptureFixture[str]) -> None:
    """An address in a log line is no key to anything."""
    address = "https://discord.com/api/v10/webhooks/123/aW50ZXJhY3Rpb24/messages/@original"
    with configured():
        logging.getLogger("discord.http").warning("429 for %s", address)
        logging.getLogger("discord.http").warning("429 for /interactions/5/c2VjcmV0/callback?x=1")
    text = json.dumps(lines(capsys))
    assert "aW50ZXJhY3Rpb24" not in text
    assert "c2VjcmV0" not in text
    assert "/webhooks/123/" in text


def test_a_traceback_has_places_and_types_but_no_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An exception may quote what a person wrote; its message stays out, ours stays in."""
    with configured():
        try:
            broken()
        except StorageFault as error:
            structlog.get_logger("bot").error("fault", exc_info=error)
            logging.getLogger("discord").exception("Ignoring exception")
    for line in lines(capsys):
        assert line["error"] == "StorageFault: blob ab is missing ← ValueError"
        assert "secret" not in json.dumps(line)
        assert any("test_logs.py" in str(place) for place in line["traceback"])  # type: ignore[attr-defined]
