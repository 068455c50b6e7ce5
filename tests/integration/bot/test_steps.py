"""Other steps of a training: to look at, and to keep one of them too."""

import shutil
from pathlib import Path

from core.domain.evaluation import Waypoint
from core.domain.requests import TrainRequest
from tests.integration.bot.house import House, controls, pictures, text_of, verbs
from tests.person import Answer, Person

COURSE = (
    Waypoint(step=100, error=0.5, likeness=0.25),
    Waypoint(step=200, error=0.25, likeness=0.5, alignment=0.75),
    Waypoint(step=300, error=0.2, kept=True),
)


async def learned(house: House, person: Person, folder: Path) -> Answer:
    """The card of a version whose training went by three checkpoints."""
    house.worker.steps, house.worker.course = (100, 200, 300), COURSE
    wish = {"name": "xyz", "class": "temple", "image1": "f0", "image2": "f1"}
    outcome = await person.run("train", wish, files=pictures(folder, 2))
    return await house.result(person, outcome)


async def test_another_step_is_looked_at_and_kept(house: House, tmp_path: Path) -> None:
    """Its figures are in the menu, what it drew is on a sheet; after a restart of the bot too."""
    owl = house.person()
    card = await learned(house, owl, tmp_path)
    assert "steps" in verbs(card)
    await house.stop_bot()
    await house.start_bot()
    shown = (await house.press(owl, card, "steps"))["message"]
    assert shown["flags"] & 64
    assert "v1 is step 300 of its training" in shown["content"]
    assert [one["filename"] for one in shown["attachments"]] == ["steps-1-v1.png"]
    (menu,) = controls(shown)
    assert [(one["value"], one["description"]) for one in menu["options"]] == [
        ("100", "error 0.500 · looks like the pictures 25%"),
        ("200", "error 0.250 · looks like the pictures 50% · follows the prompt 75%"),
    ]
    second = await house.result(owl, await house.choose(owl, shown, "200"))
    assert "version 2" in text_of(second)
    assert "Step 200 of 300 was chosen by hand." in text_of(second)
    assert "steps" not in verbs(second)
    listed = (await owl.run("concepts show", {"name": "xyz"}))["message"]
    assert "step 200 of 300" in text_of(listed)
    assert "steps" not in verbs(listed)


async def test_steps_are_found_in_the_library_too(house: House, tmp_path: Path) -> None:
    """Under each version that has some, long after the message that told of it has gone by."""
    owl = house.person()
    await learned(house, owl, tmp_path)
    listed = (await owl.run("concepts show", {"name": "xyz"}))["message"]
    shown = (await house.press(owl, listed, "steps"))["message"]
    await house.result(owl, await house.choose(owl, shown, "200"))
    first = (await owl.run("concepts show", {"name": "xyz", "version": 1}))["message"]
    assert "steps" in verbs(first)


async def test_a_chosen_step_is_what_was_learned_then(house: House, tmp_path: Path) -> None:
    """By the same pictures and recipe; trained again, it is taught."""
    owl = house.person()
    card = await learned(house, owl, tmp_path)
    shown = (await house.press(owl, card, "steps"))["message"]
    second = await house.result(owl, await house.choose(owl, shown, "100"))
    jobs, guild = house.services.jobs, house.guild_id("Lighthouse")
    first, chosen = [(await jobs.get(guild, job_id)).request for job_id in (1, 2)]
    assert isinstance(first, TrainRequest)
    assert isinstance(chosen, TrainRequest)
    assert chosen.learned is not None
    assert house.storage.get(chosen.learned.artifact) == b"step 100"
    assert chosen.model_copy(update={"learned": None, "recipe": None}) == first
    form = (await house.press(owl, second, "retrain"))["modal"]
    third = await house.result(owl, await owl.submit(form, {"settings": "batch=2"}))
    assert "version 3" in text_of(third)
    again = (await jobs.get(guild, 3)).request
    assert isinstance(again, TrainRequest)
    assert (again.learned, again.recipe, again.settings) == (None, None, {"batch": 2})


async def test_somebody_elses_step_can_be_looked_at_only(house: House, tmp_path: Path) -> None:
    """As with every version: its owner makes the next one."""
    owl, hare = house.person(), house.person("hare")
    card = await learned(house, owl, tmp_path)
    shown = (await house.press(hare, card, "steps"))["message"]
    refused = await house.choose(hare, shown, "100")
    assert "belongs to somebody else" in refused["message"]["content"]


async def test_steps_that_were_let_go_are_told_of(house: House, tmp_path: Path) -> None:
    """Under the card, and in a menu that is still open."""
    owl = house.person()
    card = await learned(house, owl, tmp_path)
    shown = (await house.press(owl, card, "steps"))["message"]
    shutil.rmtree(next(tmp_path.rglob("notes")))
    gone = await house.choose(owl, shown, "100")
    assert "Step 100 was let go" in gone["message"]["content"]
    assert "Train again with 100 steps." in gone["message"]["content"]
    gone = await house.press(owl, card, "steps")
    assert "were let go" in gone["message"]["content"]


async def test_where_there_is_but_one_step_there_is_nothing_to_choose(
    house: House, tmp_path: Path
) -> None:
    """No button for it."""
    owl = house.person()
    house.worker.steps = (300,)
    wish = {"name": "xyz", "class": "temple", "image1": "f0", "image2": "f1"}
    outcome = await owl.run("train", wish, files=pictures(tmp_path, 2))
    assert "steps" not in verbs(await house.result(owl, outcome))
