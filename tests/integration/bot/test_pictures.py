"""Every button below finished pictures."""

import io
import json

from PIL import Image

from tests.integration.bot.house import House, controls, text_of, verbs


async def test_a_grid_offers_every_verb_for_each_and_for_all(house: House) -> None:
    """Rows for each picture, a menu to look closer, and buttons for all."""
    owl = house.person()
    grid = await house.imagine(owl)
    assert verbs(grid) == {"up", "vary", "good", "star", "redo", "infoall", "delall", "look"}
    close = await house.choose(owl, grid, "2")
    assert close["message"]["flags"] & 64
    around = {"zoom", "panleft", "panright", "panup", "pandown"}
    near = {"up", "vary", "like", "redoone", "good", "star", "bad", "info", "del"}
    assert verbs(close["message"]) == near | around
    every = await house.choose(owl, grid, "all")
    assert verbs(every["message"]) == {
        "upall",
        "varyall",
        "likeall",
        "redo",
        "goodall",
        "starall",
        "badall",
        "infoall",
        "delall",
    }


async def test_vary_upscale_more_and_redo_make_new_jobs(house: House) -> None:
    """Each answers with a new job whose request comes from the picture."""
    owl, guild = house.person(), house.guild_id("Lighthouse")
    grid = await house.imagine(owl, seed=7)
    close = (await house.choose(owl, grid, "1"))["message"]
    requests = {}
    for number, verb in enumerate(("up", "vary", "like"), start=2):
        await house.result(owl, await house.press(owl, close, verb))
        requests[verb] = (await house.services.jobs.get(guild, number)).request
    await house.result(owl, await house.press(owl, grid, "redo"))
    assert (requests["up"].width_px, requests["up"].seeds) == (128, (7,))
    assert requests["vary"].variation is not None
    assert requests["like"].start is not None
    redone = (await house.services.jobs.get(guild, 5)).request
    assert redone.prompt == "a red ball"
    assert redone.seeds != (7, 8, 9, 10)
    await house.result(owl, await house.press(owl, close, "redoone"))
    alone = (await house.services.jobs.get(guild, 6)).request
    assert (alone.prompt, len(alone.seeds)) == ("a red ball", 1)
    assert alone.seeds != (7,)


async def test_zooming_and_panning_draw_on_beyond_the_picture(house: House) -> None:
    """Each arrow has its side, zooming out all four; the picture is what the canvas is around."""
    owl, guild = house.person(), house.guild_id("Lighthouse")
    single = await house.imagine(owl, count=1)
    key = (await house.services.gallery.of_job(1))[0].key
    sides = {"zoom": 0.25, "panleft": 0.5, "panright": 0.5, "panup": 0.5, "pandown": 0.5}
    for number, (verb, share) in enumerate(sides.items(), start=2):
        await house.result(owl, await house.press(owl, single, verb))
        request = (await house.services.jobs.get(guild, number)).request
        margins = request.expand.model_dump()
        grown = {side for side, room in margins.items() if room == share}
        assert request.start.key == key
        assert (request.width_px, len(request.seeds)) == (None, 4)
        expected = {"panup": {"top"}, "pandown": {"bottom"}, "zoom": set(margins)}
        assert grown == expected.get(verb, {verb.removeprefix("pan")})


async def test_a_verb_for_all_makes_a_job_for_each(house: House) -> None:
    """Upscale all: as many jobs as there are pictures."""
    owl = house.person()
    grid = await house.imagine(owl, count=2)
    every = (await house.choose(owl, grid, "all"))["message"]
    outcome = await house.press(owl, every, "upall")
    assert outcome["outcome"] == "message"
    first = await house.result(owl, outcome)
    assert "128 × 128" in text_of(first)
    await owl.wait(
        outcome["seq"], event="message_create", author="bot", contains="#3", attachments=1
    )


async def test_details_show_the_manifest_and_make_it_again(house: House) -> None:
    """The file holds all that is needed; the button beside it makes the same picture."""
    owl = house.person()
    single = await house.imagine(owl, count=1, seed=7)
    shown = (await house.press(owl, single, "info"))["message"]
    assert shown["flags"] & 64
    assert [a["filename"] for a in shown["attachments"]] == ["manifest.json"]
    manifest = json.loads(await house.control.download(shown["attachments"][0]["url"]))
    assert manifest["request"]["seeds"] == [7]
    again = await house.result(owl, await house.press(owl, shown, "again"))
    assert "seed `7`" in text_of(again)
    first, second = [
        Image.open(io.BytesIO(await house.control.download(m["attachments"][0]["url"])))
        for m in (single, again)
    ]
    assert first.tobytes() == second.tobytes()


async def test_details_of_all_pictures_bring_every_manifest(house: House) -> None:
    """One file a picture."""
    owl = house.person()
    shown = (await house.press(owl, await house.imagine(owl), "infoall"))["message"]
    assert [a["filename"] for a in shown["attachments"]] == [
        f"manifest-{number}.json" for number in (1, 2, 3, 4)
    ]


async def test_ratings_are_kept_for_each_person(house: House) -> None:
    """A second opinion adds up; changing one's mind does not count twice."""
    owl, fox = house.person(), house.person("fox")
    grid = await house.imagine(owl)
    await house.press(owl, grid, "good")
    answer = await house.press(fox, grid, "good")
    assert "👍 2 · 👎 0" in answer["message"]["content"]
    close = (await house.choose(fox, grid, "1"))["message"]
    answer = await house.press(fox, close, "bad")
    assert "👍 1 · 👎 1" in answer["message"]["content"]
    every = (await house.choose(fox, grid, "all"))["message"]
    assert "all 4" in (await house.press(fox, every, "goodall"))["message"]["content"]


async def test_deleting_one_picture_redraws_the_grid_without_it(house: House) -> None:
    """Three pictures are left, in the message and on its buttons."""
    owl = house.person()
    grid = await house.imagine(owl, seed=7)
    close = (await house.choose(owl, grid, "2"))["message"]
    outcome = await house.press(owl, close, "del")
    changed = await house.next_message(owl, outcome, event="message_update", message=grid["id"])
    assert "1: `7` · 3: `9` · 4: `10`" in text_of(changed)
    assert [c["custom_id"] for c in controls(changed)][:3] == ["a:up:1", "a:up:3", "a:up:4"]
    gone = await house.press(owl, close, "up")
    assert gone["message"]["flags"] & 64


async def test_deleting_all_pictures_removes_the_message(house: House) -> None:
    """Nothing is left of it, and the other buttons say so."""
    owl = house.person()
    grid = await house.imagine(owl)
    every = (await house.choose(owl, grid, "all"))["message"]
    outcome = await house.press(owl, grid, "delall")
    gone = await owl.wait(outcome["seq"], event="message_delete")
    assert gone["message_id"] == grid["id"]
    answer = await house.press(owl, every, "infoall")
    assert "have been deleted" in answer["message"]["content"]


async def test_only_the_owner_or_a_moderator_deletes(house: House) -> None:
    """A stranger is told; a moderator may."""
    owl, hare, fox = house.person(), house.person("hare"), house.person("fox")
    single = await house.imagine(owl, count=1)
    answer = await house.press(hare, single, "del")
    assert answer["message"]["flags"] & 64
    assert len(await house.services.gallery.of_job(1)) == 1
    outcome = await house.press(fox, single, "del")
    assert (await fox.wait(outcome["seq"], event="message_delete"))["message_id"] == single["id"]


async def test_another_guilds_pictures_are_out_of_reach(house: House) -> None:
    """A custom id that is carried over by hand finds nothing in the other guild."""
    owl, badger = house.person(), house.person("badger", "bench")
    await house.imagine(owl, count=1)
    own = await house.imagine(badger, count=1)
    for verb in ("up", "info", "good", "del"):
        crossed = await house.forged(badger, own, f"a:{verb}:1")
        assert crossed["message"]["flags"] & 64
        assert "no" in crossed["message"]["content"].lower()
    for verb in ("redo", "infoall", "delall", "upall"):
        crossed = await house.forged(badger, own, f"a:{verb}:1")
        assert "There is no job 1 here" in crossed["message"]["content"]


async def test_controls_that_nobody_knows_get_a_sentence(house: House) -> None:
    """Unknown verbs, foreign shapes and numbers of things that never were."""
    owl = house.person()
    single = await house.imagine(owl, count=1)
    for custom_id in (
        "a:nonsense:1",
        "foreign",
        "a:up:999999",
        "a:try:999",
        "a:say:77",
        "a:edit:9",
    ):
        answer = await house.forged(owl, single, custom_id)
        assert answer["outcome"] == "message", custom_id
        assert answer["message"]["flags"] & 64
        assert "wrong" not in answer["message"]["content"], custom_id
