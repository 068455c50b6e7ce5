"""/stacks: kept, shown, used in prompts and in the option, forgotten."""

from tests.integration.bot.house import House, text_of


async def test_stacks_from_end_to_end(house: House) -> None:
    """Save, list, show, draw with it both ways, delete."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    await house.teach("Lighthouse", "kar", "forest", owl)
    assert "No stacks are kept" in (await owl.run("stacks list"))["message"]["content"]
    saved = await owl.run("stacks save", {"name": "home", "concepts": "xyz:0.8, kar"})
    assert "`<xyz>` 0.8 · temple\n`<kar>` 1 · forest" in text_of(saved["message"])
    listed = text_of((await owl.run("stacks list"))["message"])
    assert "`<home>` · xyz:0.8, kar:1" in listed
    shown = text_of((await owl.run("stacks show", {"name": "home"}))["message"])
    assert "a photo of <home> at night" in shown
    drawn = text_of(await house.imagine(owl, prompt="<home> at night"))
    assert "`<xyz>` 0.8 (v1) · `<kar>` 1 (v1)" in drawn
    drawn = text_of(await house.imagine(owl, prompt="a cat", concepts="home:0.5"))
    assert "`<xyz>` 0.4 (v1) · `<kar>` 0.5 (v1)" in drawn
    hare = house.person("hare")
    refused = await hare.run("stacks delete", {"name": "home"})
    assert "saved by somebody else" in refused["message"]["content"]
    gone = await owl.run("stacks delete", {"name": "home"})
    assert "`<home>` is forgotten" in gone["message"]["content"]


async def test_stacks_are_offered_beside_concepts(house: House) -> None:
    """Where either may be used, with the saved name; what is saved takes concepts only."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    await owl.run("stacks save", {"name": "xhome", "concepts": "xyz:0.8"})

    async def offered(command: str, option: str, typed: str) -> list[str]:
        body = {"user": "owl", "channel": "general", "command": command, "focused": option}
        answer = await house.control.post("autocomplete", body | {"options": {option: typed}})
        return [choice["value"] for choice in answer["choices"]]

    assert await offered("imagine", "concepts", "x") == ["xyz", "xhome"]
    assert await offered("train", "base_on", "x") == ["xyz", "xhome"]
    assert await offered("stacks save", "concepts", "x") == ["xyz"]
    assert await offered("stacks show", "name", "xh") == ["xhome"]


async def test_a_stack_is_fused_and_used(house: House) -> None:
    """The card says what was kept and how it is used; its words are known with it alone."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    await house.teach("Lighthouse", "kar", "forest", owl)
    await owl.run("stacks save", {"name": "home", "concepts": "xyz:0.8, kar"})
    queued = await owl.run("stacks fuse", {"name": "home", "into": "duo"})
    assert "fusing `<xyz>` and `<kar>` into `<duo>`" in queued["message"]["content"]
    card = text_of(await house.result(owl, queued))
    assert "`<xyz>` v1 · 90% kept · added up 0%" in card
    assert "a photo of <duo>" in card
    drawn = text_of(await house.imagine(owl, prompt="a <duo> at night"))
    assert "`<duo>` 1 (v1)" in drawn
    drawn = text_of(await house.imagine(owl, prompt="<xyz> temple by <kar>", concepts="duo"))
    assert "`<duo>` 1 (v1)" in drawn
    assert "`<xyz>`" not in drawn
    shown = text_of((await owl.run("concepts show", {"name": "duo"}))["message"])
    assert "fused of xyz, kar" in shown
    refused = await owl.run("stacks fuse", {"name": "nothing", "into": "duo"})
    assert "no stack <nothing>" in refused["message"]["content"]
