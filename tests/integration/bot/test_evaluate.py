"""/evaluate from the command to figures, sheets and votes."""

import io
import json
from pathlib import Path

from PIL import Image

from bot.ui.plot import HEIGHT_PX
from core.domain.evaluation import Waypoint
from tests.integration.bot.house import House, controls, text_of, verbs
from tests.integration.bot.test_exchange import file


async def test_a_concept_becomes_a_card_with_figures(house: House) -> None:
    """Status first; then the picture, the words, and a file to repeat it with."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    outcome = await owl.run("evaluate concept", {"name": "xyz", "seeds": 2})
    assert "evaluating `<xyz>` on 24 images" in outcome["message"]["content"]
    card = await house.result(owl, outcome)
    text = text_of(card)
    for part in ("How good is <xyz>?", "looks like the pictures: **80%**", "scored by pocket"):
        assert part in text
    assert verbs(card) == {"try"}
    data = await house.control.download(card["embeds"][0]["image"]["url"])
    assert Image.open(io.BytesIO(data)).width == 1080
    (again,) = card["attachments"]
    repeat = json.loads(await house.control.download(again["url"]))
    assert repeat["request"]["seeds"] == [50, 51]
    assert repeat["report"]["scores"]["scorer"] == "pocket"
    missing = await owl.run("evaluate concept", {"name": "xzy"})
    assert "Did you mean <xyz>?" in missing["message"]["content"]


async def test_a_training_is_plotted_on_its_card_and_on_that_of_its_scores(house: House) -> None:
    """What the checkpoints were worth, as a picture of its own and as part of another."""
    owl = house.person()
    await house.teach("Lighthouse", "kar", "forest", owl)
    house.worker.course = (
        Waypoint(step=50, error=0.2, likeness=0.1),
        Waypoint(step=100, error=0.1, likeness=0.6, kept=True),
    )
    await house.teach("Lighthouse", "xyz", "temple", owl)
    learned = (await owl.messages())[-1]
    names = [file["filename"].split("-")[0] for file in learned["attachments"]]
    assert names == ["concept", "course"]
    heights = []
    for name in ("kar", "xyz"):
        outcome = await owl.run("evaluate concept", {"name": name, "seeds": 2})
        card = await house.result(owl, outcome)
        data = await house.control.download(card["embeds"][0]["image"]["url"])
        heights.append(Image.open(io.BytesIO(data)).height)
    assert heights[1] - heights[0] == HEIGHT_PX


async def test_a_training_that_was_scored_ends_with_the_card_of_its_scores(house: House) -> None:
    """The same picture as of an evaluation, with the plot in it."""
    owl = house.person()
    house.worker.scores_training = True
    house.worker.course = (Waypoint(step=50, likeness=0.1), Waypoint(step=100, likeness=0.6))
    await house.teach("Lighthouse", "xyz", "temple", owl)
    learned = (await owl.messages())[-1]
    assert "looks like the pictures: **80%** [60%–90%]" in text_of(learned)
    assert "4 prompts on 4 seeds; in brackets" in text_of(learned)
    sheet, scores = learned["attachments"]
    assert [sheet["filename"].split("-")[0], scores["filename"].split("-")[0]] == [
        "concept",
        "evaluation",
    ]
    outcome = await owl.run("evaluate concept", {"name": "xyz"})
    asked = (await house.result(owl, outcome))["embeds"][0]["image"]["url"]
    sizes = [
        Image.open(io.BytesIO(await house.control.download(url))).size
        for url in (scores["url"], asked)
    ]
    assert sizes[0] == sizes[1]


async def test_a_version_and_a_way_of_stacking_are_chosen(house: House) -> None:
    """Versions are offered; what is particular is said on the card, and none that is not there."""
    owl = house.person()
    for _ in range(2):
        await house.teach("Lighthouse", "xyz", "temple", owl)
    await house.teach("Lighthouse", "kar", "forest", owl)
    wish = {"name": "xyz", "seeds": 1, "version": 1, "stacking": "sum"}
    card = await house.result(owl, await owl.run("evaluate concept", wish))
    assert "v1 · stacking: sum" in card["embeds"][0]["footer"]["text"]
    gone = await owl.run("evaluate concept", {"name": "xyz", "version": 9})
    assert "no version 9" in text_of(gone["message"])
    both = {"prompt": "xyz temple in kar forest", "stacking": "switch", "negative": "a dog"}
    stack = await house.result(owl, await owl.run("evaluate stack", both))
    assert "stacking: switch" in stack["embeds"][0]["footer"]["text"]
    (again,) = stack["attachments"]
    repeat = json.loads(await house.control.download(again["url"]))["request"]
    assert (repeat["stacking"], repeat["negative_prompt"]) == ("switch", "a dog")
    found = await house.result(owl, await owl.run("evaluate seeds", both | {"count": 4}))
    assert "The best of 4 seeds" in text_of(found)


async def test_a_blind_sheet_of_what_was_taken_in_asks_about_the_prompt(
    house: House, tmp_path: Path
) -> None:
    """There are no pictures to look like, and no strip of them."""
    owl = house.person()
    wish = {"file": "f0", "name": "far", "class": "temple"}
    taken = await owl.run("concepts import", wish, files=file(tmp_path))
    await house.result(owl, taken)
    sheet = await house.result(owl, await owl.run("evaluate blind", {"prompts": "a far temple"}))
    assert sheet["content"].startswith("**Does it show what was asked for?**")
    data = await house.control.download(sheet["attachments"][0]["url"])
    assert Image.open(io.BytesIO(data)).size == (4 * 248 + 8, 2 * 248 + 16)


async def test_a_stack_is_scored_and_seeds_are_searched(house: House) -> None:
    """Names in the prompt as people write them; a found seed can be kept as a favourite."""
    owl = house.person()
    for name, noun in (("xyz", "temple"), ("kar", "forest")):
        await house.teach("Lighthouse", name, noun, owl)
    wish = {"prompt": "xyz temple in kar forest"}
    stack = await house.result(owl, await owl.run("evaluate stack", wish))
    assert "still looks like <kar>" in text_of(stack)
    one = await owl.run("evaluate stack", {"prompt": "xyz temple"})
    assert "/evaluate concept" in one["message"]["content"]
    found = await house.result(owl, await owl.run("evaluate seeds", wish | {"count": 5}))
    assert "The best of 5 seeds" in text_of(found)
    assert "Noted" in text_of((await house.press(owl, found, "good"))["message"])
    bigger = await house.result(owl, await house.press(owl, found, "up"))
    assert "128 × 128" in text_of(bigger)


async def test_people_judge_a_blind_sheet(house: House) -> None:
    """Votes are kept over a restart, and nobody is told what others voted."""
    owl, hare = house.person(), house.person("hare")
    await house.teach("Lighthouse", "xyz", "temple", owl)
    nothing = await owl.run("evaluate results")
    assert "Nobody has judged" in nothing["message"]["content"]
    sheet = await house.result(owl, await owl.run("evaluate blind", {"prompts": "a xyz temple"}))
    assert verbs(sheet) == {"yes", "no", "verdict"}
    voted = await house.press(owl, sheet, "yes")
    assert voted["message"]["content"] == "👍 Noted, thank you."
    assert voted["message"]["flags"] & 64
    await house.stop_bot()
    await house.start_bot()
    await house.press(hare, sheet, "no")
    told = await house.press(owl, sheet, "verdict")
    assert "**50%** [9%–91%] of 2 votes" in text_of(told["message"])
    results = await owl.run("evaluate results", {"name": "xyz"})
    assert "a <xyz> temple" in text_of(results["message"])


async def test_each_concept_of_a_picture_is_drawn_alone(house: House) -> None:
    """One click on a result, after a restart too; a strip's pictures can be looked at and go."""
    owl, hare = house.person(), house.person("hare")
    for name, noun in (("xyz", "temple"), ("kar", "forest")):
        await house.teach("Lighthouse", name, noun, owl)
    assert "solo" not in verbs(await house.imagine(owl, prompt="xyz temple", count=1))
    result = await house.imagine(owl, prompt="xyz temple in kar forest")
    await house.stop_bot()
    await house.start_bot()
    outcome = await house.press(hare, result, "solo")
    assert "each concept alone in" in outcome["message"]["content"]
    strip = await house.result(hare, outcome)
    assert "the others in plain words" in strip["content"]
    data = await house.control.download(strip["attachments"][0]["url"])
    assert Image.open(io.BytesIO(data)).size == (4 * 328 + 8, 370)
    menu = next(control for control in controls(strip) if control["type"] == 3)
    plain = menu["options"][3]
    assert plain["label"] == "plain model"
    close = await house.choose(hare, strip, plain["value"])
    gone = await house.press(hare, close["message"], "del")
    assert gone["message"]["content"] == "Deleted."
    left = await hare.wait(close["seq"], event="message_update", message=strip["id"])
    data = await house.control.download(left["message"]["attachments"][0]["url"])
    assert Image.open(io.BytesIO(data)).size == (3 * 328 + 8, 370)


async def test_favourites_are_kept_listed_drawn_again_and_dropped(house: House) -> None:
    """The best of a search at once and any other by its star; dropping one can be undone."""
    owl, hare = house.person(), house.person("hare")
    empty = await owl.run("evaluate favourites")
    assert "no favourites here yet" in text_of(empty["message"])
    wish = {"prompt": "a red ball", "count": 5}
    found = await house.result(owl, await owl.run("evaluate seeds", wish))
    kept = await house.press(owl, found, "starall")
    assert "4 favourites" in kept["message"]["content"]
    drawn = await house.imagine(hare, prompt="a blue tree", count=1)
    starred = await house.press(owl, drawn, "star")
    assert verbs(starred["message"]) == {"unstar"}
    await house.stop_bot()
    await house.start_bot()
    page = (await owl.run("evaluate favourites"))["message"]
    assert "1–4 of 5" in page["content"]
    assert "a blue tree" in page["content"]
    again = await house.result(owl, await house.press(owl, page, "redraw"))
    assert "a blue tree" in again["content"]
    theirs = (await hare.run("evaluate favourites"))["message"]
    refused = await house.press(hare, theirs, "unstar")
    assert "Only who starred this picture" in text_of(refused["message"])
    dropped = await house.press(owl, page, "unstar")
    undo = await house.next_message(owl, dropped, contains="no favourite any more")
    assert verbs(undo) == {"restar"}
    await house.press(owl, undo, "restar")
    back = (await owl.run("evaluate favourites"))["message"]
    assert "1–4 of 5" in back["content"]
