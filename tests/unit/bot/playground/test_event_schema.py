"""The OpenAPI description at work on gateway events."""

from pathlib import Path
from typing import Any

import pytest

from bot.playground.event_schema import check_event
from bot.playground.schema import Schema
from bot.playground.server import Playground
from bot.playground.views import Views
from tests.person import Control
from tests.unit.bot.playground.testbot import TestBot

USER: dict[str, Any] = {
    "id": "12",
    "username": "owl",
    "avatar": None,
    "discriminator": "0",
    "public_flags": 0,
    "flags": 0,
    "global_name": None,
    "primary_guild": None,
}


def test_objects_are_checked_wherever_they_lie(schema: Schema) -> None:
    """What is wrong is named by its path; parts that are not there are not missed."""
    assert check_event(schema, "INTERACTION_CREATE", {"data": {"resolved": {}}}) == []
    assert check_event(schema, "INTERACTION_CREATE", {"user": USER}) == []
    bad = {"data": {"resolved": {"users": {"12": USER, "13": USER | {"id": 13}}}}}
    (where, _), *_ = check_event(schema, "INTERACTION_CREATE", bad)
    assert where.startswith("data.resolved.users.13")
    assert check_event(schema, "GUILD_MEMBERS_CHUNK", {"members": [{}]})
    assert check_event(schema, "RESUMED", {"_trace": []}) == []


async def test_events_of_every_kind_match_the_description(
    bot: TestBot, playground: Playground, control: Control, picture: Path
) -> None:
    """A command, a message with a file, a reaction and a changed member leave no violation."""
    owl = control.person("owl", "general")
    await owl.run("ping", {"word": "a"})
    await owl.say("look", [picture])
    await control.person("owl", "quiet").say("so quiet")
    assert playground.ledger.violations() == []


async def test_a_wrong_event_is_a_violation(
    bot: TestBot, playground: Playground, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The playground notices that it has sent what Discord would not."""
    whole = Views.message
    monkeypatch.setattr(Views, "message", lambda *args, **more: whole(*args, **more) | {"tts": 0})
    await control.person("owl", "general").say("look")
    (violation,) = playground.ledger.violations()
    assert violation["kind"] == "event_schema"
    assert violation["detail"].startswith("MESSAGE_CREATE ")
