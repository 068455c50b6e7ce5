"""The rules beyond the OpenAPI description: as functions, and as violations over HTTP."""

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from bot.playground.limits import choices_rules, message_rules, modal_rules, voice_rules
from bot.playground.server import Playground
from bot.playground.world import COMPONENTS_V2, VOICE
from tests.unit.bot.playground.test_messages import Rest, channel_of

Json = dict[str, Any]


def button(custom_id: str | None, **more: Any) -> Json:
    """A button."""
    return {"type": 2, "style": 1, "label": "press", "custom_id": custom_id, **more}


def row(*children: Json) -> Json:
    """An action row."""
    return {"type": 1, "components": list(children)}


def select(*values: str, **more: Any) -> Json:
    """A string select."""
    options = [{"label": one, "value": one} for one in values]
    return {"type": 3, "custom_id": "s", "options": options, **more}


def text(content: str) -> Json:
    """A text display, which needs components V2."""
    return {"type": 10, "content": content}


MESSAGES: dict[str, tuple[Json, int, str]] = {
    "long content": ({"content": "x" * 2001}, 0, "2000 or fewer"),
    "embeds too long together": (
        {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
        0,
        "maximum size of 6000",
    ),
    "embed fields count": (
        {"embeds": [{"title": "x" * 6, "fields": [{"name": "n", "value": "v" * 5994}]}]},
        0,
        "maximum size of 6000",
    ),
    "six rows": ({"components": [row(button(str(n))) for n in range(6)]}, 0, "5 or fewer"),
    "same custom_id": ({"components": [row(button("a"), button("a"))]}, 0, "duplicated: a"),
    "button without custom_id": ({"components": [row(button(None))]}, 0, "custom id is required"),
    "button without a face": (
        {"components": [row({"type": 2, "style": 1, "custom_id": "a"})]},
        0,
        "label or an emoji",
    ),
    "link with custom_id": (
        {"components": [row(button("a", style=5, url="http://x.org"))]},
        0,
        "no custom_id",
    ),
    "select beside a button": ({"components": [row(select("a"), button("b"))]}, 0, "stands alone"),
    "select chooses too many": (
        {"components": [row(select("a", max_values=2))]},
        0,
        "number of options",
    ),
    "select upside down": (
        {"components": [row(select("a", "b", min_values=2, max_values=1))]},
        0,
        "above max_values",
    ),
    "select value twice": ({"components": [row(select("a", "a"))]}, 0, "already used"),
    "unknown upload": (
        {"embeds": [{"image": {"url": "attachment://gone.png"}}]},
        0,
        "not found in upload: gone.png",
    ),
    "V2 without its flag": ({"components": [text("x")]}, 0, "IS_COMPONENTS_V2"),
    "V2 with content": (
        {"content": "x", "components": [text("x")]},
        COMPONENTS_V2,
        "'content' field cannot",
    ),
    "V2 with embeds": (
        {"embeds": [{"title": "x"}], "components": [text("x")]},
        COMPONENTS_V2,
        "'embeds' field cannot",
    ),
    "V2 with too many": (
        {"components": [{"type": 17, "components": [text("x")] * 40}]},
        COMPONENTS_V2,
        "exceeds 40",
    ),
    "V2 too long": ({"components": [text("x" * 2001)] * 2}, COMPONENTS_V2, "4000 characters"),
}


def complaints(body: Json, flags: int, names: set[str] = frozenset(), attachments: int = 0) -> str:
    """What is wrong with a message, in one text."""
    rules = message_rules(body, flags=flags, names=set(names), attachments=attachments)
    return " | ".join(what for _, what in rules)


@pytest.mark.parametrize("name", MESSAGES)
def test_each_rule_of_messages_is_kept(name: str) -> None:
    """A message that breaks one rule is told which."""
    body, flags, complaint = MESSAGES[name]
    assert complaint in complaints(body, flags)


def test_messages_at_the_limits_pass() -> None:
    """Exactly 2000, 6000, five rows of five buttons, ten files and 40 components are fine."""
    rows = [row(*(button(f"{r}{n}") for n in range(5))) for r in range(5)]
    embeds = [{"description": "x" * 4096}, {"description": "x" * 1904}]
    body = {"content": "x" * 2000, "embeds": embeds, "components": rows}
    assert complaints(body, 0, attachments=10) == ""
    assert "10 or fewer" in complaints(body, 0, attachments=11)
    container = {"type": 17, "components": [text("x")] * 39}
    assert complaints({"components": [container]}, COMPONENTS_V2) == ""
    shown = {"embeds": [{"image": {"url": "attachment://a.png"}}]}
    assert complaints(shown, 0, {"a.png"}) == ""


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"content": "x"}, "additional content"),
        ({}, "single audio attachment"),
        ({"attachments": [{"id": "0"}]}, "metadata"),
    ],
)
def test_voice_messages_are_a_sound_and_nothing_else(body: Json, complaint: str) -> None:
    """A voice message has one file with length and waveform, and no text."""
    assert complaint in " ".join(what for _, what in voice_rules(body, VOICE))
    assert list(voice_rules(body, 0)) == []


def test_modals_have_five_parts_with_names_of_their_own() -> None:
    """More than five parts, and the same custom_id twice, are refused."""
    label = {"type": 18, "label": "l", "component": {"type": 4, "style": 1, "custom_id": "a"}}
    assert list(modal_rules({"components": [label]})) == []
    broken = " ".join(what for _, what in modal_rules({"components": [label] * 6}))
    assert "between 1 and 5" in broken
    assert "duplicated: a" in broken


@pytest.mark.parametrize(
    ("value", "kind", "wrong"),
    [
        ("a", 3, False),
        (1, 4, False),
        (1.5, 10, False),
        (1, 3, True),
        ("", 3, True),
        (True, 4, True),
    ],
)
def test_choices_fit_their_option(value: Any, kind: int, wrong: bool) -> None:
    """Choices of text are 1 to 100 characters, those of numbers are numbers."""
    assert bool(list(choices_rules([{"name": "n", "value": value}], kind))) == wrong


@pytest.fixture
def rest(playground: Playground, api: aiohttp.ClientSession) -> Iterator[Rest]:
    """The bot's REST calls."""
    return Rest(playground, api)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"content": "x" * 2001}, "limit"),
        ({"content": 5}, "request_schema"),
        ({"content": "x", "nonce": "n" * 26}, "request_schema"),
        ({"embeds": [{"title": "x" * 257}]}, "request_schema"),
        ({"components": [row(button("a" * 101))]}, "request_schema"),
        ({"content": "x", "attachments": [{"id": "0"}]}, "limit"),
    ],
)
async def test_a_broken_rule_is_refused_and_written_down(rest: Rest, body: Json, kind: str) -> None:
    """The bot gets 400 / 50035 with the field, and the violations name the route."""
    path = f"/channels/{channel_of(rest.playground, 'general')}/messages"
    status, error = await rest.call("POST", path, body)
    assert (status, error["code"]) == (400, 50035)
    assert error["errors"]
    found = rest.playground.ledger.violations()
    assert {one["kind"] for one in found} == {kind}
    assert found[0]["path"] == "/channels/{channel_id}/messages"
    rest.playground.ledger.forget_violations()
    assert rest.playground.ledger.violations() == []


async def test_too_many_and_too_large_files(
    playground: Playground, api: aiohttp.ClientSession
) -> None:
    """Eleven files are refused as a form, a large file and a large request with 413 / 40005."""
    url = f"{playground.api}/channels/{channel_of(playground, 'general')}/messages"

    async def post(count: int, size: int) -> tuple[int, int]:
        form = aiohttp.FormData(quote_fields=False)
        for number in range(count):
            form.add_field(f"files[{number}]", b"x" * size, filename=f"{number}.bin")
        async with api.post(url, data=form) as response:
            return response.status, (await response.json()).get("code", 0)

    playground.limits.attachment_max_bytes = 1000
    playground.limits.request_max_bytes = 20_000
    assert await post(10, 1000) == (200, 0)
    assert await post(11, 10) == (400, 50035)
    assert await post(1, 1001) == (413, 40005)
    assert await post(10, 2500) == (413, 40005)
    assert [one["kind"] for one in playground.ledger.violations()] == ["limit"] * 3


async def test_what_is_not_json_and_where_nothing_is(
    playground: Playground, api: aiohttp.ClientSession, rest: Rest
) -> None:
    """A bad body is 50109; a route that is not served is a violation."""
    url = f"{playground.api}/users/@me/channels"
    async with api.post(url, data=b"{", headers={"Content-Type": "application/json"}) as response:
        assert (await response.json())["code"] == 50109
    status, _ = await rest.call("GET", "/guilds/1/audit-logs")
    assert status == 404
    [violation] = playground.ledger.violations()
    assert (violation["kind"], violation["path"]) == ("unknown_route", "/guilds/1/audit-logs")
