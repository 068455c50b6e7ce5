"""Faults on order, and that discord.py gets over those it should get over."""

import asyncio
import time
from typing import Any

import aiohttp
import discord
import pytest

from bot.playground.faults import Faults
from bot.playground.problems import ControlError
from bot.playground.server import Playground
from tests.person import Control
from tests.person import ControlError as Refused
from tests.unit.bot.playground.test_messages import channel_of
from tests.unit.bot.playground.testbot import TestBot

POST = {"method": "POST", "path": "/channels/\\d+/messages$"}


async def send(bot: TestBot, playground: Playground, content: str = "x") -> discord.Message:
    """Post through discord.py."""
    channel = bot.get_partial_messageable(int(channel_of(playground, "general")))
    return await channel.send(content)


async def count(control: Control) -> int:
    """How many messages there are in #general."""
    return len(await control.person("owl", "general").messages())


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_a_429_is_retried(
    bot: TestBot, playground: Playground, control: Control, scope: str
) -> None:
    """discord.py waits as told and posts once."""
    await control.post(
        "faults", {"kind": "rate_limit", "retry_after_s": 0.05, "scope": scope, **POST}
    )
    await send(bot, playground)
    statuses = [
        one["status"] for one in await control.get("requests", method="POST", path="/messages")
    ]
    assert statuses == [429, 200]
    assert await count(control) == 1
    assert await control.get("violations") == []


async def test_a_429_without_via_raises(
    bot: TestBot, playground: Playground, control: Control
) -> None:
    """As behind a ban: discord.py gives up at once."""
    await control.post("faults", {"kind": "rate_limit", "via": False, **POST})
    with pytest.raises(discord.HTTPException) as raised:
        await send(bot, playground)
    assert raised.value.status == 429
    assert await count(control) == 0


async def test_the_real_limit_slows_and_loses_nothing(
    bot: TestBot, playground: Playground, control: Control
) -> None:
    """More requests than pass in a second are all answered in the end, without a violation."""
    playground.limits.global_per_s = 2
    playground.clock.advance(1)
    guild = playground.guilds[0]
    fetched = await asyncio.gather(
        bot.application_info(),
        bot.fetch_user(int(guild.owner_id)),
        bot.fetch_guild(int(guild.id)),
        bot.fetch_channel(int(channel_of(playground, "general"))),
    )
    assert [one.name for one in fetched] == ["Atelier", "owl", "Lighthouse", "general"]
    assert 429 in [one["status"] for one in await control.get("requests")]
    assert await control.get("violations") == []


async def test_a_server_error_is_retried(
    bot: TestBot, playground: Playground, control: Control
) -> None:
    """After one 502 the same post goes through."""
    await control.post("faults", {"kind": "server_error", "status": 502, **POST})
    await send(bot, playground)
    assert await count(control) == 1


async def test_a_lost_answer_leaves_the_message(
    bot: TestBot, playground: Playground, control: Control
) -> None:
    """The post is carried out though its sender sees the connection break."""
    await control.post("faults", {"kind": "lost_answer", **POST})
    with pytest.raises((aiohttp.ClientError, OSError)):
        await send(bot, playground)
    assert await count(control) == 1


async def test_a_slow_answer_comes(playground: Playground, api: aiohttp.ClientSession) -> None:
    """The answer is late by as much as ordered."""
    playground.faults.order({"kind": "slow", "delay_s": 0.2, "path": "@me"})
    started = time.monotonic()
    async with api.get(f"{playground.api}/users/@me") as response:
        assert response.status == 200
    assert time.monotonic() - started >= 0.2


async def test_the_cdn_can_be_slow_and_fail(
    playground: Playground, control: Control, tmp_path: Any
) -> None:
    """Downloads are late or fail, once each."""
    path = tmp_path / "a.txt"
    path.write_text("text")
    said = await control.person("owl", "general").say("", [path])
    url = said["message"]["attachments"][0]["url"]
    await control.post("faults", {"kind": "cdn_error", "status": 503})
    with pytest.raises(aiohttp.ClientResponseError, match="503"):
        await control.download(url)
    await control.post("faults", {"kind": "slow_cdn", "delay_s": 0.2})
    started = time.monotonic()
    assert await control.download(url) == b"text"
    assert time.monotonic() - started >= 0.2


def test_an_order_is_used_up() -> None:
    """A fault hits as often as ordered, matching requests only."""
    faults = Faults()
    faults.order({"kind": "slow", "count": 2, "method": "post", "path": "/a$"})
    assert faults.take(["slow"], method="GET", path="/a") is None
    assert faults.take(["slow"], method="POST", path="/a/b") is None
    assert faults.take(["server_error"], method="POST", path="/a") is None
    assert faults.take(["slow"], method="POST", path="/a") is not None
    assert faults.standing()[0]["count"] == 1
    assert faults.take(["slow"], method="POST", path="/a") is not None
    assert faults.standing() == []


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"kind": "meteor"}, "Choose a kind"),
        ({"kind": "slow", "status": 5}, "has no status"),
        ({"kind": "slow", "path": "("}, "no regular expression"),
    ],
)
def test_a_wrong_order_is_refused(order: dict[str, Any], sentence: str) -> None:
    """The sentence says what can be ordered."""
    with pytest.raises(ControlError, match=sentence):
        Faults().order(order)


async def test_orders_are_listed_and_forgotten(control: Control, playground: Playground) -> None:
    """The control API lists the standing faults and drops them."""
    await control.post("faults", {"kind": "slow", "count": 3})
    assert (await control.get("faults"))[0]["count"] == 3
    async with aiohttp.ClientSession() as session:
        await session.delete(f"{control.url}/control/faults")
    assert await control.get("faults") == []
    with pytest.raises(Refused, match="Choose a kind"):
        await control.post("faults", {"kind": "x"})
