"""/concepts show, use and compare: the versions of a concept."""

import io

from PIL import Image

from core.domain.requests import TrainRequest
from tests.integration.bot.house import House, controls, pictures, text_of


async def twice_taught(house: House):
    owl = house.person()
    for _ in range(2):
        await house.teach("Lighthouse", "xyz", "temple", owl)
    return owl


async def test_versions_are_listed_and_rolled_back(house: House) -> None:
    """Number, hash, recipe and seconds of each; the one in use is marked."""
    owl = await twice_taught(house)
    shown = text_of(await house.result(owl, await owl.run("concepts show", {"name": "xyz"})))
    assert "**v2** ← in use · 2 pictures" in shown
    assert "**v1** · 2 pictures" in shown
    assert "300 steps · 12 s" in shown
    used = await owl.run("concepts use", {"name": "xyz", "version": 1})
    assert "`<xyz>` is at version 1 now" in used["message"]["content"]
    card = await house.result(owl, await owl.run("concepts show", {"name": "xyz"}))
    assert "**v1** ← in use" in text_of(card)
    assert card["attachments"][0]["filename"] == "concept-1-v1.png"
    drawn = await house.imagine(owl, prompt="a <xyz> temple")
    assert "`<xyz>` 1 (v1)" in text_of(drawn)
    hare = house.person("hare")
    refused = await hare.run("concepts use", {"name": "xyz", "version": 2})
    assert "belongs to somebody else" in refused["message"]["content"]


async def test_a_version_s_recipe_can_be_typed_again(house: House) -> None:
    """With its seed, on the card of the training and on the concept's; of an older one too."""
    owl = house.person()
    files = pictures(house.folder, 1)
    wish = {"name": "xyz", "class": "temple", "image1": "f0"}
    seeds = []
    for settings in ("rank=8", "seed=5, rank=8"):
        outcome = await owl.run("train", wish | {"settings": settings}, files=files)
        learned = text_of(await house.result(owl, outcome))
        number = len(seeds) + 1
        request = (await house.services.jobs.get(house.guild_id("Lighthouse"), number)).request
        assert isinstance(request, TrainRequest)
        seeds.append(request.seed)
        line = f"`method:dreambooth-lora steps:300 settings:rank=8, seed={request.seed}`"
        assert f"Recipe of v{number} {line}" in learned
        shown = await house.result(owl, await owl.run("concepts show", {"name": "xyz"}))
        assert f"Recipe of v{number} {line}" in text_of(shown)
    older = await house.result(owl, await owl.run("concepts show", {"name": "xyz", "version": 1}))
    assert f"settings:rank=8, seed={seeds[0]}`" in text_of(older)
    assert older["attachments"][0]["filename"] == "concept-1-v1.png"
    missing = await owl.run("concepts show", {"name": "xyz", "version": 9})
    assert "has no version 9" in missing["message"]["content"]


async def test_scores_are_shown_with_the_concept_and_compared(house: House) -> None:
    """An evaluation on the usual prompts is on both cards; a version without one says so."""
    owl = await twice_taught(house)
    await house.result(owl, await owl.run("evaluate concept", {"name": "xyz"}))
    shown = text_of(await house.result(owl, await owl.run("concepts show", {"name": "xyz"})))
    assert "How good is v2? 🟡 looks like the pictures: **80%**" in shown
    assert "4 prompts on 4 seeds, scored by pocket" in shown
    options = {"name": "xyz", "first": 1, "second": 2}
    sheet = await house.result(owl, await owl.run("concepts compare", options))
    one, two = sheet["embeds"][0]["fields"]
    assert (one["name"], two["name"]) == ("v1", "v2")
    assert one["value"].startswith("not scored\n`settings:seed=")
    assert two["value"].startswith("🟡 looks like the pictures: **80%**")


async def test_two_versions_are_drawn_side_by_side(house: House) -> None:
    """One sheet with a row each; a click puts one to use, after a restart too; pictures can go."""
    owl, hare = await twice_taught(house), house.person("hare")
    options = {"name": "xyz", "first": 1, "second": 2, "seed": 5}
    outcome = await owl.run("concepts compare", options)
    assert "comparing versions in" in outcome["message"]["content"]
    sheet = await house.result(owl, outcome)
    assert "`<xyz>` v1, below it v2 · the same seeds in each row" in text_of(sheet)
    assert "seeds from `5`" in text_of(sheet)
    assert await rows_of(house, sheet) == 2
    await house.stop_bot()
    await house.start_bot()
    refused = await house.press(hare, sheet, "useversion")
    assert "belongs to somebody else" in refused["message"]["content"]
    used = await house.press(owl, sheet, "useversion")
    assert "`<xyz>` is at version 1 now" in used["message"]["content"]
    menu = next(control for control in controls(sheet) if control["type"] == 3)
    assert [option["label"] for option in menu["options"]] == [
        f"v{number}, seed {seed}" for number in (1, 2) for seed in (5, 6, 7, 8)
    ]
    for option in menu["options"][4:]:
        close = await house.choose(owl, sheet, option["value"])
        await house.press(owl, close["message"], "del")
        left = await owl.wait(close["seq"], event="message_update", message=sheet["id"])
    assert await rows_of(house, left["message"]) == 1
    assert [field["name"] for field in left["message"]["embeds"][0]["fields"]] == ["v1", "v2"]


async def rows_of(house: House, message) -> int:
    """How many rows of four pictures a sheet has."""
    data = await house.control.download(message["attachments"][0]["url"])
    width, height = Image.open(io.BytesIO(data)).size
    assert width == 4 * 232 + 8
    return (height - 8) // 274
