"""The frame: a newcomer's card, narrow windows, lost connections, the keyboard, safety."""

import asyncio
import re

import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from tests.unit.bot.playground_page.conftest import Room

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_newcomer_is_told_what_to_try_and_what_the_models_are(room: Room) -> None:
    """Three steps with samples, the two settings by name; once closed the card stays closed."""
    card = room.page.get_by_role("complementary", name="Getting started")
    await expect(card.locator(".step h3")).to_have_text(["Teach", "Imagine", "Speak"])
    await expect(card.locator(".models code")).to_have_text(
        ["ATELIER_MODEL", "ATELIER_SPEECH_MODEL"]
    )
    await card.get_by_role("button", name="Close").click()
    await room.page.reload()
    await expect(room.page.locator(".channel.current")).to_be_visible()
    await expect(card).to_be_hidden()
    await room.button("Getting started").click()
    await expect(card).to_be_visible()


async def test_a_sample_opens_the_command_filled_in(room: Room) -> None:
    """Pressing a sample of the card opens its command with the values that the list gives."""
    await room.page.locator(".sample-try", has_text="Ask for both").click()
    await expect(room.page.locator(".command-name")).to_have_text("/imagine")
    await expect(room.page.get_by_role("combobox", name="prompt")).to_have_value(
        re.compile("<xyz>.*<kar>")
    )


async def test_the_spoken_sample_waits_as_a_voice_message(room: Room) -> None:
    """The spoken sample is put into the tray, ready to be sent."""
    await room.page.locator(".sample-try", has_text="Say it").click()
    await expect(room.page.locator(".tray-name")).to_have_text("say.ogg")
    await expect(room.page.get_by_label("Send as a voice message")).to_be_checked()


async def test_a_narrow_window_keeps_everything_within_reach(room: Room) -> None:
    """On a phone the channels are in a drawer, and nothing is wider than the window."""
    await room.page.set_viewport_size({"width": 360, "height": 640})
    await room.page.reload()
    await expect(room.page.locator(".channel.current")).to_be_attached()
    await expect(room.page.locator(".sidebar")).not_to_be_in_viewport()
    await room.box.fill("a long line without a single space: " + "x" * 300)
    await room.page.keyboard.press("Enter")
    await expect(room.page.locator("#log .message")).to_have_count(1)
    assert await room.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert (
        await room.page.locator("#scroller").evaluate("one => one.scrollWidth - one.clientWidth")
        == 0
    )
    await room.button("Show servers and channels").click()
    await expect(room.page.locator(".sidebar")).to_be_in_viewport()
    await room.page.locator(".channel", has_text=f"{room.channel}-b").click()
    await expect(room.page.locator(".topbar h2")).to_have_text(f"{room.channel}-b")
    await expect(room.page.locator(".sidebar")).not_to_be_in_viewport()


async def test_messages_are_walked_with_the_arrows(room: Room) -> None:
    """ArrowUp in the empty box goes to the last message and on; Escape comes back."""
    for text in ("upper", "lower"):
        await room.control.post(
            f"channels/{room.channel}/messages", {"user": "fox", "content": text}
        )
    await expect(room.message("lower")).to_be_visible()
    await room.box.focus()
    await room.page.keyboard.press("ArrowUp")
    await expect(room.message("lower")).to_be_focused()
    await room.page.keyboard.press("ArrowUp")
    await expect(room.message("upper")).to_be_focused()
    await room.page.keyboard.press("Escape")
    await expect(room.box).to_be_focused()


async def test_a_lost_connection_is_said_and_made_up_for(room: Room) -> None:
    """While the stream is cut a line says so; what happened meanwhile is there afterwards."""
    streams: list[WebSocketRoute] = []
    refusing = asyncio.Event()

    async def follow(stream: WebSocketRoute) -> None:
        if refusing.is_set():
            return await stream.close()
        streams.append(stream)
        stream.connect_to_server()
        return None

    await room.page.route_web_socket(re.compile("/control/events"), follow)
    await room.page.reload()
    await expect(room.page.locator(".channel.current")).to_be_visible()
    refusing.set()
    await streams[-1].close()
    banner = room.page.locator(".banner")
    await expect(banner).to_contain_text("connection to the playground is lost")
    path = f"channels/{room.channel}/messages"
    await room.control.post(path, {"user": "fox", "content": "meanwhile"})
    refusing.clear()
    await expect(banner).to_be_hidden()
    await expect(room.message("meanwhile")).to_be_visible()


async def test_nothing_can_be_pressed_before_there_is_a_channel(room: Room) -> None:
    """While the page still asks where its person may go, a press waits; then it counts."""
    arrived = asyncio.Event()

    async def slow(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await room.page.route("**/control/dms", slow)
    await room.page.reload()
    await expect(room.page.locator("#app")).to_have_attribute("inert", "")
    pressed = asyncio.create_task(room.button("Record a voice message").click())
    await asyncio.sleep(0.5)
    assert not pressed.done()
    assert await room.page.locator(".recorder").count() == 0
    arrived.set()
    await pressed
    await expect(room.page.locator(".recorder")).to_be_visible()
    await room.button("Throw the recording away").click()


async def test_every_button_has_a_name(room: Room) -> None:
    """No control is left without a name for a screen reader."""
    await room.box.fill("hello")
    await room.page.keyboard.press("Enter")
    await expect(room.message("hello")).to_be_visible()
    nameless = """() => [...document.querySelectorAll("button, a, input, textarea")]
        .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.length))
        .filter((one) => !one.hidden).map((one) => one.outerHTML)"""
    assert await room.page.evaluate(nameless) == []


async def test_scripts_from_elsewhere_are_forbidden(room: Room) -> None:
    """The page's policy lets only its own files run."""
    policy = await room.page.locator("meta[http-equiv]").get_attribute("content")
    assert policy is not None
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    blocked = """() => new Promise((resolve) => {
        document.addEventListener("securitypolicyviolation",
            (event) => resolve(event.violatedDirective));
        const script = document.createElement("script");
        script.textContent = "document.title = 'owned'";
        document.body.append(script);
    })"""
    assert await room.page.evaluate(blocked) == "script-src-elem"
    assert await room.page.title() == "Atelier playground"
