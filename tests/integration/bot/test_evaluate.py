"""/evaluate from the command to figures, sheets and votes."""

import io
import json

from PIL import Image

from tests.integration.bot.house import House, text_of, verbs


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
