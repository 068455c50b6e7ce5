"""The bot is stopped and started again: nothing that people see stops working."""

from pathlib import Path

from tests.integration.bot.house import House, pictures, text_of


async def restart(house: House) -> None:
    await house.stop_bot()
    await house.start_bot()


async def test_buttons_and_menus_of_older_messages_work(house: House) -> None:
    """They are known by their ids alone."""
    owl = house.person()
    grid = await house.imagine(owl)
    await restart(house)
    close = (await house.choose(owl, grid, "3"))["message"]
    assert "Picture 3" in close["content"]
    varied = await house.result(owl, await house.press(owl, close, "vary"))
    assert varied["attachments"]


async def test_results_that_came_while_it_was_away_are_posted(house: House) -> None:
    """The job ends without the bot; the new one posts it once and removes the old status."""
    owl = house.person()
    house.worker.finishing.clear()
    outcome = await owl.run("imagine", {"prompt": "a red ball"})
    await house.until_running(1)
    await house.stop_bot()
    house.worker.finishing.set()
    await house.until_ended(1)
    await house.start_bot()
    assert "**a red ball**" in text_of(await house.result(owl, outcome))
    gone = await owl.wait(outcome["seq"], event="message_delete")
    assert gone["message_id"] == outcome["message"]["id"]
    posted = [m for m in await owl.messages() if m["attachments"]]
    assert len(posted) == 1


async def test_a_post_that_was_not_written_down_is_not_posted_twice(house: House) -> None:
    """A crash between Discord's answer and the commit: the nonce keeps it single."""
    owl = house.person()
    first = await house.imagine(owl)
    await house.stop_bot()
    await house.forget_posting(1)
    await house.start_bot()
    await house.until_posted(1)
    posted = [m for m in await owl.messages() if m["attachments"]]
    assert [m["id"] for m in posted] == [first["id"]]


async def test_a_status_message_that_was_not_written_down_is_found(house: House) -> None:
    """A kill between posting "queued" and noting where: the next start knows it by its button."""
    owl = house.person()
    house.worker.finishing.clear()
    outcome = await owl.run("imagine", {"prompt": "a red ball"})
    other = await owl.run("imagine", {"prompt": "a green cat"})
    await house.until_running(1)
    await house.stop_bot()
    await house.forget_status(1)
    house.worker.finishing.set()
    await house.until_ended(2)
    await house.start_bot()
    await house.until_posted(1)
    await house.until_posted(2)
    left = {message["id"] for message in await owl.messages()}
    assert not {outcome["message"]["id"], other["message"]["id"]} & left


async def test_a_form_that_was_open_is_still_taken(house: House, tmp_path: Path) -> None:
    """What the person has typed and uploaded is not lost."""
    owl = house.person()
    prompt = (await owl.run("imagine", {}))["modal"]
    teaching = (await owl.run("train", {}))["modal"]
    await restart(house)
    sent = await owl.submit(prompt, {"prompt": "a green cat"})
    assert "**a green cat**" in text_of(await house.result(owl, sent))
    values = {"name": "xyz", "class": "temple", "pictures": ["f0", "f1"]}
    sent = await owl.submit(teaching, values, pictures(tmp_path, 2))
    assert "I know `<xyz>` now" in text_of(await house.result(owl, sent))


async def test_a_form_whose_pictures_are_lost_says_so(house: House, tmp_path: Path) -> None:
    """Pictures of a message are not in the form; the person is asked to begin again."""
    owl = house.person()
    posted = await owl.say("look", list(pictures(tmp_path, 2).values()))
    form = (await owl.run("Train from these pictures", target=posted["message"]["id"]))["modal"]
    await restart(house)
    sent = await owl.submit(form, {"name": "xyz", "class": "temple"})
    assert "begin again" in sent["message"]["content"]


async def test_commands_are_registered_only_when_they_changed(house: House) -> None:
    """The second start does not spend one of Discord's few registrations."""
    await restart(house)
    requests = await house.control.get("requests", method="PUT", path="commands")
    assert len(requests) == 1
    (house.folder / "commands.sha256").write_text("older")
    await restart(house)
    requests = await house.control.get("requests", method="PUT", path="commands")
    assert len(requests) == 2


async def test_a_dropped_gateway_is_taken_up_again(house: House) -> None:
    """Cut, resumed, and the next command is answered."""
    owl = house.person()
    await house.control.post("gateway", {"action": "drop"})
    await house.until_online()
    assert (await owl.run("help"))["outcome"] == "message"
