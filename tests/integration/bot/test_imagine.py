"""/imagine from command to pictures."""

from tests.integration.bot.house import House, text_of


async def test_a_prompt_becomes_a_message_with_pictures(house: House) -> None:
    """The wish is acknowledged with its place, then four pictures come and the status goes."""
    owl = house.person()
    outcome = await owl.run("imagine", {"prompt": "a red ball", "seed": 7})
    assert outcome["outcome"] == "message"
    assert "**#1** · queued 1st" in outcome["message"]["content"]
    message = await house.result(owl, outcome)
    assert [a["filename"] for a in message["attachments"]] == ["atelier-1.png"]
    assert "seeds 1: `7` · 2: `8` · 3: `9` · 4: `10`" in text_of(message)
    gone = await owl.wait(outcome["seq"], event="message_delete")
    assert gone["message_id"] == outcome["message"]["id"]
