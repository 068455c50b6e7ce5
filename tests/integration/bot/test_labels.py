"""/concepts alias, tag, unlabel, and what list finds."""

from tests.integration.bot.house import House, text_of


async def test_aliases_and_tags_from_end_to_end(house: House) -> None:
    """Given, shown, searched by, used in a prompt, and taken off again."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    given = await owl.run("concepts alias", {"name": "xyz", "alias": "shrine"})
    assert "also called `<shrine>`" in given["message"]["content"]
    tagged = await owl.run("concepts tag", {"name": "xyz", "tag": "old"})
    assert "`#old`" in tagged["message"]["content"]
    shown = text_of(await house.result(owl, await owl.run("concepts show", {"name": "shrine"})))
    assert "also called `<shrine>`\n`#old`" in shown
    for wanted in ({"tag": "old"}, {"search": "shri"}):
        assert "`<xyz>`" in text_of((await owl.run("concepts list", wanted))["message"])
    nothing = await owl.run("concepts list", {"search": "boat"})
    assert "nothing like `boat`" in nothing["message"]["content"]
    drawn = await house.imagine(owl, prompt="a shrine at night")
    assert "**a <xyz> at night**" in text_of(drawn)
    gone = await owl.run("concepts unlabel", {"name": "xyz", "label": "shrine"})
    assert "also called" not in gone["message"]["content"]


async def test_only_owner_and_moderators_label(house: House) -> None:
    """Others are told whose it is."""
    owl, hare = house.person(), house.person("hare")
    await house.teach("Lighthouse", "xyz", "temple", owl)
    refused = await hare.run("concepts tag", {"name": "xyz", "tag": "mine"})
    assert "belongs to somebody else" in refused["message"]["content"]
