"""The buttons of a training: once more, and to its end now."""

from pathlib import Path

from core.domain.jobs import JobState, Progress
from core.domain.requests import TrainRequest
from tests.integration.bot.house import House, pictures, text_of, verbs
from tests.person import Answer, Person

WISH = {"name": "xyz", "class": "temple", "image1": "f0", "image2": "f1"}


async def teach(house: House, person: Person, folder: Path, **options: object) -> Answer:
    """Run /train; what came of it."""
    return await person.run("train", WISH | options, files=pictures(folder, 2))


async def asked(house: House, job_id: int) -> TrainRequest:
    """What a job was asked to teach."""
    request = (await house.services.jobs.get(house.guild_id("Lighthouse"), job_id)).request
    assert isinstance(request, TrainRequest)
    return request


async def test_a_training_that_failed_is_begun_again_by_a_button(
    house: House, tmp_path: Path
) -> None:
    """With pictures, words and settings as they were, after a restart of the bot too."""
    owl = house.person()
    house.worker.failure = "There was no room."
    outcome = await teach(
        house, owl, tmp_path, caption="on a hill, at dusk", method="pivotal",
        settings='rank=16, begins_as="a cat, striped"', steps=40,
    )  # fmt: skip
    failed = await house.next_message(owl, outcome, contains="could not be done")
    assert verbs(failed) == {"retrain"}
    house.worker.failure = None
    await house.stop_bot()
    await house.start_bot()
    card = await house.result(owl, await house.press(owl, failed, "retrain"))
    assert "I know `<xyz>` now" in text_of(card)
    assert "version 1" in text_of(card)
    assert await asked(house, 2) == await asked(house, 1)


async def test_a_cancelled_training_can_be_begun_again(house: House, tmp_path: Path) -> None:
    """From the message that says that it was cancelled."""
    owl = house.person()
    house.worker.open.clear()
    queued = await house.next_message(owl, await teach(house, owl, tmp_path), contains="queued")
    pressed = await house.press(owl, queued, "cancel")
    closed = await house.next_message(owl, pressed, event="message_update", contains="cancelled")
    assert verbs(closed) == {"retrain"}
    house.worker.open.set()
    card = await house.result(owl, await house.press(owl, closed, "retrain"))
    assert "2 pictures" in text_of(card)


async def test_a_version_is_made_again_with_one_thing_changed(house: House, tmp_path: Path) -> None:
    """A form holds steps and settings; what was changed makes a new version with the same seed."""
    owl = house.person()
    outcome = await teach(house, owl, tmp_path, method="pivotal", settings="rank=16, ema=0.5")
    card = await house.result(owl, outcome)
    form = (await house.press(owl, card, "retrain"))["modal"]
    filled = {
        field["component"]["custom_id"]: field["component"].get("value")
        for field in form["components"]
    }
    assert filled == {"steps": "300", "settings": "rank=16, ema=0.5"}
    sent = await owl.submit(form, {"settings": "rank=4, ema=0.5"})
    assert "version 2" in text_of(await house.result(owl, sent))
    first, second = await asked(house, 1), await asked(house, 2)
    assert second.settings == {"rank": 4, "ema": 0.5}
    changed = {"settings": second.settings, "steps": 300}
    assert second == first.model_copy(update=changed)


async def test_the_form_works_after_a_restart_and_says_what_is_wrong(
    house: House, tmp_path: Path
) -> None:
    """It is known by its custom id alone; what cannot be used starts nothing."""
    owl = house.person()
    card = await house.result(owl, await teach(house, owl, tmp_path))
    form = (await house.press(owl, card, "retrain"))["modal"]
    await house.stop_bot()
    await house.start_bot()
    for values, says in (
        ({"steps": "many"}, "The steps are a whole number"),
        ({"steps": "99999"}, "between 1 and 20000"),
        ({"settings": "speed=3"}, "There is no such setting"),
        ({"settings": 'begins_as="a cat'}, "is not closed"),
    ):
        refused = await owl.submit(form, values)
        form = (await house.press(owl, card, "retrain"))["modal"]
        assert says in refused["message"]["content"]
        assert refused["message"]["flags"] & 64
    sent = await owl.submit(form, {"steps": "", "settings": "batch=2"})
    assert "version 2" in text_of(await house.result(owl, sent))
    assert (await asked(house, 2)).steps is None


async def test_nothing_changed_gets_another_seed(house: House, tmp_path: Path) -> None:
    """The same would come out else; the card says so."""
    owl = house.person()
    card = await house.result(owl, await teach(house, owl, tmp_path))
    house.worker.open.clear()
    form = (await house.press(owl, card, "retrain"))["modal"]
    queued = await owl.submit(form, {})
    assert "learns with another seed" in queued["message"]["content"]
    assert (await asked(house, 1)).seed != (await asked(house, 2)).seed


async def test_somebody_elses_training_is_not_begun_again(house: House, tmp_path: Path) -> None:
    """As with /train: the concept has an owner, and only one training at a time."""
    owl, hare = house.person(), house.person("hare")
    house.worker.failure = "There was no room."
    outcome = await teach(house, owl, tmp_path)
    failed = await house.next_message(owl, outcome, contains="could not be done")
    refused = await house.press(hare, failed, "retrain")
    assert "belongs to somebody else" in refused["message"]["content"]
    house.worker.open.clear()
    await house.press(owl, failed, "retrain")
    twice = await house.press(owl, failed, "retrain")
    assert "is being trained right now" in twice["message"]["content"]


async def test_a_training_is_ended_early_and_kept(house: House, tmp_path: Path) -> None:
    """The button is there once something was learned; the card says at which step it ended."""
    owl, hare = house.person(), house.person("hare")
    house.worker.finishing.clear()
    house.worker.progress = Progress(75, 300, "learning")
    outcome = await teach(house, owl, tmp_path)
    shown = await house.next_message(owl, outcome, event="message_update", contains="25%")
    refused = await house.press(hare, shown, "endearly")
    assert "Only who started this job or a moderator can end it" in refused["message"]["content"]
    pressed = await house.press(owl, shown, "endearly")
    assert "what it has learned by now is kept" in pressed["message"]["content"]
    assert verbs(pressed["message"]) == {"cancel"}
    card = text_of(await house.result(owl, pressed))
    assert "It was ended early, at step 75 of 300." in card
    assert "I know `<xyz>` now" in card


async def test_what_has_not_begun_to_learn_is_only_cancelled(house: House, tmp_path: Path) -> None:
    """Before the first step there is no such button; one that is pressed all the same cancels."""
    owl = house.person()
    house.worker.finishing.clear()
    outcome = await teach(house, owl, tmp_path)
    queued = await house.next_message(owl, outcome, contains="#1")
    assert verbs(queued) == {"cancel"}
    await house.until_running(1)
    await house.forged(owl, queued, "a:endearly:1")
    await house.until_ended(1)
    job = await house.services.jobs.get(house.guild_id("Lighthouse"), 1)
    assert job.state is JobState.CANCELLED
