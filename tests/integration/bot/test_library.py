"""/concepts, /jobs, /settings and /help."""

from tests.integration.bot.house import House, text_of, verbs


async def test_concepts_are_listed_shown_renamed_and_tried(house: House) -> None:
    """Each answers with the concept as it is."""
    owl = house.person()
    assert "Nothing has been taught" in text_of((await owl.run("concepts list"))["message"])
    await house.teach("Lighthouse", "xyz", "temple", owl)
    listed = (await owl.run("concepts list"))["message"]
    assert "`<xyz>` · subject · temple · v1" in text_of(listed)
    outcome = await owl.run("concepts show", {"name": "xyz"})
    shown = await house.result(owl, outcome)
    assert "a <xyz> temple" in text_of(shown)
    line = "**v1** ← in use · 2 pictures · dreambooth-lora · 300 steps · 12 s"
    assert line in text_of(shown)
    renamed = await owl.run("concepts rename", {"name": "xyz", "new_name": "zed"})
    assert "`xyz` is called `<zed>` now" in renamed["message"]["content"]
    tried = await house.result(owl, await owl.run("concepts try", {"name": "zed"}))
    assert "**a <zed> temple**" in text_of(tried)
    missing = await owl.run("concepts show", {"name": "zedd"})
    assert "Did you mean <zed>?" in missing["message"]["content"]


async def test_a_deleted_concept_comes_back_by_undo(house: House) -> None:
    """Delete, gone, undo, back."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    deleted = (await owl.run("concepts delete", {"name": "xyz"}))["message"]
    assert "is deleted" in deleted["content"]
    gone = await owl.run("imagine", {"prompt": "a <xyz> temple"})
    assert "There is no concept <xyz>" in gone["message"]["content"]
    undone = await house.press(owl, deleted, "undo")
    assert undone["outcome"] == "update"
    assert "`<xyz>` is back" in undone["message"]["content"]
    assert verbs(undone["message"]) == {"try", "ask"}


async def test_only_owner_and_moderators_change_a_concept(house: House) -> None:
    """Others are told whose it is; the moderator may."""
    owl, hare, fox = (house.person(name) for name in ("owl", "hare", "fox"))
    await house.teach("Lighthouse", "xyz", "temple", owl)
    for command, options in (("rename", {"new_name": "abc"}), ("delete", {})):
        refused = await hare.run(f"concepts {command}", {"name": "xyz", **options})
        assert "belongs to somebody else" in refused["message"]["content"]
        assert refused["message"]["flags"] & 64
    deleted = (await fox.run("concepts delete", {"name": "xyz"}))["message"]
    refused = await house.press(hare, deleted, "undo")
    assert "belongs to somebody else" in refused["message"]["content"]


async def test_jobs_are_listed_with_place_and_cancelled(house: House) -> None:
    """Two wait; one is cancelled by its number, one by the button of its status message."""
    owl = house.person()
    house.worker.open.clear()
    first = await owl.run("imagine", {"prompt": "a red ball"})
    second = await owl.run("imagine", {"prompt": "a blue cat"})
    assert "queued 2nd" in second["message"]["content"]
    listed = (await owl.run("jobs list"))["message"]
    assert "**#1** · queued 1st" in text_of(listed)
    assert "a blue cat" in text_of(listed)
    assert verbs(listed) == {"cancel"}
    pressed = await house.press(owl, first["message"], "cancel")
    assert pressed["outcome"] == "update"
    assert "**#1** · cancelled" in pressed["message"]["content"]
    assert pressed["message"]["components"] == []
    told = await owl.run("jobs cancel", {"number": 2})
    assert "**#2** · cancelled" in told["message"]["content"]
    closed = await house.next_message(
        owl, second, event="message_update", message=second["message"]["id"], contains="cancelled"
    )
    assert closed["components"] == []
    again = await owl.run("jobs cancel", {"number": 2})
    assert "has ended already" in again["message"]["content"]


async def test_a_running_job_is_stopped(house: House) -> None:
    """First "stopping…", then the status message says cancelled."""
    owl = house.person()
    house.worker.finishing.clear()
    outcome = await owl.run("imagine", {"prompt": "a red ball"})
    await house.until_running(1)
    pressed = await house.press(owl, outcome["message"], "cancel")
    assert "stopping…" in pressed["message"]["content"]
    closed = await house.next_message(owl, pressed, event="message_update", contains="cancelled")
    assert closed["id"] == outcome["message"]["id"]


async def test_somebody_elses_job_is_not_ones_own_to_cancel(house: House) -> None:
    """Neither by button nor by number, nor from another guild."""
    owl, hare, badger = house.person(), house.person("hare"), house.person("badger", "bench")
    house.worker.open.clear()
    outcome = await owl.run("imagine", {"prompt": "a red ball"})
    pressed = await house.press(hare, outcome["message"], "cancel")
    assert "Only who started this job" in pressed["message"]["content"]
    crossed = await badger.run("jobs cancel", {"number": 1})
    assert "There is no job 1 here" in crossed["message"]["content"]


async def test_settings_are_for_moderators(house: House) -> None:
    """A moderator reads and changes; Discord does not even show it to others."""
    fox = house.person("fox")
    asks = await fox.run("settings voice_question", {})
    assert "ask before I draw" in asks["message"]["content"]
    changed = await fox.run("settings voice_question", {"ask": False})
    assert "draw at once" in changed["message"]["content"]
    commands = await house.control.get("commands", user="hare", channel="general")
    assert "settings" not in [command["name"] for command in commands]


async def test_help_leads_to_everything(house: House) -> None:
    """Its buttons open the form for a prompt, the form for teaching, and the library."""
    owl = house.person("owl", "dm:owl")
    card = (await owl.run("help"))["message"]
    assert "/train" in text_of(card)
    assert (await house.press(owl, card, "ask"))["outcome"] == "modal"
    assert (await house.press(owl, card, "teach"))["outcome"] == "modal"
    assert "Nothing has been taught" in text_of(
        (await house.press(owl, card, "library"))["message"]
    )
