"""Interactions from both ends: a person at the control API, a real discord.py bot at the other."""

import re
from pathlib import Path

import aiohttp
import discord
import pytest

from bot.playground.server import Playground
from tests.person import Control, ControlError
from tests.unit.bot.playground.testbot import TestBot


@pytest.fixture(autouse=True)
async def no_violations(control: Control) -> None:
    """Nothing in this file breaks a rule."""
    yield
    assert await control.get("violations") == []


async def test_a_command_is_answered_with_a_message(bot: TestBot, control: Control) -> None:
    """The outcome holds the bot's message, which the channel then shows."""
    owl = control.person("owl", "general")
    outcome = await owl.run("ping", {"word": "ab", "times": 2})
    assert outcome["outcome"] == "message"
    assert outcome["message"]["content"] == "abab"
    assert outcome["message"]["interaction_metadata"]["user"]["username"] == "owl"
    assert (await owl.messages())[-1]["id"] == outcome["message"]["id"]


async def test_a_deferred_answer_comes_as_an_edit(bot: TestBot, control: Control) -> None:
    """The placeholder thinks; the answer has the same id, a file, and is not marked as edited."""
    owl = control.person("owl", "general")
    outcome = await owl.run("slow")
    assert (outcome["outcome"], outcome["message"]["flags"]) == ("deferred", 128)
    edit = await owl.wait(outcome["seq"], message=outcome["message"]["id"], done=1)
    assert (edit["event"], edit["message"]["content"]) == ("message_update", "done")
    assert edit["message"]["edited_timestamp"] is None
    [file] = edit["message"]["attachments"]
    assert (file["filename"], file["width"], file["content_type"]) == ("grid.png", 1, "image/png")
    more = await owl.wait(edit["seq"], contains="and more")
    metadata = more["message"]["interaction_metadata"]
    assert metadata["original_response_message_id"] == edit["message"]["id"]


async def test_ephemeral_messages_are_for_one_person(bot: TestBot, control: Control) -> None:
    """Lists and waits show an ephemeral message to the person it is for and to nobody else."""
    owl, fox = control.person("owl", "general"), control.person("fox", "general")
    outcome = await owl.run("whisper")
    message = outcome["message"]
    assert message["flags"] & 64
    assert message["id"] in [one["id"] for one in await owl.messages()]
    assert message["id"] not in [one["id"] for one in await fox.messages()]
    assert (await owl.wait(outcome["seq"]))["message"]["id"] == message["id"]
    with pytest.raises(TimeoutError):
        await fox.wait(outcome["seq"], timeout_s=0.1)


async def test_a_hidden_deferral_stays_hidden(bot: TestBot, control: Control) -> None:
    """An ephemeral deferral makes an ephemeral answer, whose file has an address that vanishes."""
    owl = control.person("owl", "general")
    outcome = await owl.run("slow", {"hidden": True})
    edit = await owl.wait(outcome["seq"], message=outcome["message"]["id"], done=1)
    assert edit["message"]["flags"] & 64
    assert "/ephemeral-attachments/" in edit["message"]["attachments"][0]["url"]


async def test_silence_is_a_failure(bot: TestBot, control: Control) -> None:
    """Without an acknowledgement in time the person reads that the application did not respond."""
    await control.patch("limits", {"ack_timeout_s": 0.2})
    owl = control.person("owl", "general")
    outcome = await owl.run("silent")
    assert outcome["outcome"] == "failed"
    assert outcome["error"] == "The application did not respond"
    event = await owl.wait(outcome["seq"], event="interaction_failed")
    assert event["interaction_id"] == outcome["interaction_id"]


async def test_a_bot_that_is_offline_does_not_respond(control: Control) -> None:
    """No bot has registered, so there is no command to run."""
    with pytest.raises(ControlError, match="404: No command named 'ping'"):
        await control.person("owl", "general").run("ping", {"word": "a"})


async def test_a_late_acknowledgement_is_unknown(bot: TestBot, control: Control) -> None:
    """The bot that answers after the limit gets error 10062, and nothing is posted."""
    await control.patch("limits", {"ack_timeout_s": 0.2})
    owl = control.person("owl", "general")
    outcome = await owl.run("late", {"seconds": 0.4})
    assert outcome["outcome"] == "failed"
    assert (await first_error(bot)).code == 10062
    assert await owl.messages() == []


async def test_an_interaction_can_expire_on_order(bot: TestBot, control: Control) -> None:
    """The fault `late_interaction` makes one interaction expire on the way."""
    await control.patch("limits", {"ack_timeout_s": 0.3})
    await control.post("faults", {"kind": "late_interaction", "path": "^ping$"})
    owl = control.person("owl", "general")
    assert (await owl.run("ping", {"word": "a"}))["outcome"] == "failed"
    assert (await first_error(bot)).code == 10062
    assert (await owl.run("ping", {"word": "a"}))["outcome"] == "message"


async def test_an_interaction_is_answered_once(
    bot: TestBot, control: Control, playground: Playground, api: aiohttp.ClientSession
) -> None:
    """A second callback is error 40060; a wrong token is error 10062."""
    outcome = await control.person("owl", "general").run("ping", {"word": "a"})
    paths = [one["path"] for one in await control.get("requests", path="/callback")]
    url = f"{playground.api}{paths[-1]}"
    async with api.post(url, json={"type": 5}) as response:
        assert (response.status, (await response.json())["code"]) == (400, 40060)
    wrong = f"{playground.api}/interactions/{outcome['interaction_id']}/nonsense/callback"
    async with api.post(wrong, json={"type": 5}) as response:
        assert (response.status, (await response.json())["code"]) == (404, 10062)


async def test_a_token_dies_and_the_message_lives(
    bot: TestBot, control: Control, playground: Playground, api: aiohttp.ClientSession
) -> None:
    """After the token's lifetime it is error 50027; the same message can be edited by channel."""
    outcome = await control.person("owl", "general").run("ping", {"word": "a"})
    [path] = [one["path"] for one in await control.get("requests", path="/callback")]
    token = path.split("/")[3]
    webhook = f"{playground.api}/webhooks/{bot.application_id}/{token}/messages/@original"
    async with api.patch(webhook, json={"content": "b"}) as response:
        assert response.status == 200
    await control.post("clock", {"advance_s": 901})
    async with api.patch(webhook, json={"content": "c"}) as response:
        assert (response.status, (await response.json())["code"]) == (401, 50027)
    message = outcome["message"]
    by_channel = f"{playground.api}/channels/{message['channel_id']}/messages/{message['id']}"
    async with api.patch(by_channel, json={"content": "d"}) as response:
        assert (await response.json())["content"] == "d"


async def test_a_token_can_be_killed_on_order(bot: TestBot, control: Control) -> None:
    """The fault `dead_token` lets the deferral through and nothing after it."""
    await control.post("faults", {"kind": "dead_token"})
    outcome = await control.person("owl", "general").run("slow")
    assert outcome["outcome"] == "deferred"
    error = await first_error(bot)
    assert (error.status, error.code) == (401, 50027)


async def test_a_modal_is_filled_in_with_files(
    bot: TestBot, control: Control, picture: Path
) -> None:
    """Text, a choice and uploads arrive; the bot can download the file inside the interaction."""
    owl = control.person("owl", "general")
    modal = (await owl.run("train"))["modal"]
    name, kind, pictures = (row["component"]["custom_id"] for row in modal["components"])
    values = {name: "xyz", kind: ["style"], pictures: ["f0"]}
    outcome = await owl.submit(modal, values, {"f0": picture})
    size = picture.stat().st_size
    assert outcome["message"]["content"] == f"xyz style a_picture.png [{size}]"
    metadata = outcome["message"]["interaction_metadata"]
    assert metadata["triggering_interaction_metadata"]["name"] == "train"


async def test_a_modal_is_submitted_once_by_its_person(bot: TestBot, control: Control) -> None:
    """Someone else cannot submit it; a refused submission leaves it open."""
    owl, fox = control.person("owl", "general"), control.person("fox", "general")
    outcome = await owl.run("train")
    event = await owl.wait(outcome["seq"], event="modal")
    assert event["modal"] == outcome["modal"]
    with pytest.raises(ControlError, match="no such modal"):
        await fox.submit(outcome["modal"], {})
    for _ in range(2):
        with pytest.raises(ControlError, match="takes 1 to 20 characters"):
            await owl.submit(outcome["modal"], {})


async def test_buttons_belong_to_the_bot_after_its_restart(bot: TestBot, control: Control) -> None:
    """A DynamicItem answers by its custom_id; the label finds the button too."""
    owl = control.person("owl", "general")
    card = (await owl.run("card"))["message"]
    outcome = await owl.press(card, "down")
    assert outcome["message"]["content"] == "rated 7 False"
    assert outcome["message"]["message_reference"]["message_id"] == card["id"]
    with pytest.raises(ControlError, match="disabled"):
        await owl.press(card, "off")
    with pytest.raises(ControlError, match="no button 'sideways'"):
        await owl.press(card, "sideways")


async def test_a_select_rewrites_its_message(bot: TestBot, control: Control) -> None:
    """A chosen value arrives, and the update is told as one."""
    owl = control.person("owl", "general")
    card = (await owl.run("card"))["message"]
    where = {"user": "owl", "channel": "general", "message": card["id"], "custom_id": "sort"}
    outcome = await control.post("select", {**where, "values": ["best"]})
    assert (outcome["outcome"], outcome["message"]["content"]) == ("update", "sorted by best")
    assert outcome["message"]["embeds"][0]["title"] == "A card"
    with pytest.raises(ControlError, match="Choose among: best, new, old"):
        await control.post("select", {**where, "values": ["worst"]})
    with pytest.raises(ControlError, match="takes 1 to 1 values"):
        await control.post("select", {**where, "values": ["old", "new"]})


async def test_pictures_of_an_embed_are_not_attachments(bot: TestBot, control: Control) -> None:
    """A file shown by an embed leaves the list of attachments; the embed has its address."""
    card = (await control.person("owl", "general").run("card"))["message"]
    assert card["attachments"] == []
    image = card["embeds"][0]["image"]
    assert (image["width"], image["height"]) == (1, 1)
    assert len(await control.download(image["url"])) == 69


async def test_autocomplete_answers_while_typing(bot: TestBot, control: Control) -> None:
    """The choices are those of the bot; an option without autocomplete has none."""
    where = {"user": "owl", "channel": "general", "command": "find"}
    answer = await control.post(
        "autocomplete", {**where, "options": {"name": "ka"}, "focused": "name"}
    )
    assert [one["value"] for one in answer["choices"]] == ["kar", "karl"]
    body = {**where, "command": "ping", "options": {}, "focused": "word"}
    with pytest.raises(ControlError, match="no autocomplete"):
        await control.post("autocomplete", body)


async def test_a_message_command_sees_the_whole_message(
    bot: TestBot, control: Control, voice: Path
) -> None:
    """Without the content intent the target of a message command has its attachment."""
    fox = control.person("fox", "general")
    spoken = (await fox.speak(voice))["message"]
    outcome = await control.person("owl", "general").run("Imagine from voice", target=spoken["id"])
    assert outcome["message"]["content"] == "True audio/ogg 2.0"
    assert outcome["message"]["type"] == 23


async def test_options_of_every_kind_arrive(bot: TestBot, control: Control, picture: Path) -> None:
    """A file and a member are resolved; the bot reads the file's bytes."""
    owl = control.person("owl", "general")
    outcome = await owl.run("look", {"picture": "p", "who": "hare"}, files={"p": picture})
    size = picture.stat().st_size
    assert outcome["message"]["content"] == f"a_picture.png 6x4 image/png {size} hare"


async def test_subcommands_are_named_by_their_words(bot: TestBot, control: Control) -> None:
    """`concepts show` reaches the subcommand; the group alone is refused."""
    owl = control.person("owl", "general")
    outcome = await owl.run("concepts show", {"name": "kar"})
    assert outcome["message"]["content"] == "showing kar"
    with pytest.raises(ControlError, match="Choose a subcommand"):
        await owl.run("concepts")


async def test_commands_are_hidden_by_permission_and_place(bot: TestBot, control: Control) -> None:
    """A moderator's command is there for moderators, and not in direct messages."""

    async def names(user: str, channel: str) -> set[str]:
        return {one["name"] for one in await control.get("commands", user=user, channel=channel)}

    assert "purge" in await names("fox", "general")
    assert "purge" not in await names("hare", "general")
    assert "purge" not in await names("fox", "dm:fox")
    assert "ping" in await names("hare", "dm:hare")
    outcome = await control.person("fox", "general").run("purge")
    assert outcome["message"]["content"] == "True"


async def test_commands_work_in_direct_messages(bot: TestBot, control: Control) -> None:
    """In a direct channel the interaction has a user and no member."""
    hare = control.person("hare", "dm:hare")
    outcome = await hare.run("ping", {"word": "hi"})
    assert outcome["message"]["content"] == "hi"
    assert "member" not in outcome["message"]


async def test_the_log_of_interactions_has_times(bot: TestBot, control: Control) -> None:
    """Every interaction is listed with when it was acknowledged."""
    await control.person("owl", "general").run("ping", {"word": "a"})
    [entry] = await control.get("interactions")
    assert (entry["name"], entry["outcome"]) == ("ping", "message")
    assert entry["acknowledged_ms"] < 3000


async def test_tokens_are_long_and_unguessable(bot: TestBot, control: Control) -> None:
    """Two interactions never share a token."""
    owl = control.person("owl", "general")
    await owl.run("ping", {"word": "a"})
    await owl.run("ping", {"word": "a"})
    paths = [one["path"] for one in await control.get("requests", path="/callback")]
    tokens = {re.split("/", path)[3] for path in paths}
    assert len(tokens) == 2
    assert min(map(len, tokens)) > 100


async def first_error(bot: TestBot) -> discord.HTTPException:
    """The first error that a command of the bot ran into."""
    error = await bot.failed.get()
    assert isinstance(error, discord.HTTPException)
    return error
