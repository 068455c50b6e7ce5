"""The first minutes of a newcomer, in a real browser: press what the page offers, see pictures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.browser import FLAGS, chromium
from tests.e2e.test_main_job import no_violations
from tests.program import demo
from tests.small_pocket import small_pocket

PATIENCE_MS = 480_000  # a training, on a busy machine


@asynccontextmanager
async def page_at(url: str) -> AsyncIterator[Page]:
    """A fresh browser on the page; anything it reports as an error fails the test."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = await browser.new_context(viewport={"width": 1280, "height": 800})
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(f"{url}/#owl/general")
        yield page
        await browser.close()
    assert wrong == []


class Newcomer:
    """What someone does who only follows the card on the right."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page = page
        self.shots = shots

    @property
    def last(self) -> Locator:
        """The newest message."""
        return self.page.locator("#log .message").last

    async def offer(self, title: str) -> None:
        """Press one of the offers."""
        await self.page.locator(".sample-try", has_text=title).click()

    async def add(self, option: str, value: str) -> None:
        """Add an option to the command that is open, and fill it in."""
        await self.page.locator(f"[data-add={option}]").click()
        await self.page.keyboard.type(value)

    async def send(self) -> None:
        """Send what is in the message box."""
        await self.page.keyboard.press("Enter")

    async def sees(self, text: str) -> None:
        """The newest message has a picture and says `text`."""
        message = self.page.locator("#log .message", has_text=text).last
        await expect(message.locator("img").last).to_be_visible(timeout=PATIENCE_MS)

    async def shoot(self, name: str) -> None:
        """A screenshot, for people."""
        await self.page.screenshot(path=self.shots / f"{name}.png")


@pytest.mark.timeout(1500)
async def test_a_newcomer_follows_the_card(tmp_path: Path) -> None:
    """Teach, ask for both and speak, with nothing but what the page offers.

    What the pictures look like is no matter here, so a small model draws them.
    """
    model = small_pocket(tmp_path / "model")
    async with demo(tmp_path, model=model) as (_, control), page_at(control.url) as page:
        newcomer = Newcomer(page, tmp_path)
        await newcomer.offer("Teach <xyz>")
        await newcomer.add("steps", "4")
        await newcomer.add("settings", "company=0, words_first=no")
        await newcomer.send()
        await newcomer.sees("xyz learned")
        await newcomer.offer("Teach <kar>")
        await newcomer.add("steps", "4")
        await newcomer.add("settings", "company=0, words_first=no")
        await newcomer.send()
        await newcomer.sees("kar learned")
        await newcomer.offer("Ask for both")
        await newcomer.send()
        await newcomer.sees("temple in <kar> forest")
        await newcomer.offer("Say it")
        await expect(page.locator(".tray-card")).to_be_visible()  # the sound has been loaded
        await newcomer.send()
        button = page.get_by_role("button", name="Imagine", exact=True).last
        await expect(button).to_be_visible(timeout=PATIENCE_MS)
        pictures = page.locator("#log .message img")
        before = await pictures.count()
        await button.click()
        await expect(pictures).not_to_have_count(before, timeout=PATIENCE_MS)
        await newcomer.shoot("end")
        await no_violations(control)
