"""/imagine from command to pictures."""

import io

from PIL import Image

from tests.integration.bot.house import House, pictures, text_of, verbs


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
    data = await house.control.download(message["attachments"][0]["url"])
    assert Image.open(io.BytesIO(data)).size == (664, 732)


async def test_all_options_reach_the_job(house: House) -> None:
    """What was asked for is in the job's row, word for word."""
    owl = house.person()
    await house.teach("Lighthouse", "kar", "forest", owl)
    options = {
        "prompt": "a house",
        "negative": "blurry",
        "count": 2,
        "seed": 3,
        "steps": 9,
        "guidance": 5.5,
        "aspect": "3:2",
        "sampler": "dpmpp_2m_karras",
        "concepts": "kar:0.7",
        "stacking": "sum",
        "exact": True,
    }
    await house.result(owl, await owl.run("imagine", options))
    job = await house.services.jobs.get(house.guild_id("Lighthouse"), 2)
    request = job.request.model_dump(mode="json")
    assert request["prompt"] == "<kar> forest, a house"
    assert request["stack"][0]["weight"] == 0.7
    assert request["seeds"] == [3, 4]
    expected = {
        "negative_prompt": "blurry",
        "num_inference_steps": 9,
        "guidance_scale": 5.5,
        "aspect": "3:2",
        "sampler": "dpmpp_2m_karras",
        "stacking": "sum",
        "exact": True,
    }
    assert {name: request[name] for name in expected} == expected


async def test_without_a_prompt_a_form_asks_for_it(house: House) -> None:
    """The other options are kept while the person writes."""
    owl = house.person()
    outcome = await owl.run("imagine", {"count": 1})
    assert outcome["outcome"] == "modal"
    sent = await owl.submit(outcome["modal"], {"prompt": "a green cat", "negative": "rain"})
    assert sent["outcome"] == "message"
    message = await house.result(owl, sent)
    assert "**a green cat**" in text_of(message)
    assert "without rain" in text_of(message)
    assert "up" in verbs(message)
    assert "look" not in verbs(message), "one picture needs no menu"


async def test_a_wish_that_cannot_be_taken_is_explained_to_the_person_alone(house: House) -> None:
    """Unknown concepts, bad weights, both kinds of input: a sentence, ephemeral, and no job."""
    owl = house.person()
    for options, words in (
        ({"prompt": "a <nope> temple"}, "There is no concept"),
        ({"prompt": "a temple", "concepts": "kar:9"}, "I cannot read the weight"),
        ({"prompt": "a temple", "concepts": "!!"}, "A concept's name is"),
    ):
        outcome = await owl.run("imagine", options)
        assert outcome["message"]["flags"] & 64
        assert words in outcome["message"]["content"]
    assert await house.services.jobs.active() == []


async def test_concepts_are_completed_from_the_own_guild_only(house: House) -> None:
    """The last name of a list with commas is completed; another guild's names never appear."""
    owl, badger = house.person(), house.person("badger", "bench")
    await house.teach("Lighthouse", "xyz", "temple", owl)
    await house.teach("Lighthouse", "kar", "forest", owl)
    await house.teach("Workshop", "xander", "dog", badger)

    async def offered(typed: str) -> list[str]:
        answer = await house.control.post(
            "autocomplete",
            {
                "user": "owl",
                "channel": "general",
                "command": "imagine",
                "options": {"concepts": typed},
                "focused": "concepts",
            },
        )
        return [choice["value"] for choice in answer["choices"]]

    assert await offered("") == ["kar", "xyz"]
    assert await offered("x") == ["xyz"]
    assert await offered("xyz:0.5, k") == ["xyz:0.5, kar"]
    assert await offered("xyz, x") == []


async def test_markup_in_a_prompt_is_shown_and_not_obeyed(house: House) -> None:
    """Nobody is mentioned, nothing is linked, and the words are all there."""
    owl = house.person()
    message = await house.imagine(
        owl, prompt="**a** @everyone <@1> [b](https://c.example)", count=1
    )
    assert message["mentions"] == []
    assert message["mention_everyone"] is False
    assert r"\*\*a\*\* \@everyone" in message["content"]


async def test_where_the_bot_may_not_post_it_says_so_before_anything_is_spent(house: House) -> None:
    """In a channel that is closed to the bot, no job is queued."""
    outcome = await house.person("owl", "quiet").run("imagine", {"prompt": "a red ball"})
    assert "I lack Send Messages" in outcome["message"]["content"]
    assert await house.services.outbox.due(10) == []


async def test_a_direct_message_is_a_guild_of_one(house: House) -> None:
    """In a DM the person's own id is the tenant, and a server's concepts are unknown there."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    alone = house.person("owl", "dm:owl")
    outcome = await alone.run("imagine", {"prompt": "a <xyz> temple"})
    assert "There is no concept" in outcome["message"]["content"]
    message = await house.imagine(alone, count=1)
    assert message["attachments"]


async def test_the_second_pass_and_rescaling_reach_the_job(house: House) -> None:
    """Both are in the row; where there is no ControlNet, following a picture is refused."""
    owl = house.person()
    wish = {"prompt": "a red ball", "hires": 1.5, "rescale": 0.7}
    await house.result(owl, await owl.run("imagine", wish))
    request = (await house.services.jobs.get(house.guild_id("Lighthouse"), 1)).request
    assert (request.hires.scale, request.guidance_rescale) == (1.5, 0.7)


async def test_a_picture_cannot_be_followed_without_a_controlnet(house: House) -> None:
    """The sentence names the setting; half a wish is told what is missing."""
    owl, files = house.person(), pictures(house.folder, 1)
    wish = {"prompt": "a red ball", "control": "edges", "control_image": "f0"}
    answer = await house.next_message(owl, await owl.run("imagine", wish, files=files))
    assert "no ControlNet for edges" in answer["content"]
    assert "ATELIER_CONTROLNETS" in answer["content"]
    half = await owl.run("imagine", {"prompt": "a red ball", "control": "edges"})
    assert "give me both" in half["message"]["content"]
    assert await house.services.jobs.active() == []
