"""Buttons, selects, modals and enlarged pictures."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.unit.bot.playground_page.conftest import Room

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def painted(room: Room, count: int = 1) -> None:
    """An answer with pictures, buttons and a select stands in the log."""
    await room.control.post("run", {
        "user": "owl", "channel": room.channel, "command": "imagine",
        "options": {"prompt": "a house", "count": count},
    })  # fmt: skip
    await expect(room.last.locator(".component-row")).to_have_count(2)


async def asked(room: Room) -> None:
    """The modal is open."""
    await painted(room)
    await room.button("Edit").click()
    await expect(room.page.get_by_role("dialog", name="Edit what was heard")).to_be_visible()


async def test_a_button_is_busy_while_the_bot_works_then_changes(room: Room) -> None:
    """A pressed button spins until the bot has answered; the answer disables it."""
    await painted(room)
    with room.bot.held() as go_on:
        await room.button("Vary").click()
        await expect(room.button("Vary")).to_have_attribute("aria-busy", "true")
        go_on()
    await expect(room.button("Varied")).to_be_disabled()
    await expect(room.last.locator(".content")).to_contain_text("varied")


async def test_a_button_without_an_answer_says_so_under_the_message(room: Room) -> None:
    """A press that the bot ignores turns into a line under the message."""
    await painted(room)
    await room.control.patch("limits", {"ack_timeout_s": 0.4})
    await room.button("Silent").click()
    await expect(room.last.locator(".failure")).to_have_text("The application did not respond")
    await expect(room.button("Silent")).to_be_enabled()
    await room.control.patch("limits", {"ack_timeout_s": 30})


async def test_a_select_is_used_by_mouse(room: Room) -> None:
    """An option of the opened list is sent at once."""
    await painted(room)
    await room.button("Pick a tile").click()
    await room.page.get_by_role("option", name="Tile 3").click()
    await expect(room.message("picked Tile 3")).to_be_visible()


async def test_a_select_is_used_by_keyboard(room: Room) -> None:
    """Arrows move, Escape closes without choosing, Enter chooses."""
    await painted(room)
    await room.button("Pick a tile").focus()
    await room.page.keyboard.press("Enter")
    await room.page.keyboard.press("ArrowDown")
    await room.page.keyboard.press("Escape")
    await expect(room.page.get_by_role("listbox")).to_be_hidden()
    await room.page.keyboard.press("Enter")
    await room.page.keyboard.press("ArrowDown")
    await room.page.keyboard.press("Enter")
    await expect(room.message("picked Tile 2")).to_be_visible()


async def test_a_modal_checks_its_fields_before_it_is_sent(room: Room) -> None:
    """Too short a text, nothing chosen and too few files are each said at their field."""
    await asked(room)
    dialog = room.page.get_by_role("dialog")
    await dialog.get_by_label("Prompt").fill("ab")
    await room.drop(".upload-zone", ("one.png", "image/png"))
    await room.button("Submit").click()
    wrong = dialog.locator(".field-problem:visible")
    await expect(wrong).to_have_text(
        ["Write at least 3 characters.", "Choose from the list.", "Add at least 2 files."]
    )
    await expect(dialog.get_by_label("Prompt")).to_be_focused()


async def test_a_modal_sends_text_choice_and_files(room: Room, tmp_path: Path) -> None:
    """What was written, chosen, dropped and picked reaches the bot."""
    await asked(room)
    dialog = room.page.get_by_role("dialog")
    await expect(dialog.get_by_label("Prompt")).to_have_value("a red house")
    await dialog.get_by_label("Prompt").fill("a blue house")
    await room.button("Kind").click()
    await room.page.get_by_role("option", name="style").click()
    picked = tmp_path / "picked.png"
    Image.new("RGB", (64, 64), "teal").save(picked)
    await room.drop(".upload-zone", ("dropped.png", "image/png"))
    await room.page.set_input_files("input[data-custom-id=pictures]", picked)
    await expect(dialog.locator(".upload-card span")).to_have_text(["dropped.png", "picked.png"])
    await room.button("Submit").click()
    await expect(room.message("a blue house / style / dropped.png, picked.png")).to_be_visible()
    await expect(dialog).to_be_hidden()


async def test_escape_closes_a_modal(room: Room) -> None:
    """Escape and Cancel leave a modal without sending it."""
    await asked(room)
    await room.page.keyboard.press("Escape")
    await expect(room.page.get_by_role("dialog")).to_have_count(0)
    await room.button("Edit").click()
    await room.button("Cancel").click()
    await expect(room.page.get_by_role("dialog")).to_have_count(0)


async def test_four_pictures_make_a_grid_and_open_one_by_one(room: Room) -> None:
    """Four pictures stand two by two; a pressed one fills the window and the arrows go on."""
    await painted(room, 4)
    boxes = [await one.bounding_box() for one in await room.last.locator(".picture").all()]
    assert len({box["x"] for box in boxes if box}) == 2
    assert len({box["y"] for box in boxes if box}) == 2
    await room.page.get_by_role("button", name="Enlarge tile 4").click()
    shown = room.page.locator(".lightbox img")
    await expect(shown).to_have_attribute("alt", "tile 4")
    await expect(shown).to_have_css("image-rendering", "pixelated")
    assert await shown.evaluate("image => image.width % 64") == 0
    await room.page.keyboard.press("ArrowRight")
    await expect(shown).to_have_attribute("alt", "tile 1")
    await room.page.keyboard.press("Escape")
    await expect(room.page.locator(".lightbox")).to_be_hidden()
