"""/edit from command to pictures."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.integration.bot.house import House, text_of
from tests.unit.bot.files import noise, saved


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Part name → file: a picture, a mask, a picture with a hole, and a black mask."""
    holed = noise(2).convert("RGBA")
    holed.paste((0, 0, 0, 0), (8, 8, 24, 24))
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (16, 16, 48, 48))
    made = {"f0": noise(1), "f1": mask, "f2": holed, "f3": Image.new("L", (64, 64), 0)}
    for name, picture in made.items():
        (tmp_path / f"{name}.png").write_bytes(saved(picture, "PNG"))
    return {name: tmp_path / f"{name}.png" for name in made}


async def test_all_options_reach_the_job(house: House, files: dict[str, Path]) -> None:
    """Picture and mask are in storage, and the job names them."""
    owl = house.person()
    options = {
        "image": "f0",
        "mask": "f1",
        "prompt": "a red door",
        "negative": "rain",
        "strength": 0.8,
        "count": 2,
        "seed": 3,
        "steps": 9,
        "guidance": 5.5,
        "sampler": "euler",
    }
    message = await house.result(owl, await owl.run("edit", options, files=files))
    assert "**a red door**" in text_of(message)
    request = (await house.services.jobs.get(house.guild_id("Lighthouse"), 1)).request
    assert request.start.strength == 0.8
    assert Image.open(io.BytesIO(house.storage.get(request.start.key))).size == (64, 64)
    assert Image.open(io.BytesIO(house.storage.get(request.mask))).mode == "L"
    assert (request.seeds, request.num_inference_steps) == ((3, 4), 9)
    assert (request.guidance_scale, request.sampler, request.expand) == (5.5, "euler", None)
    shown = (await house.press(owl, message, "infoall"))["message"]
    assert "strength 0.8 · in part" in text_of(shown)


async def test_strength_is_chosen_by_what_is_asked(house: House, files: dict[str, Path]) -> None:
    """What is made anew forgets what was there; a whole picture is only led away from."""
    owl, guild = house.person(), house.guild_id("Lighthouse")
    wishes: list[tuple[dict[str, str], float]] = [
        ({"image": "f0"}, 0.65),
        ({"image": "f0", "mask": "f1"}, 1),
        ({"image": "f2"}, 1),
        ({"image": "f0", "expand": "right"}, 0.85),
    ]
    for number, (options, strength) in enumerate(wishes, start=1):
        outcome = await owl.run("edit", {"prompt": "a red ball", **options}, files=files)
        await house.result(owl, outcome)
        request = (await house.services.jobs.get(guild, number)).request
        assert request.start.strength == strength
    assert request.expand.right == 0.5


async def test_without_a_prompt_a_form_asks_for_it(house: House, files: dict[str, Path]) -> None:
    """The picture is kept while the person writes."""
    owl = house.person()
    outcome = await owl.run("edit", {"image": "f0", "expand": "around"}, files=files)
    assert outcome["outcome"] == "modal"
    sent = await owl.submit(outcome["modal"], {"prompt": "a green cat", "negative": ""})
    message = await house.result(owl, sent)
    assert "**a green cat**" in text_of(message)
    request = (await house.services.jobs.get(house.guild_id("Lighthouse"), 1)).request
    assert request.expand.left == 0.25


async def test_a_form_that_outlived_the_bot_says_so(house: House, files: dict[str, Path]) -> None:
    """Its picture is gone; the person is told to begin again."""
    owl = house.person()
    outcome = await owl.run("edit", {"image": "f0"}, files=files)
    await house.stop_bot()
    await house.start_bot()
    sent = await owl.submit(outcome["modal"], {"prompt": "a green cat", "negative": ""})
    assert "lost its picture" in sent["message"]["content"]


async def test_files_that_cannot_be_used_are_named(house: House, files: dict[str, Path]) -> None:
    """A mask without white, a text file: a sentence, and no job."""
    owl = house.person()
    files["f4"] = files["f0"].with_name("notes.txt")
    files["f4"].write_text("hello")
    for options, words in (
        ({"image": "f0", "mask": "f3"}, "has no white in it"),
        ({"image": "f4"}, "is not a picture"),
    ):
        outcome = await owl.run("edit", {"prompt": "a", **options}, files=files)
        answer = await house.next_message(owl, outcome)
        assert words in answer["content"]
    assert await house.services.jobs.active() == []
