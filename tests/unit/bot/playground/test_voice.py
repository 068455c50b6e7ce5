"""Voice messages: what is kept, what is encoded, how long and how loud."""

import base64
from pathlib import Path

import numpy as np
import pytest

from bot.playground.problems import ControlError
from bot.playground.voice import MOST_POINTS, is_ogg_opus, voice_of, waveform
from tests.person import Control
from tests.person import ControlError as Refused
from tests.unit.bot.playground.conftest import sound
from tests.unit.bot.playground.testbot import TestBot


def test_ogg_opus_is_kept_byte_for_byte() -> None:
    """What a Discord client records is not touched."""
    recording = sound(1.5)
    made = voice_of(recording)
    assert made.data == recording
    assert abs(made.duration_secs - 1.5) < 0.05
    assert len(base64.b64decode(made.waveform)) in {15, 16}


@pytest.mark.parametrize(("container", "codec"), [("webm", "libopus"), ("wav", "pcm_s16le")])
def test_other_sound_becomes_ogg_opus(container: str, codec: str) -> None:
    """A browser's recording keeps its length and is Ogg Opus afterwards."""
    made = voice_of(sound(1.0, container=container, codec=codec))
    assert is_ogg_opus(made.data)
    assert abs(made.duration_secs - 1.0) < 0.05
    assert abs(voice_of(made.data).duration_secs - 1.0) < 0.05


@pytest.mark.parametrize("data", [b"", b"no sound at all", b"OggS" + b"\0" * 100])
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    """With a sentence that says what to send."""
    with pytest.raises(ControlError, match="send Ogg Opus"):
        voice_of(data)


def test_a_waveform_follows_the_loudness() -> None:
    """Ten points a second, at most 256, loud where the sound is loud."""
    quiet_loud = np.concatenate([np.full(48_000, 100), np.full(48_000, 20_000)]).astype(np.int16)
    points = base64.b64decode(waveform(quiet_loud))
    assert len(points) == 20
    assert max(points[:10]) < 5
    assert min(points[10:]) > 250
    assert len(base64.b64decode(waveform(np.ones(60 * 48_000, np.int16)))) == MOST_POINTS
    assert base64.b64decode(waveform(np.zeros(10, np.int16))) == b"\0"


async def test_a_voice_message_is_marked_as_one(
    bot: TestBot, control: Control, voice: Path
) -> None:
    """The flag, length and waveform reach the bot in direct messages; a guild's need the intent."""
    owl = control.person("owl", "dm:owl")
    said = (await owl.speak(voice))["message"]
    assert said["flags"] & 8192
    heard = await bot.heard.get()
    assert heard.flags.voice
    [attachment] = heard.attachments
    assert attachment.is_voice_message()
    assert (attachment.content_type, await attachment.read()) == ("audio/ogg", voice.read_bytes())
    await control.person("owl", "general").speak(voice)
    assert (await bot.heard.get()).attachments == []


async def test_a_voice_message_can_reply_and_be_told_its_length(
    control: Control, voice: Path
) -> None:
    """A reply refers to its message; a given length is believed."""
    said = (await control.person("owl", "general").say("speak!"))["message"]
    body = {"user": "fox", "file": "v", "reply_to": said["id"], "duration_secs": 7.5}
    answer = await control.post("channels/general/voice", body, {"v": voice})
    message = answer["message"]
    assert message["referenced_message"]["id"] == said["id"]
    assert message["attachments"][0]["duration_secs"] == 7.5
    with pytest.raises(Refused, match="form part 'w'"):
        await control.post("channels/general/voice", {"user": "fox", "file": "w"}, {"v": voice})
