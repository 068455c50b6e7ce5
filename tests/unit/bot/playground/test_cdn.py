"""Files: signed addresses, their end, and pictures of people."""

from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from bot.playground.cdn import avatar
from bot.playground.server import Playground
from bot.playground.uploads import Upload, attachment_of, safe_name
from tests.person import Control
from tests.unit.bot.playground.testbot import TestBot


@pytest.fixture
async def url(control: Control, picture: Path) -> str:
    """The address of a posted picture."""
    said = await control.person("owl", "general").say("look", [picture])
    return str(said["message"]["attachments"][0]["url"])


async def status_of(url: str) -> int:
    """What the CDN answers."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status


async def test_an_address_serves_its_file(control: Control, url: str, picture: Path) -> None:
    """The bytes come back with their type."""
    assert await control.download(url) == picture.read_bytes()
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.headers["Content-Type"] == "image/png"


async def test_uploads_are_never_opened_as_pages(control: Control, tmp_path: Path) -> None:
    """A page or an SVG is saved by the browser, not run on the playground's origin."""
    for name in ("page.html", "drawing.svg"):
        path = tmp_path / name
        path.write_text("<script></script>")
        said = await control.person("owl", "general").say("", [path])
        url = said["message"]["attachments"][0]["url"]
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.headers["Content-Disposition"] == "attachment"
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ex=", "ex=f"),
        ("hm=", "hm=0"),
        ("a_picture", "b_picture"),
        ("&hm=", "&x="),
        ("is=", "is=0"),
    ],
)
async def test_a_changed_address_serves_nothing(url: str, before: str, after: str) -> None:
    """Expiry, name and signature cannot be changed."""
    assert await status_of(url.replace(before, after, 1)) == 404


async def test_an_address_expires_and_a_new_one_is_signed(
    playground: Playground, control: Control, url: str
) -> None:
    """After its lifetime the old address is dead; the message has a fresh one."""
    playground.clock.advance(86_401)
    assert await status_of(url) == 404
    [message] = await control.person("owl", "general").messages()
    assert await status_of(message["attachments"][0]["url"]) == 200


async def test_ephemeral_files_vanish(
    bot: TestBot, playground: Playground, control: Control
) -> None:
    """A file of an ephemeral answer is gone with the interaction's token."""
    owl = control.person("owl", "general")
    outcome = await owl.run("slow", {"hidden": True})
    edit = await owl.wait(outcome["seq"], message=outcome["message"]["id"], done=1)
    url = edit["message"]["attachments"][0]["url"]
    assert await status_of(url) == 200
    playground.limits.url_lifetime_s = 1e6
    playground.clock.advance(901)
    assert await status_of(url) == 404


async def test_people_have_pictures(playground: Playground, control: Control) -> None:
    """Every user has an avatar at the CDN and at the control API."""
    for user in await control.get("users"):
        by_hash = f"{playground.url}/avatars/{user['id']}/{user['avatar']}.png?size=64"
        by_id = f"{playground.url}/control/avatars/{user['id']}.png"
        assert await control.download(by_hash) == await control.download(by_id)
    assert await status_of(f"{playground.url}/control/avatars/1.png") == 404
    assert Image.open(BytesIO(avatar("1", "owl"))).size == (128, 128)


@pytest.mark.parametrize(
    ("filename", "kept"),
    [("a b.png", "a_b.png"), ("../../etc/passwd", "etcpasswd"), ("ü!.ogg", "ogg"), ("", "unknown")],
)
def test_names_are_made_safe(filename: str, kept: str) -> None:
    """Letters, digits, dot, dash and underscore are what is left."""
    assert safe_name(filename) == kept


def test_a_type_follows_the_name_and_a_size_the_contents() -> None:
    """A text that calls itself a picture is an image/png without width and height."""
    attachment = attachment_of(Upload("lie.png", b"no picture"), "1")
    assert (attachment.content_type, attachment.width) == ("image/png", None)
    nameless = attachment_of(Upload("weights", b"x", "application/x-thing"), "1")
    assert nameless.content_type == "application/x-thing"
    renamed = attachment_of(Upload("a b.txt", b"x"), "1")
    assert (renamed.filename, renamed.title, renamed.size) == ("a_b.txt", "a b", 1)
