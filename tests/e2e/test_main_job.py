"""A newcomer teaches two concepts, types, speaks, and gets images; then the machine restarts."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.records import jobs, rows
from tests.person import Control, Person
from tests.program import all_gone, demo

SAMPLES = Path(__file__).parents[2] / "bot/playground/samples"
BOTH = "a photo of <xyz> temple in <kar> forest"
PATIENCE_S = 480  # a training on an old and busy machine
STEPS = 4  # enough for the path; tests/bench/main_job.py trains in earnest and judges


async def teach(person: Person, name: str, noun: str, **options: object) -> None:
    """`/train` with the sample zip, until the card with the samples is there."""
    files = {"z": SAMPLES / f"{name}.zip"}
    asked = {"name": name, "class": noun, "zip": "z", "steps": STEPS}
    asked |= options
    outcome = await person.run("train", asked, files=files)
    await person.wait(
        outcome["seq"],
        PATIENCE_S,
        event="message_create",
        author="bot",
        attachments=1,
        contains=f"{name} learned",
    )


async def imagine(person: Person, **options: object) -> Image.Image:
    """`/imagine`, until the grid is there; the grid as a person sees it."""
    outcome = await person.run("imagine", {"steps": 4, "count": 2, "seed": 7} | options)
    return await picture_after(person, outcome["seq"])


async def picture_after(person: Person, since: int) -> Image.Image:
    """The picture of the bot's next result."""
    event = await person.wait(
        since, PATIENCE_S, event="message_create", author="bot", attachments=1
    )
    (attachment,) = event["message"]["attachments"]
    assert attachment["content_type"] == "image/png"
    return Image.open(io.BytesIO(await person.control.download(attachment["url"])))


async def no_violations(control: Control) -> None:
    """Nothing that went over the wire differed from Discord's description."""
    assert await control.get("violations") == []


@pytest.mark.timeout(1500)
async def test_teach_type_speak_and_restart(tmp_path: Path) -> None:
    """The main job works end to end, and the same wish gives the same bits after a restart."""
    # What is taught is scored in test_page.py; words are looked for once.
    async with demo(tmp_path, evaluate_training="false") as (program, control):
        owl = control.person("owl", "gallery")
        await teach(owl, "xyz", "temple", settings="company=2, words_first=no")
        await teach(owl, "kar", "forest")
        grid = await imagine(owl, prompt=BOTH)
        assert min(grid.size) >= 256
        await _speak(control)
        await no_violations(control)
        family = program.family()
    assert program.process.returncode == 0, program.text()[-2000:]
    assert await all_gone(family)
    before = _pictures(tmp_path, BOTH, 2)

    async with demo(tmp_path) as (_, control):
        await imagine(control.person("fox", "general"), prompt=BOTH)
    after = _pictures(tmp_path, BOTH, 2)
    assert after == before
    assert {job["state"] for job in jobs(tmp_path)} == {"succeeded"}


async def _speak(control: Control) -> None:
    """A voice message in direct messages: a transcript, a press, a picture."""
    # Direct messages have a library of their own: the names are taught there first.
    owl = control.person("owl", "dm:owl")
    await control.post("dms", {"user": "owl"})
    await teach(owl, "kar", "forest", steps=2, settings="words_first=no")
    spoken = await owl.speak(SAMPLES / "say.ogg")
    card = await owl.wait(
        spoken["seq"], PATIENCE_S, event="message_create", author="bot", contains="<kar>"
    )
    pressed = await owl.press(card["message"], "Imagine")
    await picture_after(owl, pressed["seq"])


def _pictures(folder: Path, prompt: str, count: int) -> list[str]:
    """Content hashes of the newest images of a prompt."""
    found = rows(
        folder,
        "SELECT key FROM images WHERE json_extract(manifest, '$.request.prompt') = ?"
        ' ORDER BY job_id DESC, "index" LIMIT ?',
        prompt,
        count,
    )
    return [row["key"] for row in found]
