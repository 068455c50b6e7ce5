"""Voice messages: recorded, sent from a file, heard."""

import re
import wave
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.unit.bot.playground_page.conftest import Room

pytestmark = pytest.mark.asyncio(loop_scope="package")

SPOKEN = Path(__file__).parents[3] / "data" / "voice" / "blue-cat-night.ogg"


async def test_a_recording_becomes_a_voice_message(room: Room) -> None:
    """What the browser records arrives as Ogg Opus, and the bot can read its length."""
    await room.page.goto(room.page.url.split("#")[0] + "#owl/dm")
    await room.page.reload()
    await room.button("Record a voice message").click()
    await expect(room.page.locator(".recorder .voice-time")).to_have_text(re.compile("0:0[1-9]"))
    await room.button("Send").click()
    await expect(room.page.locator("#log .voice")).to_have_count(1)
    await expect(room.message("heard")).to_be_visible()
    (message, *_) = await room.control.get("channels/dm:owl/messages", user="owl")
    (sound,) = message["attachments"]
    assert sound["content_type"] == "audio/ogg"
    assert 0.3 < sound["duration_secs"] < 10
    assert message["flags"] & 8192


async def test_a_recording_can_be_thrown_away(room: Room) -> None:
    """The bin ends a recording and sends nothing."""
    await room.button("Record a voice message").click()
    await room.button("Throw the recording away").click()
    await expect(room.box).to_be_visible()
    assert await room.control.get(f"channels/{room.channel}/messages", user="owl") == []


async def test_switching_person_ends_a_recording(room: Room) -> None:
    """What one person was saying is not sent by the next, and the message box is back."""
    await room.button("Record a voice message").click()
    await expect(room.page.locator(".recorder")).to_be_visible()
    await room.page.get_by_title("Act as someone else").click()
    await room.page.get_by_role("menuitemradio", name="fox").click()
    await expect(room.page.locator(".self-name")).to_contain_text("Fox")
    await expect(room.page.locator(".recorder")).to_have_count(0)
    await expect(room.box).to_be_visible()
    assert await room.control.get(f"channels/{room.channel}/messages", user="owl") == []


async def test_a_sound_file_goes_as_a_voice_message_in_reply_to_the_bot(room: Room) -> None:
    """A lone sound file is offered as a voice message; the reply is what makes the bot listen."""
    await room.command("concepts show")
    await room.type("kar")
    await room.page.set_input_files("#upload", SPOKEN)
    await expect(room.page.locator(".unheard")).to_contain_text("voice messages that reply to it")
    await room.message("kar: a forest").hover()
    await room.message("kar: a forest").get_by_role("button", name="Reply").click()
    await expect(room.page.locator(".unheard")).to_be_hidden()
    await room.page.keyboard.press("Enter")
    await expect(room.message("heard")).to_be_visible()
    await expect(room.page.locator("#log .waveform i")).to_have_count(48)


async def test_a_sound_file_can_stay_a_plain_file(room: Room) -> None:
    """Without the tick the sound is an ordinary attachment."""
    await room.page.set_input_files("#upload", SPOKEN)
    await room.page.get_by_label("Send as a voice message").uncheck()
    await room.button("Send").click()
    await expect(room.last.locator(".voice .file-name")).to_have_text(SPOKEN.name)
    (message,) = await room.control.get(f"channels/{room.channel}/messages", user="owl")
    assert not message["flags"] & 8192


def long_sound(path: Path) -> Path:
    """Half a minute of a saw tooth, so that a busy machine finds it still playing."""
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(
            b"".join((n * 400 % 8000).to_bytes(2, "little") for n in range(8000)) * 30
        )
    return path


async def test_a_voice_message_plays_and_shows_where_it_is(room: Room, tmp_path: Path) -> None:
    """Play turns into Pause, the heard part lights up, and an edit does not interrupt."""
    files = {"f0": long_sound(tmp_path / "long.wav")}
    await room.control.post(f"channels/{room.channel}/voice", {"user": "fox", "file": "f0"}, files)
    await room.button("Play voice message").click()
    await expect(room.button("Pause voice message")).to_be_visible()
    await expect(room.page.locator(".waveform i.heard").first).to_be_visible()
    await room.last.hover()
    await room.button("Add reaction").click()
    await room.page.get_by_role("menuitem", name="React with 🎉").click()
    await expect(room.page.locator(".reaction")).to_be_visible()
    await expect(room.button("Pause voice message")).to_be_visible()
    await expect(room.page.locator(".waveform i.heard").first).to_be_visible()


async def test_a_browser_without_a_microphone_is_told_what_to_do(room: Room) -> None:
    """Without permission to record, the page says to drop a sound file instead."""
    await room.page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no')); }"
    )
    await room.button("Record a voice message").click()
    await expect(room.page.locator(".composer > .form-error")).to_contain_text(
        "drop a sound file instead"
    )
