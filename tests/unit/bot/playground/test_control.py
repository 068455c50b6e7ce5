"""The control API itself: looking, acting, waiting, streaming, and changing the world."""

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.playground.config import PlaygroundConfig
from bot.playground.server import Playground
from tests.person import Control, ControlError
from tests.unit.bot.playground.testbot import TestBot

Json = dict[str, Any]


async def test_the_state_shows_everything(bot: TestBot, control: Control) -> None:
    """The application, whether the bot is there, people and guilds."""
    state = await control.get("state")
    assert state["application"]["name"] == state["bot"]["username"] == "Atelier"
    assert state["online"]
    assert [one["name"] for one in state["guilds"]] == ["Lighthouse", "Workshop"]
    assert len(state["users"]) == 7


async def test_people_see_their_own_guilds(control: Control) -> None:
    """hare is in both guilds, owl in one; members come with their permissions."""
    assert [one["name"] for one in await control.get("guilds", user="owl")] == ["Lighthouse"]
    assert len(await control.get("guilds", user="hare")) == 2
    members = {one["user"]["username"]: one for one in await control.get("guilds/Workshop/members")}
    assert int(members["otter"]["permissions"]) & (1 << 13)
    assert not int(members["mole"]["permissions"]) & (1 << 13)


async def test_nobody_reads_where_they_are_not(control: Control) -> None:
    """Channels of other guilds and others' direct channels cannot be named."""
    for channel in ("bench", "dm:fox"):
        with pytest.raises(ControlError, match="404: owl cannot see"):
            await control.person("owl", channel).messages()
        with pytest.raises(ControlError, match="404: owl cannot see"):
            await control.person("owl", channel).say("hello")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("channels/nowhere/messages?user=owl", "no channel 'nowhere'"),
        ("channels/general/messages?user=nobody", "no person 'nobody'"),
        ("channels/general/messages?user=bot", "name a person"),
        ("channels/general/messages", "parameter 'user'"),
        ("channels/general/messages?user=owl&limit=x", "whole number"),
        ("channels/general/messages/1?user=owl", "no message '1'"),
        ("wait?timeout=soon", "is a number"),
        ("guilds/Nowhere/members", "no guild"),
    ],
)
async def test_a_wrong_question_is_told(control: Control, call: str, sentence: str) -> None:
    """Every error is one sentence."""
    url = f"{control.url}/control/{call}"
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        assert response.status in {400, 404}
        assert sentence in (await response.json())["error"]


async def test_people_write_edit_and_delete(control: Control, picture: Path) -> None:
    """Authors edit and delete their own, moderators delete anyone's, members do not."""
    hare, fox = control.person("hare", "general"), control.person("fox", "general")
    said = (await hare.say("frist", [picture]))["message"]
    assert said["member"]["roles"] == []
    where = f"channels/general/messages/{said['id']}"
    edited = await control.patch(where, {"user": "hare", "content": "first"})
    assert edited["message"]["edited_timestamp"]
    assert edited["message"]["attachments"][0]["filename"] == "a_picture.png"
    with pytest.raises(ControlError, match="Only the author"):
        await control.patch(where, {"user": "fox", "content": "x"})
    async with aiohttp.ClientSession() as http:
        url = f"{control.url}/control/{where}"
        assert (await http.delete(url, params={"user": "wren"})).status == 400
        assert (await http.delete(url, params={"user": "fox"})).status == 200
    assert await fox.messages() == []


async def test_an_ephemeral_message_is_dismissed(bot: TestBot, control: Control) -> None:
    """Its reader takes it off the screen; it takes no reactions."""
    owl = control.person("owl", "general")
    outcome = await owl.run("whisper")
    url = f"{control.url}/control/channels/general/messages/{outcome['message']['id']}"
    async with aiohttp.ClientSession() as http:
        assert (await http.put(f"{url}/reactions/👍?user=owl")).status == 400
        assert (await http.delete(f"{url}?user=fox")).status == 404
        assert (await http.delete(f"{url}?user=owl")).status == 200
    assert await owl.messages() == []
    gone = await owl.wait(outcome["seq"], event="message_delete")
    assert gone["message_id"] == outcome["message"]["id"]


@pytest.mark.parametrize(
    ("content", "sentence"), [("", "empty message"), ("x" * 2001, "2000 or fewer")]
)
async def test_discord_would_refuse_this(control: Control, content: str, sentence: str) -> None:
    """People have limits too."""
    with pytest.raises(ControlError, match=sentence):
        await control.person("owl", "general").say(content)


async def test_a_large_file_is_refused_with_what_to_do(control: Control, picture: Path) -> None:
    """The sentence says to send a smaller one."""
    await control.patch("limits", {"attachment_max_bytes": 10})
    with pytest.raises(ControlError, match=r"413: .* send a smaller one"):
        await control.person("owl", "general").say("x", [picture])


async def test_waiting_matches(bot: TestBot, control: Control) -> None:
    """Author, text in any part, number of files, and what is done."""
    owl = control.person("owl", "general")
    seq = (await owl.say("one"))["seq"]
    card = (await owl.run("card"))["message"]
    assert (await owl.wait(seq, contains="ONE"))["message"]["content"] == "one"
    for text in ("a card", "foot", "seed", "down", "card"):
        found = await owl.wait(seq, contains=text, author="bot")
        assert found["message"]["id"] == card["id"]
    await owl.run("slow")
    done = await owl.wait(seq, done=1, attachments=1, contains="done")
    assert done["event"] == "message_update"
    with pytest.raises(TimeoutError):
        await owl.wait(seq, 0.05, contains="nowhere")
    with pytest.raises(TimeoutError):
        await owl.wait(seq, 0.05, author="fox")


async def test_a_wait_that_began_before_ends(control: Control) -> None:
    """A long poll is woken by the event itself."""
    fox = control.person("fox", "general")
    waiting = asyncio.create_task(fox.wait((await control.get("state"))["seq"], contains="now"))
    await control.person("owl", "general").say("now")
    assert (await waiting)["message"]["author"]["username"] == "owl"


async def test_the_stream_shows_what_a_person_may_see(bot: TestBot, control: Control) -> None:
    """Messages of own channels, typing, own failures; nothing of other guilds or people."""
    await control.patch("limits", {"ack_timeout_s": 0.1})
    url = f"{control.url}/control/events?user=owl"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        assert json.loads(await ws.receive_str())["event"] == "hello"
        await control.person("badger", "bench").say("other guild")
        await control.person("fox", "dm:fox").say("other person")
        await control.person("fox", "general").run("whisper")
        await control.post("channels/general/typing", {"user": "fox"})
        await control.person("owl", "general").run("silent")
        await control.person("fox", "general").run("silent")
        await control.person("fox", "general").say("end")
        seen = []
        while not seen or seen[-1].get("message", {}).get("content") != "end":
            seen.append(json.loads(await ws.receive_str()))
    assert [one["event"] for one in seen] == ["typing", "interaction_failed", "message_create"]
    assert all(later["seq"] > one["seq"] for one, later in pairwise(seen))


async def test_the_stream_can_start_in_the_past(control: Control) -> None:
    """With since nothing is missed."""
    said = await control.person("owl", "general").say("before")
    url = f"{control.url}/control/events?user=owl&since={said['seq']}"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        await ws.receive_str()
        assert json.loads(await ws.receive_str())["message"]["content"] == "before"


async def test_a_guild_can_be_founded(bot: TestBot, control: Control) -> None:
    """The bot hears of it at once and answers there."""
    body = {"name": "Attic", "members": {"bat": [], "owl": ["moderator"]}, "channels": ["beam"]}
    await control.post("guilds", body)
    assert (await control.person("bat", "beam").run("ping", {"word": "a"}))["outcome"] == "message"
    assert {guild.name for guild in bot.guilds} == {"Lighthouse", "Workshop", "Attic"}
    with pytest.raises(ControlError, match="already is a channel 'beam'"):
        await control.post("guilds", body)
    with pytest.raises(ControlError, match="needs members"):
        await control.post("guilds", {"name": "Empty"})


async def test_roles_and_overwrites_change_what_can_be_done(bot: TestBot, control: Control) -> None:
    """A new moderator sees moderators' commands; a denied person cannot write."""
    wren = control.person("wren", "general")
    with pytest.raises(ControlError, match="No command named 'purge'"):
        await wren.run("purge")
    await control.patch("guilds/Lighthouse/members/wren", {"roles": ["moderator"]})
    assert (await wren.run("purge"))["outcome"] == "message"
    url = f"{control.url}/control/channels/general/permissions"
    async with aiohttp.ClientSession() as http:
        deny = {"who": "wren", "deny": ["send_messages"]}
        assert (await http.put(url, json=deny)).status == 200
        async with http.put(url, json={"who": "wren", "deny": ["fly"]}) as response:
            assert "no permission 'fly'" in (await response.json())["error"]
    with pytest.raises(ControlError, match="lacks the permission send_messages"):
        await wren.say("x")


async def test_members_leave_and_so_does_the_bot(bot: TestBot, control: Control) -> None:
    """A member who left sees nothing; a guild without the bot has no commands."""
    async with aiohttp.ClientSession() as http:
        members = f"{control.url}/control/guilds/Lighthouse/members"
        assert (await http.delete(f"{members}/wren")).status == 200
        assert (await http.delete(f"{members}/wren")).status == 404
        assert (await http.delete(f"{members}/owl")).status == 400
        with pytest.raises(ControlError, match="cannot see"):
            await control.person("wren", "general").messages()
        assert (await http.delete(f"{members}/bot")).status == 200
    assert await control.get("commands", user="owl", channel="general") == []


async def test_limits_are_shown_and_changed(control: Control) -> None:
    """Unknown names and odd values are refused."""
    assert (await control.get("limits"))["ack_timeout_s"] == 3
    assert (await control.patch("limits", {"ack_timeout_s": 1}))["ack_timeout_s"] == 1
    for body in ({"patience": 1}, {"ack_timeout_s": "1"}, {"ack_timeout_s": -1}):
        with pytest.raises(ControlError):
            await control.patch("limits", body)
    with pytest.raises(ControlError, match="Choose an action"):
        await control.post("gateway", {"action": "explode"})
    with pytest.raises(ControlError, match="never closes with 5000"):
        await control.post("gateway", {"action": "close", "code": 5000})


async def test_the_page_and_samples_are_served(tmp_path: Path) -> None:
    """Files of the given folders and nothing outside them."""
    (tmp_path / "index.json").write_text("[]")
    made = Playground(PlaygroundConfig(samples=tmp_path))
    await made.start()
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{made.url}/samples/index.json") as response:
            assert await response.text() == "[]"
        for path in ("samples/none.json", "samples/..%2Fx", "page/..%2F__init__.py"):
            async with http.get(f"{made.url}/{path}") as response:
                assert response.status == 404
    await made.stop()


async def test_bodies_must_be_objects(control: Control) -> None:
    """What is no JSON object is refused with a sentence."""
    async with aiohttp.ClientSession() as http:
        for data in ("[1]", "{"):
            async with http.post(f"{control.url}/control/run", data=data) as response:
                assert response.status == 400
                assert "JSON" in (await response.json())["error"]


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("run", {"command": "ping", "options": [1]}, "'options' is an object"),
        ("channels/general/messages", {"files": "f0"}, "'files' is a list"),
        ("channels/general/messages", {"files": ["f0"]}, "form part 'f0'"),
        ("run", {"options": {}}, "Give the field 'command'"),
    ],
)
async def test_fields_have_their_forms(
    bot: TestBot, control: Control, path: str, body: Json, sentence: str
) -> None:
    """What has the wrong form is named."""
    with pytest.raises(ControlError, match=sentence):
        await control.post(path, {"user": "owl", "channel": "general", **body})


async def test_nobody_acts_after_leaving(bot: TestBot, control: Control, picture: Path) -> None:
    """A modal that is still open cannot be submitted once its person is gone."""
    wren = control.person("wren", "general")
    modal = (await wren.run("train"))["modal"]
    name, kind, files = (row["component"]["custom_id"] for row in modal["components"])
    async with aiohttp.ClientSession() as http:
        await http.delete(f"{control.url}/control/guilds/Lighthouse/members/wren")
    values = {name: "x", kind: ["style"], files: ["f0"]}
    with pytest.raises(ControlError, match="no longer in Lighthouse"):
        await wren.submit(modal, values, {"f0": picture})


async def test_a_playground_stops_under_its_audience() -> None:
    """Open streams, long polls and sockets of bots are closed when it stops."""
    made = Playground()
    await made.start()
    async with Control(made.url) as control, aiohttp.ClientSession() as http:
        waiting = asyncio.create_task(control.get("wait", timeout=60))
        async with (
            http.ws_connect(f"{made.url}/control/events") as stream,
            http.ws_connect(made.gateway_url) as gateway,
        ):
            await stream.receive()
            await gateway.receive()
            await made.stop()
            assert (await stream.receive()).type in {
                aiohttp.WSMsgType.CLOSED,
                aiohttp.WSMsgType.CLOSE,
            }
        with pytest.raises(aiohttp.ClientError):
            await waiting
