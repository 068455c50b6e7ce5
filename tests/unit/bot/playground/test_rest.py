"""The REST border: whatever comes in, an answer of Discord's kind goes out."""

import json
from typing import Any

import aiohttp
import pytest

from bot.playground import problems
from bot.playground.rest import Route
from bot.playground.schema import Schema
from bot.playground.server import Playground
from tests.person import Control
from tests.unit.bot.playground.test_messages import Rest, channel_of
from tests.unit.bot.playground.testbot import TestBot

BODIES: list[Any] = [
    None,
    [],
    {},
    "text",
    7,
    [None],
    {"type": 4, "data": None},
    {"type": 7},
    {"type": 8, "data": {}},
    {"type": 9, "data": {"custom_id": "c", "title": "t", "components": []}},
    {"content": None, "attachments": None, "components": None, "embeds": None, "flags": None},
    {"content": "x", "attachments": [{"id": 3, "filename": "a"}]},
    {"content": "x", "allowed_mentions": {"parse": ["users"], "users": [None]}},
    {"embeds": [{"fields": [{}]}], "components": [{"type": 1}]},
    {"components": [{"type": 99}]},
    {"name": "a", "options": [{}]},
    {"recipient_id": -1},
    {"messages": ["x"]},
]


def path_of(route: Route, playground: Playground, token: str) -> str:
    """The route's path with ids that exist."""
    return route.path.format(
        application_id=playground.application.id,
        webhook_id=playground.application.id,
        channel_id=channel_of(playground, "general"),
        guild_id=playground.guilds[0].id,
        user_id=playground.guilds[0].owner_id,
        message_id="1",
        command_id="1",
        interaction_id="1",
        interaction_token=token,
        webhook_token=token,
        emoji_name="x",
    )


async def test_no_body_breaks_a_route(
    bot: TestBot, playground: Playground, control: Control, api: aiohttp.ClientSession
) -> None:
    """Every route answers every odd body with JSON and never with a server error."""
    playground.limits.global_per_s = playground.limits.messages_per_5_s = 1e6
    await control.person("owl", "general").run("ping", {"word": "a"})
    [path] = [one["path"] for one in await control.get("requests", path="/callback")]
    for route in playground._bot_routes():
        url = playground.api + path_of(route, playground, path.split("/")[3])
        for body in BODIES if route.method != "GET" else [None]:
            async with api.request(route.method, url, json=body) as response:
                assert response.status < 500, (route, body, await response.text())
                if response.status != 204:
                    assert isinstance(json.loads(await response.read()), dict | list)
    violations = playground.ledger.violations()
    assert [one["detail"] for one in violations if one["kind"] == "answer_schema"] == []
    assert [one for one in violations if one["kind"] == "request_schema"]


async def test_every_route_is_one_of_discords(playground: Playground, schema: Schema) -> None:
    """The playground serves nothing that the description does not have."""
    for route in playground._bot_routes():
        assert schema.knows(route.method, route.path), route


@pytest.mark.parametrize("channel", ["abc", "-1", "١"])
async def test_ids_in_paths_are_snowflakes(
    playground: Playground, api: aiohttp.ClientSession, channel: str
) -> None:
    """What is no number is refused as a form, not looked up."""
    status, error = await Rest(playground, api).call("GET", f"/channels/{channel}/messages")
    assert (status, error["code"]) == (400, 50035)
    assert playground.ledger.violations()[0]["kind"] == "request_schema"


async def test_multipart_needs_no_json(playground: Playground, api: aiohttp.ClientSession) -> None:
    """A form with a file alone is a message with a file."""
    url = f"{playground.api}/channels/{channel_of(playground, 'general')}/messages"
    form = aiohttp.FormData()
    form.add_field("files[0]", b"x", filename="a.txt")
    form.add_field("other", "ignored")
    async with api.post(url, data=form) as response:
        assert [one["filename"] for one in (await response.json())["attachments"]] == ["a.txt"]


async def test_requests_are_listed(playground: Playground, api: aiohttp.ClientSession) -> None:
    """By method, part of the path and number."""
    rest = Rest(playground, api)
    await rest.call("GET", "/users/@me")
    await rest.call("GET", "/gateway")
    first, second = playground.ledger.requests()
    assert (first["path"], second["path"]) == ("/users/@me", "/gateway")
    assert playground.ledger.requests(since=first["seq"]) == [second]
    assert playground.ledger.requests(path="gate") == [second]
    assert playground.ledger.requests(method="POST") == []


async def test_refusals_are_checked_too(
    playground: Playground, api: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real and ordered 429s and unknown routes, made wrong here: each is noticed."""
    monkeypatch.setattr("bot.playground.rest.RATE_LIMITED", 7)
    wrong = problems.ApiError(404, 0, "no code")
    del wrong.body["code"]
    monkeypatch.setattr("bot.playground.problems.not_found", lambda: wrong)
    rest = Rest(playground, api)
    playground.faults.order({"kind": "rate_limit"})
    assert (await rest.call("GET", "/users/@me"))[0] == 429
    playground.limits.global_per_s = 0
    playground.clock.advance(1)
    assert (await rest.call("GET", "/users/@me"))[0] == 429
    assert (await rest.call("GET", "/nowhere"))[0] == 404
    found = playground.ledger.violations()
    assert [one["status"] for one in found if one["kind"] == "answer_schema"] == [429, 429, 404]
