"""Logs: one JSON object a line, jobs named, nobody's words."""

import asyncio
import gc
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from bot import logs
from core.errors import StorageFault
from core.logs import OURS, Printed, in_loop, relay


@contextmanager
def configured() -> Iterator[None]:
    """Logs as the program has them; used inside a test, where stderr is the one that it reads."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with pytest.MonkeyPatch.context() as hooks:
        for place, name in ((sys, "excepthook"), (threading, "excepthook")):
            hooks.setattr(place, name, getattr(place, name))
        hooks.setattr(sys, "unraisablehook", sys.unraisablehook)
        logs.configure("INFO")
        yield
    root.handlers[:] = before
    for name in ("", *OURS):
        logging.getLogger(name).setLevel(level if not name else logging.NOTSET)
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


def test_causes_and_groups_are_told_with_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    """Every error in a chain or a group has its type and where it came from."""
    with configured():
        try:
            broken()
        except StorageFault as error:
            group = ExceptionGroup("a secret group", [error])
            structlog.get_logger("bot").error("fault", exc_info=group)
    (line,) = lines(capsys)
    assert line["error"] == "ExceptionGroup ← StorageFault: blob ab is missing ← ValueError"
    assert isinstance(line["traceback"], list)
    kinds = [entry for entry in line["traceback"] if " " not in entry]
    assert kinds == ["ExceptionGroup", "StorageFault", "ValueError"]
    assert sum(entry.endswith(" broken") for entry in line["traceback"]) == 2
    assert "secret" not in json.dumps(line)


def test_what_a_task_died_of_is_told_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """asyncio would write the error's message into the text of its own line."""

    async def forgotten() -> None:
        asyncio.get_running_loop().set_exception_handler(in_loop)
        task = asyncio.create_task(asyncio.to_thread(broken), name="drawing")
        await asyncio.wait([task])
        asyncio.get_running_loop().call_soon(int, "a secret call")

    with configured():
        asyncio.run(forgotten())
        gc.collect()
    found = {line["task"]: line for line in lines(capsys)}
    assert found["drawing"]["error"] == "StorageFault: blob ab is missing ← ValueError"
    assert found[None]["error"] == "ValueError"
    assert "secret" not in json.dumps(list(found.values()))


def test_what_nobody_caught_is_json_without_words(capsys: pytest.CaptureFixture[str]) -> None:
    """In the main thread, in another, and where an error cannot be raised."""

    class Stubborn:
        def __del__(self) -> None:
            broken()

    with configured():
        thread = threading.Thread(target=broken)
        thread.start()
        thread.join()
        Stubborn()
        gc.collect()
        try:
            broken()
        except StorageFault as error:
            sys.excepthook(type(error), error, error.__traceback__)
    told = lines(capsys)
    assert [line["error"] for line in told] == ["StorageFault: blob ab is missing ← ValueError"] * 3
    assert "secret" not in json.dumps(told)


def test_warnings_are_json_with_the_job_and_without_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Kind and place tell a developer which it was; its text may quote a prompt."""
    with warnings.catch_warnings(), configured():
        warnings.simplefilter("always")
        with structlog.contextvars.bound_contextvars(job=12):
            warnings.warn("a secret prompt is too long", UserWarning, stacklevel=1)
    (line,) = lines(capsys)
    assert (line["category"], line["job"]) == ("UserWarning", 12)
    assert "test_logs.py:" in str(line["place"])
    assert "secret" not in json.dumps(line)


def test_what_is_printed_becomes_lines_with_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    """A library that prints does not break the format, in pieces or with empty lines."""
    with configured(), structlog.contextvars.bound_contextvars(job=12):
        printed = Printed()
        print("compiling", "kernels\n", file=printed)
        print("half", end="", file=printed)
    (line,) = lines(capsys)
    assert (line["text"], line["job"]) == ("compiling kernels", 12)


def test_lines_of_another_process_pass_through(capsys: pytest.CaptureFixture[str]) -> None:
    """Its log lines stay as they are; whatever else it prints is put into one of ours."""
    with configured():
        relay('{"event": "theirs"}')
        relay("[ctranslate2] [warning] slow")
        relay("17")
        relay("")
    assert [(line["event"], line.get("text")) for line in lines(capsys)] == [
        ("theirs", None),
        ("printed", "[ctranslate2] [warning] slow"),
        ("printed", "17"),
    ]
