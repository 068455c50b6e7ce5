"""Voice messages: heard, shown, agreed to, drawn."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from tests.integration.bot.house import House, text_of, verbs


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A second of a tone as Ogg Opus."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        tone = (np.sin(np.arange(48_000) / 20) * 8000).astype(np.int16).reshape(1, -1)
        for start in range(0, 48_000, 960):
            piece = np.ascontiguousarray(tone[:, start : start + 960])
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate = 48_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    path = tmp_path / "say.ogg"
    path.write_bytes(buffer.getvalue())
    return path


async def test_a_voice_message_in_private_is_heard_and_drawn(house: House, sound: Path) -> None:
    """The transcript replies to the voice message; Imagine draws it, as a reply again."""
    owl = house.person("owl", "dm:owl")
    spoken = await owl.speak(sound)
    heard = await house.next_message(owl, spoken, contains="I heard")
    assert "a red ball" in text_of(heard)
    assert heard["message_reference"]["message_id"] == spoken["message"]["id"]
    assert verbs(heard) == {"say", "edit", "drop"}
    outcome = await house.press(owl, heard, "say")
    drawn = await house.result(owl, outcome)
    assert "**a red ball**" in text_of(drawn)
    assert drawn["message_reference"]["message_id"] == spoken["message"]["id"]
    quiet = await house.next_message(owl, outcome, event="message_update", message=heard["id"])
    assert quiet["components"] == []


async def test_names_of_concepts_are_heard(house: House, sound: Path) -> None:
    """ "car forest" becomes <kar> forest, and the card says so."""
    owl = house.person()
    await house.teach("Lighthouse", "kar", "forest", owl)
    house.worker.heard = "a house in a car forest"
    posted = await house.person("hare").speak(sound)
    outcome = await owl.run("Imagine from voice", target=posted["message"]["id"])
    heard = await house.next_message(owl, outcome, contains="I heard")
    assert "“car” → `<kar>`" in text_of(heard)
    assert "a house in a <kar> forest" in text_of(heard)


async def test_what_was_heard_can_be_corrected(house: House, sound: Path) -> None:
    """The form begins with the transcript; what is sent in is drawn."""
    owl = house.person("owl", "dm:owl")
    heard = await house.next_message(owl, await owl.speak(sound), contains="I heard")
    form = await house.press(owl, heard, "edit")
    assert "a red ball" in str(form["modal"])
    sent = await owl.submit(form["modal"], {"prompt": "a blue ball"})
    assert "**a blue ball**" in text_of(await house.result(owl, sent))
    late = await house.forged(owl, heard, "a:say:1")
    assert "answered already" in late["message"]["content"]


async def test_cancel_leaves_it_at_that(house: House, sound: Path) -> None:
    """The buttons go and nothing is queued."""
    owl = house.person("owl", "dm:owl")
    heard = await house.next_message(owl, await owl.speak(sound), contains="I heard")
    dropped = await house.press(owl, heard, "drop")
    assert dropped["message"]["components"] == []
    late = await house.forged(owl, heard, heard["components"][0]["components"][0]["custom_id"])
    assert "answered already" in late["message"]["content"]


async def test_only_who_asked_may_answer(house: House, sound: Path) -> None:
    """Others get a sentence; a moderator may."""
    hare, wren, fox = (house.person(name) for name in ("hare", "wren", "fox"))
    posted = await hare.speak(sound)
    outcome = await hare.run("Imagine from voice", target=posted["message"]["id"])
    heard = await house.next_message(hare, outcome, contains="I heard")
    for verb in ("say", "drop"):
        refused = await house.press(wren, heard, verb)
        assert refused["message"]["flags"] & 64
        assert "Only who sent this voice message" in refused["message"]["content"]
    assert (await house.press(fox, heard, "drop"))["outcome"] == "update"


async def test_a_voice_message_that_answers_the_bot_is_heard(house: House, sound: Path) -> None:
    """In a guild that is how a voice message, which has no text, mentions the bot."""
    owl = house.person()
    picture = await house.imagine(owl, count=1)
    body = {"user": "owl", "file": "f0", "reply_to": picture["id"]}
    spoken = await house.control.post("channels/general/voice", body, {"f0": sound})
    heard = await house.next_message(owl, spoken, contains="I heard")
    assert verbs(heard) == {"say", "edit", "drop"}


async def test_with_the_intent_every_voice_message_is_heard(house: House, sound: Path) -> None:
    """With Message Content the bot hears a voice message that was said among people."""
    await house.stop_bot()
    await house.start_bot(message_content=True)
    hare = house.person("hare")
    spoken = await hare.speak(sound)
    heard = await house.next_message(hare, spoken, contains="I heard")
    assert heard["message_reference"]["message_id"] == spoken["message"]["id"]


async def test_the_question_can_be_switched_off(house: House, sound: Path) -> None:
    """The transcript is shown without buttons and the pictures follow by themselves."""
    fox = house.person("fox")
    await fox.run("settings voice_question", {"ask": False})
    posted = await fox.speak(sound)
    outcome = await fox.run("Imagine from voice", target=posted["message"]["id"])
    heard = await house.next_message(fox, outcome, contains="I heard")
    assert heard["components"] == []
    assert "**a red ball**" in text_of(await house.result(fox, outcome))


async def test_said_at_once_concepts_take_their_role(house: House, sound: Path) -> None:
    """Moderators get the pictures; who lacks the role is told which it takes, with buttons."""
    owl, hare, fox = (house.person(name) for name in ("owl", "hare", "fox"))
    await house.teach("Lighthouse", "kar", "forest", owl)
    await owl.run("settings roles", {"what": "use_roles", "add": "moderator"})
    await fox.run("settings voice_question", {"ask": False})
    house.worker.heard = "a house in a car forest"
    posted = await owl.speak(sound)
    outcome = await hare.run("Imagine from voice", target=posted["message"]["id"])
    asked = await house.next_message(hare, outcome, contains="I heard")
    guild = next(one for one in house.playground.guilds if one.name == "Lighthouse")
    role = next(one for one in guild.roles.values() if one.name == "moderator")
    assert f"⚠️ Using concepts takes the role <@&{role.id}> in this server." in text_of(asked)
    assert verbs(asked) == {"say", "edit", "drop"}
    outcome = await fox.run("Imagine from voice", target=posted["message"]["id"])
    assert "a house in a <kar> forest" in text_of(await house.result(fox, outcome))


async def test_silence_gets_a_friendly_sentence(house: House, sound: Path) -> None:
    """Nothing was heard; it says what to do, and asks nothing."""
    house.worker.heard = ""
    owl = house.person("owl", "dm:owl")
    answer = await house.next_message(owl, await owl.speak(sound), contains="any words")
    assert answer["components"] == []


async def test_the_option_of_imagine_takes_a_sound_file(house: House, sound: Path) -> None:
    """Any sound file will do, and not beside a prompt."""
    owl = house.person()
    outcome = await owl.run("imagine", {"voice": "f0"}, files={"f0": sound})
    heard = await house.next_message(owl, outcome, contains="I heard")
    assert "a red ball" in text_of(heard)
    both = await owl.run("imagine", {"voice": "f0", "prompt": "x"}, files={"f0": sound})
    assert "not both" in both["message"]["content"]


async def test_options_beside_a_sound_are_kept_for_its_pictures(house: House, sound: Path) -> None:
    """The person says the words and types the rest, and the bot may be restarted in between."""
    owl = house.person()
    options = {"voice": "f0", "count": 1, "seed": 42, "negative": "fog"}
    outcome = await owl.run("imagine", options, files={"f0": sound})
    heard = await house.next_message(owl, outcome, contains="I heard")
    await house.stop_bot()
    await house.start_bot()
    drawn = text_of(await house.result(owl, await house.press(owl, heard, "say")))
    assert "seed `42`" in drawn
    assert "without fog" in drawn


async def test_what_is_heard_but_refused_at_once_can_be_corrected(
    house: House, sound: Path
) -> None:
    """Without the question there is one all the same where the words cannot be drawn."""
    house.worker.heard = "a house " * 130
    fox = house.person("fox")
    await fox.run("settings voice_question", {"ask": False})
    posted = await fox.speak(sound)
    outcome = await fox.run("Imagine from voice", target=posted["message"]["id"])
    heard = await house.next_message(fox, outcome, contains="I heard")
    assert verbs(heard) == {"say", "edit", "drop"}


async def test_what_is_no_sound_is_refused_by_name(
    house: House, sound: Path, tmp_path: Path
) -> None:
    """A text file that is called a sound, and a message that has none."""
    owl = house.person()
    liar = tmp_path / "liar.ogg"
    liar.write_text("not a sound")
    outcome = await owl.run("imagine", {"voice": "f0"}, files={"f0": liar})
    answer = await house.next_message(owl, outcome, contains="liar.ogg")
    assert "is not a sound file" in answer["content"]
    posted = await owl.say("hello")
    refused = await owl.run("Imagine from voice", target=posted["message"]["id"])
    assert "no voice message" in refused["message"]["content"]


async def test_words_that_are_written_to_the_bot_get_a_hint(house: House) -> None:
    """A newcomer who types instead of using a command learns what to do."""
    alone = house.person("owl", "dm:owl")
    hint = await house.next_message(alone, await alone.say("draw a cat"), contains="/imagine")
    assert "/help" in hint["content"]
    owl = house.person()
    bot = (await house.control.get("state"))["bot"]["id"]
    await house.next_message(owl, await owl.say(f"<@{bot}> draw"), contains="/imagine")
