"""What Discord may do to any bot: refuse, break, slow down, forget."""

from pathlib import Path

import pytest

from core.errors import NotFound
from tests.integration.bot.house import House, pictures, text_of

SPOKEN = Path(__file__).parents[3] / "bot/playground/samples/say.ogg"
POST = r"/channels/\d+/messages$"


async def fault(house: House, kind: str, **more: object) -> None:
    await house.control.post("faults", {"kind": kind, **more})


@pytest.mark.parametrize("status", [500, 503])
async def test_a_result_is_posted_in_spite_of_server_errors(house: House, status: int) -> None:
    """It is tried again until Discord takes it, and stands there once."""
    owl = house.person()
    outcome = await owl.run("imagine", {"prompt": "a red ball"})
    await fault(house, "server_error", status=status, method="POST", path=POST)
    assert "**a red ball**" in text_of(await house.result(owl, outcome))
    assert len([m for m in await owl.messages() if m["attachments"]]) == 1


async def test_a_lost_answer_does_not_post_twice(house: House) -> None:
    """The post was carried out, its answer lost: the nonce makes the second try harmless."""
    owl = house.person()
    house.worker.finishing.clear()
    outcome = await owl.run("imagine", {"prompt": "a red ball"})
    await fault(house, "lost_answer", method="POST", path=POST)
    house.worker.finishing.set()
    await house.result(owl, outcome)
    await house.until_posted(1)
    assert len([m for m in await owl.messages() if m["attachments"]]) == 1


async def test_rate_limits_are_waited_out(house: House) -> None:
    """429 with and without Via: later, but there."""
    owl = house.person()
    house.worker.finishing.clear()
    outcome = await owl.run("imagine", {"prompt": "a red ball"})
    limit = {"method": "POST", "path": POST, "retry_after_s": 0.3}
    await fault(house, "rate_limit", **limit)
    await fault(house, "rate_limit", via=False, **limit)
    house.worker.finishing.set()
    assert "**a red ball**" in text_of(await house.result(owl, outcome))


async def test_a_channel_that_was_closed_meanwhile_is_given_up(house: House) -> None:
    """The delivery is abandoned, and others go on."""
    owl = house.person()
    house.worker.finishing.clear()
    await owl.run("imagine", {"prompt": "a red ball"})
    await house.deny("general", "send_messages")
    house.worker.finishing.set()
    await house.until_settled(1)
    elsewhere = house.person("owl", "gallery")
    assert await house.imagine(elsewhere)


async def test_an_interaction_that_expired_is_answered_in_its_channel(house: House) -> None:
    """The job runs all the same, and its status message is the bot's own."""
    owl = house.person()
    await fault(house, "late_interaction")
    await house.control.patch("limits", {"ack_timeout_s": 1})
    house.worker.finishing.clear()
    failed = await owl.run("imagine", {"prompt": "a red ball"})
    assert failed["outcome"] == "failed"
    status = await house.next_message(owl, failed, contains="**#1**")
    house.worker.finishing.set()
    await house.result(owl, failed)
    gone = await owl.wait(failed["seq"], event="message_delete")
    assert gone["message_id"] == status["id"]


async def test_a_dead_token_is_replaced_by_the_bots_own(house: House, tmp_path: Path) -> None:
    """A deferred answer whose token died is posted in the channel."""
    owl = house.person()
    await fault(house, "dead_token")
    files = pictures(tmp_path, 1)
    outcome = await owl.run(
        "train", {"name": "xyz", "class": "temple", "image1": "f0"}, files=files
    )
    assert "I know `<xyz>` now" in text_of(await house.result(owl, outcome))


async def test_an_answer_that_takes_long_is_acknowledged_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a moment of work shows "thinking…", then the answer in its place."""
    monkeypatch.setattr("bot.replies.ACKNOWLEDGE_S", 0.0)
    owl = house.person()
    outcome = await owl.run("concepts list")
    assert outcome["outcome"] == "deferred"
    answer = await house.next_message(owl, outcome, message=outcome["message"]["id"])
    assert "Nothing has been taught" in text_of(answer)


async def test_a_fault_gives_a_reference_and_no_secrets(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something of ours breaks: the person gets a number, not a traceback."""

    async def broken(*_: object) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(type(house.services.library), "list", broken)
    answer = await house.person().run("concepts list")
    assert "this reference: `" in answer["message"]["content"]
    assert "secret" not in answer["message"]["content"]


async def test_a_failed_job_is_told_with_a_way_to_try_again(house: House) -> None:
    """The sentence of the worker, and a button that queues it anew."""
    owl = house.person()
    house.worker.failure = "It did not fit."
    outcome = await owl.run("imagine", {"prompt": "a red ball"})
    told = await house.next_message(owl, outcome, contains="could not be done")
    assert "It did not fit." in told["content"]
    house.worker.failure = None
    again = await house.result(owl, await house.press(owl, told, "redo"))
    assert "**a red ball**" in text_of(again)


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_a_file_that_discord_does_not_hand_out_is_named(
    house: House, tmp_path: Path, status: int
) -> None:
    """The person reads which file it was and what to do; nothing is queued, and once more works."""
    owl = house.person()
    files = pictures(tmp_path, 2)
    wish = {"name": "xyz", "class": "temple", "image1": "f0", "image2": "f1"}
    await fault(house, "cdn_error", status=status, path="picture-0-1")
    refused = await owl.run("train", wish, files=files)
    told = await house.next_message(owl, refused, contains="could not be fetched")
    assert told["content"] == "`picture-0-1.png` could not be fetched. Upload it once more."
    with pytest.raises(NotFound):
        await house.services.jobs.get(house.guild_id("Lighthouse"), 1)
    again = await house.result(owl, await owl.run("train", wish, files=files))
    assert "I know `<xyz>` now" in text_of(again)


async def test_a_picture_or_a_voice_that_cannot_be_fetched_is_named(
    house: House, tmp_path: Path
) -> None:
    """/edit says so in its answer, a voice message in a reply to it."""
    owl, alone = house.person(), house.person("owl", "dm:owl")
    files = pictures(tmp_path, 1)
    await fault(house, "cdn_error", path="picture")
    refused = await owl.run("edit", {"image": "f0", "prompt": "a red door"}, files=files)
    assert await house.next_message(owl, refused, contains="`picture-0-0.png` could not be fetched")
    await fault(house, "cdn_error", path="voice-message")
    spoken = await alone.speak(SPOKEN)
    told = await house.next_message(alone, spoken, contains="could not be fetched")
    assert told["message_reference"]["message_id"] == spoken["message"]["id"]
    with pytest.raises(NotFound):
        await house.services.jobs.get(house.guild_id("Lighthouse"), 1)


async def test_files_that_come_late_are_waited_for(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than a person is left without an answer: "thinking…" first, then the concept."""
    monkeypatch.setattr("bot.replies.ACKNOWLEDGE_S", 0.0)
    owl = house.person()
    await fault(house, "slow_cdn", delay_s=0.3, count=2)
    wish = {"name": "xyz", "class": "temple", "image1": "f0", "image2": "f1"}
    outcome = await owl.run("train", wish, files=pictures(tmp_path, 2))
    assert outcome["outcome"] == "deferred"
    assert "I know `<xyz>` now" in text_of(await house.result(owl, outcome))
    assert await house.control.get("faults") == []
