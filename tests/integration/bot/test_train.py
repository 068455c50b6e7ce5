"""/train: pictures by options, form, zip and message; refused, learned, tried."""

import zipfile
from pathlib import Path

from PIL import Image

from core.domain.jobs import Progress
from core.domain.recipes import Preset
from core.domain.requests import TrainRequest
from tests.integration.bot.house import House, pictures, text_of, verbs
from tests.unit.bot.files import noise_png

WISH = {"name": "xyz", "class": "temple"}


async def test_pictures_become_a_concept_with_a_card(house: House, tmp_path: Path) -> None:
    """Status first; at the end the card with pictures, samples, time, and how to use it."""
    owl = house.person()
    options = WISH | {f"image{number + 1}": f"f{number}" for number in range(5)}
    outcome = await owl.run("train", options, files=pictures(tmp_path, 5))
    assert outcome["outcome"] == "deferred"
    card = await house.result(owl, outcome)
    text = text_of(card)
    for part in (
        "xyz learned",
        "I know `<xyz>` now, a subject: temple",
        "5 pictures",
        "learned in 12 s",
        "a <xyz> temple",
    ):
        assert part in text
    assert card["attachments"][0]["filename"] == "concept-1-v1.png"
    tried = await house.result(owl, await house.press(owl, card, "try"))
    assert "**a <xyz> temple**" in text_of(tried)
    assert "`<xyz>` 1" in text_of(tried)
    written = await house.press(owl, card, "ask")
    assert "a <xyz> temple" in str(written["modal"])


async def test_progress_and_preview_are_shown_while_it_learns(house: House, tmp_path: Path) -> None:
    """The status message gets a bar, a note and the preview picture; the end removes it."""
    owl = house.person()
    house.worker.finishing.clear()
    house.worker.progress = Progress(75, 300, "learning", house.storage.put(noise_png(9)))
    outcome = await owl.run("train", WISH | {"image1": "f0"}, files=pictures(tmp_path, 1))
    changed = await house.next_message(
        owl, outcome, event="message_update", contains="25%", attachments=1
    )
    assert "learning · ▰▰▰▱▱▱▱▱▱▱▱▱ 25%" in changed["content"]
    assert verbs(changed) == {"endearly", "cancel"}
    house.worker.finishing.set()
    await house.result(owl, outcome)
    gone = await owl.wait(outcome["seq"], event="message_delete")
    assert gone["message_id"] == changed["id"]


async def test_the_form_asks_for_what_is_missing(house: House, tmp_path: Path) -> None:
    """Without pictures a form opens with what was given; it takes up to ten files."""
    owl = house.person()
    outcome = await owl.run("train", {"name": "kar", "kind": "style"})
    assert outcome["outcome"] == "modal"
    values = {"class": "forest", "pictures": [f"f{number}" for number in range(10)]}
    sent = await owl.submit(outcome["modal"], values, pictures(tmp_path, 10))
    card = await house.result(owl, sent)
    assert "I know `<kar>` now, a style: forest" in text_of(card)
    assert "10 pictures" in text_of(card)


async def test_pictures_of_a_message_are_taken_by_its_menu(house: House, tmp_path: Path) -> None:
    """Apps → Train from these pictures: the form only asks for words."""
    owl, hare = house.person(), house.person("hare")
    files = list(pictures(tmp_path, 3).values())
    posted = await hare.say("my temple", files)
    target = posted["message"]["id"]
    outcome = await owl.run("Train from these pictures", target=target)
    assert "pictures" not in [c["component"]["custom_id"] for c in outcome["modal"]["components"]]
    sent = await owl.submit(outcome["modal"], {"name": "xyz", "class": "temple"})
    assert "3 pictures" in text_of(await house.result(owl, sent))
    words = await hare.say("no pictures here")
    refused = await owl.run("Train from these pictures", target=words["message"]["id"])
    assert "no pictures in that message" in refused["message"]["content"]


async def test_a_zip_and_a_base_are_taken(house: House, tmp_path: Path) -> None:
    """A concept on top of another records its parent, by name on the card."""
    owl = house.person()
    await house.teach("Lighthouse", "kar", "forest", owl)
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as inside:
        for number in range(4):
            inside.writestr(f"folder/{number}.png", noise_png(50 + number))
    options = WISH | {"zip": "f0", "base_on": "kar", "steps": 40}
    card = await house.result(owl, await owl.run("train", options, files={"f0": archive}))
    assert "It stands on `<kar>`" in text_of(card)
    assert "4 pictures" in text_of(card)
    request = (await house.services.jobs.get(house.guild_id("Lighthouse"), 2)).request
    assert request.steps == 40


async def test_bad_files_are_named_and_nothing_is_started(house: House, tmp_path: Path) -> None:
    """Every reason at once; no job, no concept, and no file in storage."""
    owl = house.person()
    files = pictures(tmp_path, 2)
    (tmp_path / "notes.png").write_text("these are notes")
    (tmp_path / "small.png").write_bytes(noise_png(1, 20))
    files |= {"f2": tmp_path / "notes.png", "f3": tmp_path / "small.png", "f4": files["f0"]}
    options = WISH | {f"image{number + 1}": f"f{number}" for number in range(5)}
    outcome = await owl.run("train", options, files=files)
    refused = await house.next_message(owl, outcome, contains="cannot use")
    for part in (
        "`notes.png` is not a picture",
        "`small.png` is 20 × 20",
        "is the same picture as",
    ):
        assert part in refused["content"]
    assert await house.services.library.list(house.guild_id("Lighthouse")) == []
    assert not (tmp_path / "blobs").exists()


async def test_words_are_checked_before_pictures(house: House, tmp_path: Path) -> None:
    """A name that cannot be, a class that is no word, a base that is not there."""
    owl = house.person()
    for options, part in (
        ({"name": "9", "class": "temple"}, "A concept's name is"),
        ({"name": "xyz", "class": "12"}, "The class is a plain word"),
        (WISH | {"base_on": "nope"}, "There is no concept <nope>"),
    ):
        outcome = await owl.run("train", options | {"image1": "f0"}, files=pictures(tmp_path, 1))
        answer = await house.next_message(owl, outcome, contains=part)
        assert part in answer["content"]


async def test_method_settings_and_captions_reach_the_job(house: House, tmp_path: Path) -> None:
    """By choice, by text, by the option and by a file beside one picture."""
    owl = house.person()
    files = pictures(tmp_path, 2)
    note = tmp_path / f"{files['f1'].stem}.txt"
    note.write_text("at night")
    options = WISH | {
        "image1": "f0", "image2": "f1", "image3": "f2", "method": "pivotal-prodigy",
        "settings": "rank=16, snr_cap=off", "caption": "on a hill",
    }  # fmt: skip
    outcome = await owl.run("train", options, files=files | {"f2": note})
    text = text_of(await house.result(owl, outcome))
    assert "xyz learned" in text
    request = (await house.services.jobs.get(house.guild_id("Lighthouse"), 1)).request
    assert isinstance(request, TrainRequest)
    assert request.preset is Preset.PIVOTAL_PRODIGY
    assert request.settings == {"rank": 16, "snr_cap": None}
    assert request.captions == ("on a hill", "at night")


async def test_mask_beside_a_picture_reaches_the_job(house: House, tmp_path: Path) -> None:
    """By its name; the status says how many pictures are masked, and so does the card."""
    owl = house.person()
    files = pictures(tmp_path, 2)
    mask = tmp_path / f"{files['f1'].stem}-mask.png"
    picture = Image.new("L", (64, 64), 0)
    picture.paste(255, (0, 0, 32, 64))
    picture.save(mask)
    options = WISH | {"image1": "f0", "image2": "f1", "image3": "f2"}
    outcome = await owl.run("train", options, files=files | {"f2": mask})
    status = await house.next_message(owl, outcome, contains="1 masked")
    assert "Of 1 picture I learn a part only" in status["content"]
    assert "2 pictures, 1 masked" in text_of(await house.result(owl, outcome))
    request = (await house.services.jobs.get(house.guild_id("Lighthouse"), 1)).request
    assert isinstance(request, TrainRequest)
    assert request.masks[0] == ""
    assert house.storage.get(request.masks[1]).startswith(b"\x89PNG")


async def test_setting_that_is_not_there_is_refused_with_those_that_are(
    house: House, tmp_path: Path
) -> None:
    """Before a picture is fetched."""
    owl = house.person()
    options = WISH | {"image1": "f0", "settings": "speed=3"}
    outcome = await owl.run("train", options, files=pictures(tmp_path, 1))
    answer = await house.next_message(owl, outcome, contains="no such setting")
    assert "rank_norm_max" in answer["content"]


async def test_near_copies_are_mentioned_and_training_goes_on(house: House, tmp_path: Path) -> None:
    """The status message carries the hint."""
    files = pictures(tmp_path, 1)
    again = tmp_path / "again.png"
    Image.open(files["f0"]).resize((128, 128), Image.Resampling.NEAREST).save(again)
    owl = house.person()
    outcome = await owl.run(
        "train", WISH | {"image1": "f0", "image2": "f1"}, files=files | {"f1": again}
    )
    status = await house.next_message(owl, outcome, contains="look nearly the same")
    assert "⚠️" in status["content"]
    await house.result(owl, outcome)


async def test_settings_are_completed_after_the_last_comma(house: House) -> None:
    """With what the method has now; what would do nothing is left out, and so is what is there."""
    house.queue.family = "pocket"

    async def offered(typed: str, **options: str) -> list[str]:
        body = {"user": "owl", "channel": "general", "command": "train", "focused": "settings"}
        answer = await house.control.post(
            "autocomplete", body | {"options": options | {"settings": typed}}
        )
        return [choice["value"] for choice in answer["choices"]]

    assert await offered("rank", method="pivotal") == ["rank=8", "rank_norm_max=off"]
    assert await offered("rank", method="dreambooth") == []
    assert await offered("rank", kind="style") == ["rank=16", "rank_norm_max=off"]
    assert await offered("comp", method="pivotal", **{"class": "forest"}) == ["company=0"]
    assert await offered("comp", method="pivotal", **{"class": "temple"}) == ["company=10"]
    assert await offered("batch=2, flip") == ["batch=2, flips=yes"]
    assert await offered('begins_as="a cat, striped", flip') == [
        'begins_as="a cat, striped", flips=yes'
    ]
    assert await offered('begins_as="a cat, fl') == []
    assert await offered("flips=no, flip") == []
    assert await offered("optimizer=ad") == [
        "optimizer=adamw", "optimizer=adamw-8bit", "optimizer=adafactor",
    ]  # fmt: skip
    assert (await offered("batch=2,"))[0] == "batch=2, accumulation=1"
    assert len(await offered("")) == 25
    house.queue.family = ""
    assert await offered("rank", method="dreambooth") == ["rank=", "rank_norm_max="]


async def test_setting_that_does_nothing_is_told_before_anything_is_spent(
    house: House, tmp_path: Path
) -> None:
    """On the card of the queued job; what contradicts itself is not queued at all."""
    house.queue.family = "pocket"
    house.worker.open.clear()
    owl = house.person()
    options = WISH | {"image1": "f0", "settings": "rank=16, batch=2"}
    outcome = await owl.run("train", options, files=pictures(tmp_path, 1))
    card = await house.next_message(owl, outcome, contains="queued")
    assert r"Without effect here: rank (textual-inversion teaches no adapter)." in card["content"]
    other = {"name": "kar", "class": "forest", "image1": "f0", "method": "pivotal-prodigy"}
    outcome = await owl.run(
        "train", other | {"settings": "token_after=0.5"}, files=pictures(tmp_path, 1)
    )
    refused = await house.next_message(owl, outcome, contains="token_after=0")
    assert "has one rate for all that learns" in refused["content"]
    assert [job.id for job in await house.services.jobs.active()] == [1]
