"""Slash commands in the page: found, filled in, checked, sent, answered or not."""

import pytest
from playwright.async_api import expect

from tests.unit.bot.playground_page.conftest import Room

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_slash_lists_the_commands_with_what_they_do(room: Room) -> None:
    """Every command of the bot is listed with its description, subcommands spelled out."""
    await room.box.fill("/")
    names = room.page.locator(".suggestion b")
    await expect(names).to_have_text(
        ["/imagine", "/quiet", "/train", "/concepts list", "/concepts show"]
    )
    await expect(room.page.get_by_role("option", name="/imagine")).to_contain_text(
        "Make an image from words"
    )


async def test_arrows_and_tab_choose_from_the_list(room: Room) -> None:
    """Typing narrows the list, arrows walk it, Tab takes the highlighted command."""
    await room.box.press_sequentially("/con")
    await expect(room.page.locator(".suggestion")).to_have_count(2)
    await room.page.keyboard.press("ArrowDown")
    await expect(room.page.locator(".suggestion[aria-selected=true] b")).to_have_text(
        "/concepts show"
    )
    await room.page.keyboard.press("Tab")
    await expect(room.page.locator(".command-name")).to_have_text("/concepts show")
    await expect(room.page.get_by_role("combobox", name="name")).to_be_focused()


async def test_a_command_shows_thinking_then_progress_then_its_answer(room: Room) -> None:
    """A deferred answer goes from dots through edits to pictures, in one message."""
    with room.bot.held() as go_on:
        await room.command("imagine")
        await room.type("a house in the hills")
        await expect(room.last.locator(".thinking")).to_have_text("Atelier is thinking…")
        go_on()
        await expect(room.last.locator(".bar-done")).to_have_text("▰▰▰▰")
        go_on()
        await expect(room.last.locator(".embed-text")).to_contain_text("a house in the hills")
    await expect(room.last.locator(".above")).to_have_text("OOwl used /imagine")
    await expect(room.page.locator("#log .message")).to_have_count(1)
    assert room.bot.got[-1] == "a house in the hills|1|None"


async def test_text_after_a_command_name_goes_into_its_first_option(room: Room) -> None:
    """Typing or pasting a whole line fills in the first option; " count:" begins that option."""
    await room.box.fill("/imagine a quiet street")
    await expect(room.page.get_by_role("combobox", name="prompt")).to_have_value("a quiet street")
    await room.type(" count:", enter=False)
    await expect(room.page.get_by_role("combobox", name="count")).to_be_focused()
    await room.type("2")
    await expect(room.last.locator(".picture")).to_have_count(2)
    assert room.bot.got[-1] == "a quiet street|2|None"


async def test_pictures_of_64_pixels_stay_crisp(room: Room) -> None:
    """A small picture is enlarged by a whole number with hard pixels."""
    await room.command("imagine")
    await room.type("a house")
    picture = room.last.locator(".picture img")
    await expect(picture).to_have_css("image-rendering", "pixelated")
    await expect(picture).to_have_js_property("clientWidth", 256)
    await expect(picture).to_have_js_property("naturalWidth", 64)


async def test_autocomplete_asks_the_bot_as_one_types(room: Room) -> None:
    """Choices come from the bot for what has been typed; the chosen one is sent."""
    await room.command("imagine")
    await room.type("a house", enter=False)
    await room.page.locator("[data-add=concepts]").click()
    offered = room.page.locator(".suggestion")
    await expect(offered).to_have_text(["kar", "xyz"])
    await room.type("x", enter=False)
    await expect(offered).to_have_text(["xyz"])
    await room.page.keyboard.press("Enter")
    await expect(room.page.get_by_role("combobox", name="concepts")).to_have_value("xyz")
    await room.page.keyboard.press("Enter")
    await expect(room.last.locator(".embed")).to_be_visible()
    assert room.bot.got[-1] == "a house|1|xyz"


async def test_choices_are_picked_by_name_and_sent_by_value(room: Room) -> None:
    """A choice is offered by its name; dropped files fill the attachment options in turn."""
    await room.command("train")
    await room.type("kar", enter=False)
    await room.page.keyboard.press("Tab")
    await expect(room.page.locator(".suggestion")).to_have_text(["Subject", "Style"])
    await room.type("sty", enter=False)
    await room.page.keyboard.press("Enter")
    await room.drop(".conversation", ("one.png", "image/png"), ("two.png", "image/png"))
    await expect(room.page.locator(".option-file span")).to_have_text(["one.png", "two.png"])
    await room.button("Send").click()
    await expect(room.last.locator(".content")).to_have_text(
        "teaching kar (t) from one.png, two.png"
    )


async def test_a_missing_option_is_named_and_nothing_is_sent(room: Room) -> None:
    """Without a required option the form says which one, and keeps what has been typed."""
    await room.command("train")
    await room.type("kar", enter=False)
    await room.button("Send").click()
    await expect(room.page.locator(".command-form .form-error")).to_contain_text("kind is required")
    await expect(room.page.get_by_role("combobox", name="name")).to_have_value("kar")
    await expect(room.page.locator("#log .message")).to_have_count(0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9", "count must be at most 4."),
        ("1.5", "count must be a whole number."),
        ("many", "count must be a whole number."),
    ],
)
async def test_a_number_out_of_range_is_refused_in_words(room: Room, text: str, said: str) -> None:
    """Numbers are checked before the command leaves the page."""
    await room.command("imagine")
    await room.type("a house", enter=False)
    await room.page.locator("[data-add=count]").click()
    await room.type(text)
    await expect(room.page.locator(".command-form .form-error")).to_have_text(said)


async def test_escape_leaves_a_command_and_backspace_drops_an_option(room: Room) -> None:
    """Backspace in an empty optional option removes it; Escape gives the message box back."""
    await room.command("imagine")
    await room.page.locator("[data-add=count]").click()
    await expect(room.page.locator(".option")).to_have_count(2)
    await room.page.keyboard.press("Backspace")
    await expect(room.page.locator(".option")).to_have_count(1)
    await room.page.keyboard.press("Escape")
    await expect(room.box).to_be_focused()


async def test_an_ephemeral_answer_says_so_and_can_be_dismissed(room: Room) -> None:
    """Only the person who asked sees it, until it is dismissed."""
    await room.command("concepts list")
    await room.button("Send").click()
    await expect(room.last.locator(".only-you")).to_have_text(
        "Only you can see this · Dismiss message"
    )
    await room.button("Dismiss message").click()
    await expect(room.page.locator("#log .message")).to_have_count(0)


async def test_a_bot_that_does_not_answer_is_said_to_be_silent(room: Room) -> None:
    """A command without an acknowledgement turns into a failure that can be dismissed."""
    await room.control.patch("limits", {"ack_timeout_s": 0.4})
    await room.command("quiet")
    await room.button("Send").click()
    await expect(room.last.locator(".failure")).to_have_text("The application did not respond")
    await room.control.patch("limits", {"ack_timeout_s": 30})
    await room.button("Dismiss").click()
    await expect(room.page.locator("#log .message")).to_have_count(0)


async def test_a_message_command_runs_from_the_context_menu_by_keyboard(room: Room) -> None:
    """The context menu's Apps hold the bot's message commands, within reach of the arrows."""
    await room.control.post(
        f"channels/{room.channel}/messages", {"user": "fox", "content": "look here"}
    )
    await room.message("look here").focus()
    await room.page.keyboard.press("Shift+F10")
    await expect(room.page.get_by_role("menuitem", name="Apps")).to_be_focused()
    await room.page.keyboard.press("ArrowRight")
    await expect(room.page.get_by_role("menuitem", name="Describe")).to_be_focused()
    await room.page.keyboard.press("Enter")
    await expect(room.last.locator(".content")).to_have_text("It says: look here")
    await expect(room.last.locator(".above")).to_have_text("OOwl used Describe")


async def test_a_command_without_options_runs_with_enter(room: Room) -> None:
    """Where nothing is to be filled in, Enter after the choice sends the command."""
    await room.box.press_sequentially("/concepts l")
    await room.page.keyboard.press("Enter")
    await expect(room.button("Send")).to_be_focused()
    await room.page.keyboard.press("Enter")
    await expect(room.last.locator(".content")).to_have_text("kar, xyz")
