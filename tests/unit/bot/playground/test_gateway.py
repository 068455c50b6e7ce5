"""The gateway, as a bare client sees it and as discord.py lives with it."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import zstandard

from bot.playground.config import PlaygroundConfig
from bot.playground.server import Playground
from tests.person import Control
from tests.unit.bot.playground.conftest import running
from tests.unit.bot.playground.testbot import TestBot

Json = dict[str, Any]
CONTENT = discord.Intents.default().value | 1 << 15
QUIET = 512  # guild messages only: no GUILD_CREATE


class Raw:
    """A gateway client that sends what it is told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def next(self) -> Json:
        frame = await self.socket.receive(timeout=5)
        assert frame.type is aiohttp.WSMsgType.TEXT, frame
        return dict(json.loads(frame.data))

    async def until(self, event: str) -> Json:
        while (payload := await self.next())["t"] != event:
            pass
        return payload

    async def close_code(self) -> int | None:
        while (await self.socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code

    async def identify(self, playground: Playground, intents: int = QUIET, **more: Any) -> Json:
        properties = {"os": "test", "browser": "test", "device": "test"}
        data = {"token": playground.token, "intents": intents, "properties": properties}
        await self.send(2, {**data, **more})
        return await self.next()


@asynccontextmanager
async def connected(playground: Playground, query: str = "v=10") -> AsyncIterator[Raw]:
    """A client that has read HELLO."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{playground.gateway_url}?{query}") as socket,
    ):
        raw = Raw(socket)
        hello = await raw.next()
        assert hello["d"] == {"heartbeat_interval": 5000}
        yield raw


async def test_identify_brings_ready_and_the_guilds(playground: Playground) -> None:
    """READY names the guilds, GUILD_CREATE brings them, with the bot as their only member."""
    async with connected(playground) as raw:
        ready = await raw.identify(playground, intents=1)
        assert (ready["t"], ready["s"]) == ("READY", 1)
        assert ready["d"]["user"]["bot"]
        assert [one["unavailable"] for one in ready["d"]["guilds"]] == [True, True]
        assert "shard" not in ready["d"]
        guild = await raw.next()
        assert (guild["t"], guild["d"]["name"]) == ("GUILD_CREATE", "Lighthouse")
        assert [one["user"]["username"] for one in guild["d"]["members"]] == ["Atelier"]
        assert {one["name"] for one in guild["d"]["channels"]} == {"general", "gallery", "quiet"}


async def test_heartbeats_are_acknowledged_before_identify(playground: Playground) -> None:
    """Op 1 is answered with op 11."""
    async with connected(playground) as raw:
        await raw.send(1, None)
        assert (await raw.next())["op"] == 11


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 1}, 4004),
        (2, {"token": "playground"}, 4013),
        (2, {"token": "playground", "intents": 1 << 40}, 4013),
        (2, {"token": "playground", "intents": 1 << 8}, 4014),
        (2, {"token": "playground", "intents": 1, "shard": [2, 2]}, 4010),
        (8, {"guild_id": "1"}, 4003),
    ],
)
async def test_a_bad_start_is_closed_with_its_code(
    playground: Playground, op: int, data: Json, code: int
) -> None:
    """Wrong tokens, intents and shards, and talking before identifying, each have a close code."""
    async with connected(playground) as raw:
        await raw.send(op, data)
        assert await raw.close_code() == code
    found = [one["status"] for one in playground.ledger.violations()]
    assert found == ([] if code == 4004 else [code])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", 4002),
        ("[]", 4002),
        ('{"op": 99}', 4001),
        ('{"op":1,"d":"%s"}' % ("x" * 5000), 4002),
    ],
)
async def test_a_bad_payload_is_closed_with_its_code(
    playground: Playground, text: str, code: int
) -> None:
    """What is no payload, unknown or longer than 4096 bytes closes the connection."""
    async with connected(playground) as raw:
        await raw.identify(playground)
        await raw.socket.send_str(text)
        assert await raw.close_code() == code


async def test_privileged_intents_must_be_granted(playground: Playground) -> None:
    """Message content is refused to an application that was not granted it."""
    strict = Playground(PlaygroundConfig(privileged_intents=frozenset(), heartbeat_interval_s=5))
    await strict.start()
    async with connected(strict) as raw:
        await raw.send(2, {"token": strict.token, "intents": 1 << 15})
        assert await raw.close_code() == 4014
    await strict.stop()


async def test_a_hundred_and_twenty_sends_a_minute(playground: Playground) -> None:
    """The 121st send in a minute closes the connection with 4008."""
    async with connected(playground) as raw:
        for _ in range(121):
            await raw.send(1, None)
        assert await raw.close_code() == 4008


async def test_a_silent_connection_is_closed() -> None:
    """Without heartbeats the session times out, 4009."""
    hasty = Playground(PlaygroundConfig(heartbeat_interval_s=0.05))
    await hasty.start()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(hasty.gateway_url) as socket,
    ):
        assert await Raw(socket).close_code() == 4009
    await hasty.stop()


@pytest.mark.parametrize("compression", ["zlib-stream", "zstd-stream"])
async def test_transport_compression(playground: Playground, compression: str) -> None:
    """The frames are one compressed stream."""
    stream = (
        zlib.decompressobj()
        if compression == "zlib-stream"
        else zstandard.ZstdDecompressor().decompressobj()
    )
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{playground.gateway_url}?compress={compression}") as socket,
    ):
        hello = json.loads(stream.decompress(await socket.receive_bytes()))
        assert hello["op"] == 10
        await Raw(socket).send(1, None)
        assert json.loads(stream.decompress(await socket.receive_bytes()))["op"] == 11


async def test_resume_replays_what_was_missed(playground: Playground, control: Control) -> None:
    """Events sent while the socket was gone come after RESUME, in order, numbered on."""
    async with connected(playground) as raw:
        ready = await raw.identify(playground)
    owl = control.person("owl", "general")
    await owl.say("one")
    await owl.say("two")
    async with connected(playground) as raw:
        session = {"token": playground.token, "session_id": ready["d"]["session_id"]}
        await raw.send(6, {**session, "seq": ready["s"]})
        payloads = [await raw.next() for _ in range(3)]
        assert [one["t"] for one in payloads] == ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
        assert [one["s"] for one in payloads] == [2, 3, 4]


async def test_an_unknown_session_is_invalid(playground: Playground) -> None:
    """Op 9, not resumable, for a session that is not there or too old; 4007 for a bad number."""
    async with connected(playground) as raw:
        ready = await raw.identify(playground)
    session = {"token": playground.token, "session_id": ready["d"]["session_id"], "seq": 1}
    async with connected(playground) as raw:
        await raw.send(6, {**session, "session_id": "gone"})
        assert await raw.next() == {"op": 9, "d": False, "s": None, "t": None}
    async with connected(playground) as raw:
        await raw.send(6, {**session, "seq": 77})
        assert await raw.close_code() == 4007
    playground.clock.advance(301)
    async with connected(playground) as raw:
        await raw.send(6, session)
        assert (await raw.next())["op"] == 9


async def test_members_can_be_requested(playground: Playground) -> None:
    """By ids, by prefix, and all of them only with the members intent."""
    guild = playground.guilds[0]
    async with connected(playground) as raw:
        await raw.identify(playground, QUIET)
        request = {"guild_id": guild.id, "nonce": "n", "limit": 0}
        await raw.send(8, {**request, "user_ids": [guild.owner_id, "1"]})
        chunk = (await raw.until("GUILD_MEMBERS_CHUNK"))["d"]
        assert [one["user"]["username"] for one in chunk["members"]] == ["owl"]
        assert (chunk["not_found"], chunk["nonce"]) == (["1"], "n")
        await raw.send(8, {**request, "query": "w", "limit": 5})
        chunk = (await raw.until("GUILD_MEMBERS_CHUNK"))["d"]
        assert [one["user"]["username"] for one in chunk["members"]] == ["wren"]
        assert playground.ledger.violations() == []
        await raw.send(8, {**request, "query": ""})
        assert (await raw.until("GUILD_MEMBERS_CHUNK"))["d"]["members"] == []
        assert "intent" in playground.ledger.violations()[0]["detail"]


async def test_a_shard_gets_its_guilds_alone(playground: Playground) -> None:
    """Guilds go to the shard of their id, direct messages to shard 0."""
    ids = [int(guild.id) for guild in playground.guilds]
    async with connected(playground) as raw:
        ready = await raw.identify(playground, shard=[1, 2])
        wanted = [str(one) for one in ids if (one >> 22) % 2 == 1]
        assert [one["id"] for one in ready["d"]["guilds"]] == wanted
        assert ready["d"]["shard"] == [1, 2]


@pytest.mark.parametrize("action", ["drop", "reconnect", "invalidate"])
async def test_a_bot_comes_back(bot: TestBot, control: Control, action: str) -> None:
    """After a cut, op 7 or op 9 discord.py is back by itself and hears what was said meanwhile."""
    owl = control.person("owl", "general")
    before = (await control.get("state"))["seq"]
    assert await control.post("gateway", {"action": action}) == {"connections": 1}
    await owl.wait(before, event="bot_status")
    if action != "invalidate":
        await owl.say("are you there?")
        message = await asyncio.wait_for(bot.heard.get(), 20)
        assert message.author.name == "owl"
        assert bot.resumed == 1
    while not (await control.get("state"))["online"]:
        await owl.wait((await control.get("state"))["seq"], 5, event="bot_status")
    assert (await owl.run("ping", {"word": "back"}))["message"]["content"] == "back"
    assert await control.get("violations") == []


async def test_a_restarted_bot_finds_the_history(
    bot: TestBot, playground: Playground, control: Control
) -> None:
    """Messages outlive the bot, and its old buttons work in the new one."""
    owl = control.person("owl", "general")
    card = (await owl.run("card"))["message"]
    await bot.close()
    assert not (await control.get("state"))["online"]
    async with running(playground, TestBot()) as again:
        channel = again.get_partial_messageable(int(card["channel_id"]))
        assert (await channel.fetch_message(int(card["id"]))).content == "card"
        assert (await owl.press(card, "up"))["message"]["content"] == "rated 7 True"


async def test_without_the_content_intent_content_is_empty(bot: TestBot, control: Control) -> None:
    """Only mentions, direct messages and own messages have content then."""
    owl, direct = control.person("owl", "general"), control.person("owl", "dm:owl")
    await owl.say("secret")
    assert (await bot.heard.get()).content == ""
    await owl.say(f"<@{bot.application_id}> hello")
    assert (await bot.heard.get()).content.endswith("hello")
    assert (await bot.heard.get()).content.startswith("you said")
    await direct.say("private")
    assert (await bot.heard.get()).content == "private"


async def test_with_the_content_intent_content_is_there(
    playground: Playground, control: Control, addresses: None
) -> None:
    """The intent opens what everyone says."""
    intents = discord.Intents.default()
    intents.message_content = True
    async with running(playground, TestBot(intents=intents)) as bot:
        await control.person("owl", "general").say("open")
        assert (await bot.heard.get()).content == "open"


async def test_events_go_where_intents_say(playground: Playground, control: Control) -> None:
    """A session with guild messages alone hears neither typing nor direct messages."""
    owl = control.person("owl", "general")
    async with connected(playground) as raw:
        await raw.identify(playground)
        await control.post("channels/general/typing", {"user": "owl"})
        await control.person("owl", "dm:owl").say("private")
        await owl.say("public")
        event = await raw.next()
        assert (event["t"], event["d"]["member"]["nick"]) == ("MESSAGE_CREATE", None)
        assert (
            event["d"]["channel_id"] == playground.guilds[0].channels[event["d"]["channel_id"]].id
        )


async def test_events_can_be_lost_on_order(playground: Playground, control: Control) -> None:
    """The fault `lost_event` keeps one event back."""
    owl = control.person("owl", "general")
    await control.post("faults", {"kind": "lost_event", "event": "MESSAGE_CREATE"})
    async with connected(playground) as raw:
        await raw.identify(playground, CONTENT)
        await raw.until("GUILD_CREATE")
        await owl.say("lost")
        await owl.say("found")
        assert (await raw.until("MESSAGE_CREATE"))["d"]["content"] == "found"


async def test_what_the_bot_cannot_see_it_does_not_hear(
    playground: Playground, control: Control
) -> None:
    """A channel that is hidden from the bot sends it no events."""
    url = f"{control.url}/control/channels/gallery/permissions"
    async with aiohttp.ClientSession() as session:
        await session.put(url, json={"who": "bot", "deny": ["view_channel"]})
    async with connected(playground) as raw:
        await raw.identify(playground)
        await control.person("owl", "gallery").say("hidden")
        await control.person("owl", "general").say("shown")
        event = await raw.next()
        names = {c.id: c.name for c in playground.guilds[0].channels.values()}
        assert names[event["d"]["channel_id"]] == "general"
