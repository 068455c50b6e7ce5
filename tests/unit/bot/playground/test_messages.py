"""Messages of the bot: posting, nonces, editing, deleting, replying, reacting, permissions."""

import io
from typing import Any

import aiohttp
import discord
import pytest

from bot.playground.config import PlaygroundConfig
from bot.playground.server import Playground
from tests.person import Control
from tests.unit.bot.playground.testbot import PNG, TestBot

Json = dict[str, Any]


def channel_of(playground: Playground, name: str) -> str:
    """The id of a channel by its name."""
    return next(one.id for one in playground.world.channels() if one.name == name)


def channel_id_of(guilds: list[Json]) -> str:
    """The id of the first guild's first channel."""
    return str(guilds[0]["channels"][0]["id"])


class Rest:
    """Bare REST calls as the bot."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession) -> None:
        self.playground, self._session = playground, session

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        url = f"{self.playground.api}{path}"
        async with self._session.request(method, url, json=body, params=query) as response:
            return response.status, (await response.json() if response.status != 204 else None)


@pytest.fixture
def rest(playground: Playground, api: aiohttp.ClientSession) -> Rest:
    """The bot's REST calls."""
    return Rest(playground, api)


@pytest.fixture
def messages(playground: Playground) -> str:
    """The path of the messages of #general."""
    return f"/channels/{channel_of(playground, 'general')}/messages"


async def test_a_mention_is_answered_with_a_reply(bot: TestBot, control: Control) -> None:
    """The reply refers to the message and, with mentions off, mentions nobody."""
    owl = control.person("owl", "general")
    said = await owl.say(f"<@{bot.application_id}> hi @everyone")
    answer = await owl.wait(said["seq"], author="bot", reply_to=said["message"]["id"])
    message = answer["message"]
    assert message["content"].endswith("hi @everyone")
    assert message["referenced_message"]["id"] == said["message"]["id"]
    assert (message["mentions"], message["mention_everyone"]) == ([], False)
    assert await control.get("violations") == []


async def test_files_are_sent_edited_and_removed(bot: TestBot, control: Control) -> None:
    """discord.py sends a file, adds another in an edit, and takes the first away."""
    channel = bot.get_channel(int(channel_id_of(await control.get("guilds"))))
    assert isinstance(channel, discord.TextChannel)
    message = await channel.send("files", file=discord.File(io.BytesIO(PNG), "one two!.png"))
    [first] = message.attachments
    assert (first.filename, first.width, first.size) == ("one_two.png", 1, len(PNG))
    assert await first.read() == PNG
    edited = await message.add_files(discord.File(io.BytesIO(b"text"), "notes.txt"))
    assert [one.filename for one in edited.attachments] == ["one_two.png", "notes.txt"]
    assert edited.attachments[1].content_type == "text/plain; charset=utf-8"
    left = await edited.remove_attachments(edited.attachments[0])
    assert [one.filename for one in left.attachments] == ["notes.txt"]
    await message.delete()
    with pytest.raises(discord.NotFound):
        await channel.fetch_message(message.id)
    assert await control.get("violations") == []


class Gallery(discord.ui.LayoutView):
    """Every kind of component that V2 adds."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        thumbnail = discord.ui.Thumbnail("attachment://b.png", description="dot")
        self.add_item(
            discord.ui.Container(
                discord.ui.TextDisplay("# Title"),
                discord.ui.Section("beside", accessory=thumbnail),
                discord.ui.Separator(),
                discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png")),
                discord.ui.File("attachment://c.txt"),
                discord.ui.ActionRow(discord.ui.Button(label="press", custom_id="b")),
                accent_colour=7,
            )
        )


async def test_components_v2_show_their_files(bot: TestBot, control: Control) -> None:
    """A gallery's files have addresses and sizes there, and are no attachments."""
    files = [discord.File(io.BytesIO(PNG), name) for name in ("a.png", "b.png", "c.txt")]
    channel = bot.get_partial_messageable(int(channel_id_of(await control.get("guilds"))))
    await channel.send(view=Gallery(), files=files)
    [message] = await control.person("owl", "general").messages()
    assert message["attachments"] == []
    _, section, _, gallery, file, _ = message["components"][0]["components"]
    assert section["accessory"]["media"]["width"] == 1
    assert (file["name"], file["size"]) == ("c.txt", len(PNG))
    assert await control.download(gallery["items"][0]["media"]["url"]) == PNG
    found = await control.person("owl", "general").wait(0, contains="# title")
    assert found["message"]["id"] == message["id"]
    assert await control.get("violations") == []


async def test_a_picture_of_an_embed_is_exchanged(bot: TestBot, control: Control) -> None:
    """An edit that brings a new file under the same name shows the new one."""
    channel = bot.get_partial_messageable(int(channel_id_of(await control.get("guilds"))))
    embed = discord.Embed(title="t").set_image(url="attachment://a.png")
    message = await channel.send(embed=embed, file=discord.File(io.BytesIO(PNG), "a.png"))
    first = message.embeds[0].image.url
    assert first is not None
    edited = await message.edit(attachments=[discord.File(io.BytesIO(b"no image"), "a.png")])
    second = edited.embeds[0].image
    assert second.url != first
    assert second.width is None
    with pytest.raises(discord.HTTPException, match="not found in upload"):
        await message.edit(embed=discord.Embed().set_image(url="attachment://gone.png"))


async def test_a_repeated_nonce_posts_once(rest: Rest, messages: str) -> None:
    """With enforce_nonce the second request is answered with the first one's message."""
    body = {"content": "result", "nonce": "delivery-7", "enforce_nonce": True}
    _, first = await rest.call("POST", messages, body)
    status, second = await rest.call("POST", messages, {**body, "content": "other"})
    assert (status, second["id"], second["content"]) == (200, first["id"], "result")
    assert second["nonce"] == "delivery-7"
    rest.playground.clock.advance(301)
    _, third = await rest.call("POST", messages, body)
    assert third["id"] != first["id"]


async def test_a_nonce_that_is_not_enforced_means_nothing(rest: Rest, messages: str) -> None:
    """Without enforce_nonce, and in another channel, the same nonce posts again."""
    body = {"content": "result", "nonce": "n"}
    _, first = await rest.call("POST", messages, body)
    _, second = await rest.call("POST", messages, body)
    elsewhere = f"/channels/{channel_of(rest.playground, 'gallery')}/messages"
    _, third = await rest.call("POST", elsewhere, {**body, "enforce_nonce": True})
    assert len({first["id"], second["id"], third["id"]}) == 3


@pytest.mark.parametrize(
    ("channel", "body", "status", "code"),
    [
        ("quiet", {"content": "x"}, 403, 50013),
        ("gone", {"content": "x"}, 404, 10003),
        ("general", {"content": ""}, 400, 50006),
        ("general", {"content": "x", "message_reference": {"message_id": "1"}}, 400, 50035),
    ],
)
async def test_refusals_of_a_post(
    rest: Rest, channel: str, body: Json, status: int, code: int
) -> None:
    """No permission, no channel, nothing to say, nothing to reply to: each has its code."""
    channel_id = "1" if channel == "gone" else channel_of(rest.playground, channel)
    answered, error = await rest.call("POST", f"/channels/{channel_id}/messages", body)
    assert (answered, error["code"]) == (status, code)


async def test_a_reply_to_a_deleted_message_may_be_let_through(rest: Rest, messages: str) -> None:
    """With fail_if_not_exists false it becomes an ordinary message."""
    reference = {"message_id": 1, "fail_if_not_exists": False}
    status, message = await rest.call(
        "POST", messages, {"content": "x", "message_reference": reference}
    )
    assert (status, message["type"]) == (200, 0)


async def test_only_own_messages_are_edited(rest: Rest, control: Control, messages: str) -> None:
    """Another's message is error 50005, and deleting it needs Manage Messages."""
    theirs = (await control.person("owl", "general").say("mine"))["message"]["id"]
    status, error = await rest.call("PATCH", f"{messages}/{theirs}", {"content": "x"})
    assert (status, error["code"]) == (403, 50005)
    status, error = await rest.call("DELETE", f"{messages}/{theirs}")
    assert (status, error["code"]) == (403, 50013)
    guild = rest.playground.guilds[0]
    body = {"roles": ["moderator", "Atelier"]}
    await control.patch(f"guilds/{guild.name}/members/bot", body)
    status, _ = await rest.call("DELETE", f"{messages}/{theirs}")
    assert status == 204


async def test_ephemeral_messages_cannot_be_reached_by_channel(
    bot: TestBot, control: Control, rest: Rest, messages: str
) -> None:
    """Their ids are unknown to the channel's routes and missing from its history."""
    outcome = await control.person("owl", "general").run("whisper")
    path = f"{messages}/{outcome['message']['id']}"
    for method in ("GET", "PATCH", "DELETE"):
        status, error = await rest.call(method, path, {"content": "x"})
        assert (status, error["code"]) == (404, 10008)
    assert (await rest.call("GET", messages))[1] == []


async def test_history_is_paged_newest_first(rest: Rest, control: Control, messages: str) -> None:
    """before, after and limit cut the list as Discord does."""
    owl = control.person("owl", "general")
    ids = [(await owl.say(str(number)))["message"]["id"] for number in range(5)]

    async def page(**query: Any) -> list[str]:
        return [one["content"] for one in (await rest.call("GET", messages, **query))[1]]

    assert await page(limit=2) == ["4", "3"]
    assert await page(before=ids[2]) == ["1", "0"]
    assert await page(after=ids[1], limit=2) == ["3", "2"]
    status, error = await rest.call("GET", messages, limit=101)
    assert (status, error["code"]) == (400, 50035)


async def test_old_messages_can_be_edited_only_so_often(rest: Rest, messages: str) -> None:
    """After an hour edits run into 30046."""
    rest.playground.limits.messages_per_5_s = 1000
    _, message = await rest.call("POST", messages, {"content": "x"})
    path = f"{messages}/{message['id']}"
    rest.playground.clock.advance(3601)
    for _ in range(30):
        assert (await rest.call("PATCH", path, {"content": "y"}))[0] == 200
    status, error = await rest.call("PATCH", path, {"content": "y"})
    assert (status, error["code"]) == (429, 30046)


async def test_reactions_are_counted_for_each_viewer(bot: TestBot, control: Control) -> None:
    """`me` is about who looks; taking a reaction away removes it."""
    owl, fox = control.person("owl", "general"), control.person("fox", "general")
    said = (await owl.say("nice"))["message"]
    heard = await bot.heard.get()
    await heard.add_reaction("👍")
    url = f"{control.url}/control/channels/general/messages/{said['id']}/reactions/👍?user=owl"
    async with aiohttp.ClientSession() as session:
        assert (await session.put(url)).status == 200
    [mine] = (await owl.messages())[-1]["reactions"]
    [theirs] = (await fox.messages())[-1]["reactions"]
    assert (mine["count"], mine["me"], theirs["me"]) == (2, True, False)
    await heard.remove_reaction("👍", discord.Object(bot.application_id or 0))
    async with aiohttp.ClientSession() as session:
        assert (await session.delete(url)).status == 200
    assert "reactions" not in (await owl.messages())[-1]
    assert await control.get("violations") == []


async def test_direct_messages_go_both_ways(bot: TestBot, control: Control) -> None:
    """The bot opens a direct channel and writes; only that person reads it."""
    wren = control.person("wren", "dm:wren")
    people = {one["username"]: one["id"] for one in await control.get("users")}
    user = await bot.fetch_user(int(people["wren"]))
    async with (await user.create_dm()).typing():
        await user.send("psst")
    assert [one["content"] for one in await wren.messages()] == ["psst"]
    seq = (await control.get("state"))["seq"]
    with pytest.raises(TimeoutError):
        await control.person("owl", "dm:wren").wait(0, 0.1)
    await wren.say("hi")
    assert (await wren.wait(seq, author="wren"))["guild_id"] is None
    assert await control.get("violations") == []


async def test_mentions_follow_allowed_mentions(rest: Rest, messages: str) -> None:
    """parse, lists and replied_user decide; without them everything written mentions."""
    guild = rest.playground.guilds[0]
    owner, role = guild.owner_id, list(guild.roles)[1]
    content = f"<@{owner}> <@&{role}> @everyone"

    async def mentioned(allowed: Json | None) -> tuple[int, int, bool]:
        rest.playground.limits.messages_per_5_s = 1000
        body = {"content": content} | ({} if allowed is None else {"allowed_mentions": allowed})
        _, one = await rest.call("POST", messages, body)
        return len(one["mentions"]), len(one["mention_roles"]), one["mention_everyone"]

    assert await mentioned(None) == (1, 1, True)
    assert await mentioned({"parse": []}) == (0, 0, False)
    assert await mentioned({"parse": ["roles"], "users": [owner]}) == (1, 1, False)
    assert rest.playground.ledger.violations() == []


async def test_content_needs_the_privilege_over_rest_too(control: Control) -> None:
    """An application without message content reads others' messages empty."""
    strict = Playground(PlaygroundConfig(privileged_intents=frozenset()))
    await strict.start()
    headers = {"Authorization": f"Bot {strict.token}"}
    async with Control(strict.url) as people, aiohttp.ClientSession(headers=headers) as session:
        await people.person("owl", "general").say("secret")
        rest = Rest(strict, session)
        messages = f"/channels/{channel_of(strict, 'general')}/messages"
        await rest.call("POST", messages, {"content": "own"})
        contents = [one["content"] for one in (await rest.call("GET", messages))[1]]
    assert contents == ["own", ""]
    await strict.stop()


async def test_many_messages_are_deleted_at_once(
    rest: Rest, control: Control, messages: str
) -> None:
    """Bulk delete needs Manage Messages and removes what is still there."""
    owl = control.person("owl", "general")
    ids = [(await owl.say(str(number)))["message"]["id"] for number in range(3)]
    body = {"messages": ids[:2]}
    assert (await rest.call("POST", f"{messages}/bulk-delete", body))[0] == 403
    roles = {"roles": ["moderator", "Atelier"]}
    await control.patch("guilds/Lighthouse/members/bot", roles)
    assert (await rest.call("POST", f"{messages}/bulk-delete", body))[0] == 204
    assert [one["id"] for one in await owl.messages()] == ids[2:]


async def test_who_there_is(rest: Rest) -> None:
    """Guilds, channels, roles, members and users are served as the description says."""
    guild = rest.playground.guilds[0]
    path = f"/guilds/{guild.id}"
    assert (await rest.call("GET", path))[1]["name"] == "Lighthouse"
    assert len((await rest.call("GET", f"{path}/channels"))[1]) == 3
    roles = {one["name"] for one in (await rest.call("GET", f"{path}/roles"))[1]}
    assert roles == {"@everyone", "moderator", "Atelier"}
    assert len((await rest.call("GET", f"{path}/members", limit=2))[1]) == 2
    _, member = await rest.call("GET", f"{path}/members/{guild.owner_id}")
    assert member["user"]["username"] == "owl"
    assert (await rest.call("GET", f"{path}/members/1"))[1]["code"] == 10013
    assert (await rest.call("GET", "/guilds/1"))[1]["code"] == 10004
    assert len((await rest.call("GET", "/users/@me/guilds"))[1]) == 2
    assert (await rest.call("GET", "/users/1"))[1]["code"] == 10013
    assert (await rest.call("GET", "/gateway/bot"))[1]["shards"] == 1
    assert (await rest.call("GET", "/gateway"))[1]["url"] == rest.playground.gateway_url
    assert (await rest.call("GET", "/applications/@me"))[1]["name"] == "Atelier"
    channel = f"/channels/{channel_of(rest.playground, 'general')}"
    assert (await rest.call("GET", channel))[1]["name"] == "general"
    assert rest.playground.ledger.violations() == []


async def test_a_wrong_token_is_unauthorized(playground: Playground) -> None:
    """Without the bot's token there is nothing to see."""
    async with aiohttp.ClientSession(headers={"Authorization": "Bot wrong"}) as session:
        status, error = await Rest(playground, session).call("GET", "/users/@me")
    assert (status, error["message"]) == (401, "401: Unauthorized")


async def test_json_answers_name_no_charset(
    playground: Playground, api: aiohttp.ClientSession
) -> None:
    """Clients compare the header with application/json to the letter."""
    async with api.get(f"{playground.api}/users/@me") as response:
        assert response.headers["Content-Type"] == "application/json"
    async with api.get(f"{playground.api}/users/1") as response:
        assert response.headers["Content-Type"] == "application/json"
