"""A playground, a scripted bot and a real Chromium; every test gets a server and a page to it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from bot.playground.config import PlaygroundConfig
from bot.playground.server import Playground
from tests.browser import FLAGS, chromium
from tests.person import Control
from tests.unit.bot.playground_page.scripted_bot import ScriptedBot, pointed_at

SAMPLES = Path(__file__).parents[4] / "bot" / "playground" / "samples"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="package", autouse=True)
def patience() -> Iterator[None]:
    """Give a busy machine time before an expectation fails."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def playground() -> AsyncIterator[Playground]:
    running = Playground(PlaygroundConfig(samples=SAMPLES))
    running.limits.ack_timeout_s = 30
    await running.start()
    yield running
    await running.stop()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def bot(playground: Playground) -> AsyncIterator[ScriptedBot]:
    with pointed_at(playground):
        client = ScriptedBot()
        await client.login(playground.token)
        running = asyncio.create_task(client.connect())
        await client.wait_until_ready()
        yield client
        await client.close()
        await running


@pytest_asyncio.fixture(loop_scope="package")
async def control(playground: Playground) -> AsyncIterator[Control]:
    async with Control(playground.url) as client:
        yield client


@dataclass(frozen=True)
class Room:
    """A page that shows a fresh channel to a person, and what a test does there."""

    page: Page
    control: Control
    channel: str
    bot: ScriptedBot

    @property
    def box(self) -> Locator:
        return self.page.locator("#composer")

    @property
    def last(self) -> Locator:
        return self.page.locator("#log .message").last

    def message(self, text: str) -> Locator:
        """The message that says `text`."""
        return self.page.locator("#log .message", has_text=text)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def type(self, text: str, *, enter: bool = True) -> None:
        """Type into whatever has the focus."""
        await self.page.keyboard.type(text)
        if enter:
            await self.page.keyboard.press("Enter")

    async def command(self, name: str) -> None:
        """Choose a slash command; the focus is in its first option."""
        await self.box.fill(f"/{name} ")
        await expect(self.page.locator(".command-name")).to_have_text(f"/{name}")

    async def drop(self, target: str, *files: tuple[str, str]) -> None:
        """Drop small text files `(name, type)` on the element that `target` selects."""
        script = """([target, files]) => {
            const dataTransfer = new DataTransfer();
            for (const [name, type] of files)
                dataTransfer.items.add(new File(["x"], name, { type }));
            const at = document.querySelector(target);
            const init = { dataTransfer, bubbles: true, cancelable: true };
            for (const kind of ["dragenter", "dragover", "drop"])
                at.dispatchEvent(new DragEvent(kind, init));
        }"""
        await self.page.evaluate(script, [target, [list(file) for file in files]])


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    fresh = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    await fresh.grant_permissions(["microphone"])
    yield fresh
    await fresh.close()


@pytest_asyncio.fixture(loop_scope="package")
async def room(
    context: BrowserContext, playground: Playground, control: Control, bot: ScriptedBot
) -> AsyncIterator[Room]:
    channel = f"room-{next(NUMBERS)}"
    people = {"owl": [], "fox": ["moderator"], "hare": []}
    await control.post(
        "guilds", {"name": channel, "members": people, "channels": [channel, f"{channel}-b"]}
    )
    page = await context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{playground.url}/#owl/{channel}")
    await expect(page.locator(".channel.current")).to_have_text(channel)
    await expect(page.locator(".hints .command-link").first).to_be_visible()
    yield Room(page, control, channel, bot)
    await page.evaluate("localStorage.clear()")
    await page.close()
    strangers = [url for url in asked if not url.startswith((playground.url, "blob:", "data:"))]
    assert (wrong, strangers) == ([], [])
