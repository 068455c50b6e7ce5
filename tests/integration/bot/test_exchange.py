"""/concepts import: concepts that come from other tools."""

import struct
from pathlib import Path

from tests.integration.bot.house import House, text_of, verbs

HEADER = b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
WHOLE = struct.pack("<Q", len(HEADER)) + HEADER + b"\0" * 8
WISH = {"file": "f0", "name": "xyz", "class": "temple"}


def file(folder: Path, name: str = "temple_v3.safetensors", data: bytes = WHOLE) -> dict[str, Path]:
    path = folder / name
    path.write_bytes(data)
    return {"f0": path}


async def test_a_file_becomes_a_concept_with_a_card(house: House, tmp_path: Path) -> None:
    """What was in it, how to use it, and buttons that try it."""
    owl = house.person()
    outcome = await owl.run("concepts import", WISH, files=file(tmp_path))
    card = await house.result(owl, outcome)
    text = text_of(card)
    for part in (
        "xyz taken in",
        "I have `<xyz>` now, a subject: temple",
        "`temple_v3.safetensors` holds an adapter of rank 8 in kohya's form",
        "its name stands for the class",
        "a <xyz> temple",
    ):
        assert part in text
    assert verbs(card) == {"try", "ask"}
    tried = await house.result(owl, await house.press(owl, card, "try"))
    assert "`<xyz>` 1" in text_of(tried)
    shown = await house.result(owl, await owl.run("concepts show", {"name": "xyz"}))
    assert r"from temple\_v3.safetensors" in text_of(shown)


async def test_status_says_what_is_taken_in(house: House, tmp_path: Path) -> None:
    """The message that follows the job names the file."""
    owl = house.person()
    house.worker.open.clear()
    outcome = await owl.run("concepts import", WISH, files=file(tmp_path))
    status = await house.next_message(owl, outcome, contains="taking in")
    assert "taking in `<xyz>` (temple) from `temple_v3.safetensors`" in status["content"]
    house.worker.open.set()
    await house.result(owl, outcome)


async def test_unsafe_and_broken_files_never_reach_the_worker(house: House, tmp_path: Path) -> None:
    """Each is refused by name with what to do, and no job is queued."""
    owl = house.person()
    for name, data, reason in (
        ("temple.ckpt", WHOLE, "can run programs"),
        ("temple.safetensors", b"PK\x03\x04" + b"\0" * 60, "can run programs"),
        ("temple.safetensors", WHOLE[:-1], "is damaged"),
        ("temple.png", WHOLE, "I take no other"),
    ):
        outcome = await owl.run("concepts import", WISH, files=file(tmp_path, name, data))
        refused = await house.next_message(owl, outcome, contains=reason)
        assert f"`{name}`" in refused["content"]
    bad = await owl.run("concepts import", WISH | {"name": "no name"}, files=file(tmp_path))
    assert "2 to 24 letters" in bad["message"]["content"]
    assert await house.services.jobs.active() == []


async def test_refusal_of_the_worker_reaches_the_person(house: House, tmp_path: Path) -> None:
    """The sentence, and nothing in the library."""
    owl = house.person()
    house.worker.failure = "The file was made for another base model, SDXL."
    outcome = await owl.run("concepts import", WISH, files=file(tmp_path))
    told = await house.next_message(owl, outcome, contains="could not be done")
    assert "another base model, SDXL" in told["content"]
    assert "Nothing has been taught" in text_of((await owl.run("concepts list"))["message"])


async def test_export_comes_as_files(house: House) -> None:
    """Adapter and word attached, with what to do with them."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    outcome = await owl.run("concepts export", {"name": "xyz", "format": "kohya"})
    card = await house.next_message(owl, outcome, event="message_create", attachments=2)
    names = [attachment["filename"] for attachment in card["attachments"]]
    assert names == ["xyz-v1.safetensors", "xyz.safetensors"]
    text = text_of(card)
    for part in (
        "xyz v1 for A1111 and ComfyUI",
        "the adapter, a LoRA",
        "<lora:xyz-v1:1> xyz temple",
    ):
        assert part in text
    outcome = await owl.run("concepts export", {"name": "xyz", "format": "diffusers"})
    card = await house.next_message(owl, outcome, event="message_create", attachments=2)
    assert 'pipe.load_textual_inversion("xyz.safetensors", token="<xyz>")' in text_of(card)


async def test_an_older_version_is_offered_and_exported(house: House) -> None:
    """Chosen from the list of versions; one that there is not is told."""
    owl = house.person()
    for _ in range(2):
        await house.teach("Lighthouse", "xyz", "temple", owl)
    wish = {"name": "xyz", "format": "kohya"}
    typed = {"command": "concepts export", "options": wish | {"version": ""}, "focused": "version"}
    offered = await house.control.post(
        "autocomplete", {"user": owl.name, "channel": owl.channel, **typed}
    )
    assert [choice["value"] for choice in offered["choices"]] == [2, 1]
    outcome = await owl.run("concepts export", wish | {"version": 1})
    card = await house.next_message(owl, outcome, event="message_create", attachments=2)
    assert "xyz v1 for A1111 and ComfyUI" in text_of(card)
    missing = await owl.run("concepts export", wish | {"version": 3})
    assert "has no version 3" in missing["message"]["content"]


async def test_file_larger_than_the_server_takes_is_named_with_its_place(house: House) -> None:
    """It is not posted; whoever runs the bot is told where it lies."""
    owl = house.person()
    await house.teach("Lighthouse", "xyz", "temple", owl)
    house.worker.exported_bytes = 11 * 2**20
    outcome = await owl.run("concepts export", {"name": "xyz", "format": "kohya"})
    card = await house.next_message(owl, outcome, event="message_create", attachments=1)
    text = text_of(card)
    assert "`xyz-v1.safetensors` is larger than the 10 MiB" in text
    assert "in the blob store under `" in text
