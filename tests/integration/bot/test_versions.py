"""/concepts show, use and compare: the versions of a concept."""

from tests.integration.bot.house import House, text_of


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
    shown = text_of(await house.result(owl, await owl.run("concepts show", {"name": "xyz"})))
    assert "**v1** ← in use" in shown
    drawn = await house.imagine(owl, prompt="a <xyz> temple")
    assert "`<xyz>` 1 (v1)" in text_of(drawn)
    hare = house.person("hare")
    refused = await hare.run("concepts use", {"name": "xyz", "version": 2})
    assert "belongs to somebody else" in refused["message"]["content"]


async def test_two_versions_are_drawn_side_by_side(house: House) -> None:
    """Two results of one picture on the same seed."""
    owl = await twice_taught(house)
    options = {"name": "xyz", "first": 1, "second": 2, "seed": 5}
    outcome = await owl.run("concepts compare", options)
    for number in (1, 2):
        event = await owl.wait(outcome["seq"], author="bot", attachments=1, contains=f"(v{number})")
        assert "seed `5`" in text_of(event["message"])
