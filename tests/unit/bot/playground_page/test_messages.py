"""Messages in the page: sent, answered, edited, deleted, with files, by several people."""

import pytest
from playwright.async_api import Page, expect

from tests.unit.bot.playground_page.conftest import Room

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_typed_message_appears_with_its_author(room: Room) -> None:
    """What is typed and sent stands in the log under the person's name."""
    await room.box.fill("hello there")
    await room.page.keyboard.press("Enter")
    await expect(room.last.locator(".name")).to_have_text("Owl")
    await expect(room.last.locator(".content")).to_have_text("hello there")
    await expect(room.box).to_have_value("")


async def test_text_is_never_markup(room: Room) -> None:
    """A message made of HTML is shown to the letter and adds no elements."""
    hostile = (
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    )
    await room.box.fill(hostile)
    await room.page.keyboard.press("Enter")
    await expect(room.last.locator(".content")).to_have_text(hostile)
    assert await room.last.locator("img, script").count() == 0
    assert await room.page.title() == "Atelier playground"


async def test_messages_of_others_arrive_live_and_change_live(room: Room) -> None:
    """A message sent elsewhere appears, its edit is marked, and its deletion takes it away."""
    path = f"channels/{room.channel}/messages"
    sent = await room.control.post(path, {"user": "fox", "content": "first words"})
    await expect(room.message("first words")).to_be_visible()
    identity = sent["message"]["id"]
    await room.control.patch(f"{path}/{identity}", {"user": "fox", "content": "second words"})
    await expect(room.message("second words").locator(".edited")).to_have_text("(edited)")
    await room.page.evaluate(
        "path => fetch(path, {method: 'DELETE'})", f"/control/{path}/{identity}?user=fox"
    )
    await expect(room.page.locator("#log .message")).to_have_count(0)


async def test_the_second_of_two_messages_is_grouped(room: Room) -> None:
    """Two messages of one person in a row show the name once, another person's shows theirs."""
    path = f"channels/{room.channel}/messages"
    for user, text in (("fox", "one"), ("fox", "two"), ("hare", "three")):
        await room.control.post(path, {"user": user, "content": text})
    await expect(room.page.locator("#log .name")).to_have_text(["Fox", "Hare"])


async def test_a_reply_shows_and_finds_what_it_answers(room: Room) -> None:
    """The answered text stands above the answer; pressing it lights up the message."""
    path = f"channels/{room.channel}/messages"
    await room.control.post(path, {"user": "fox", "content": "a question"})
    await room.message("a question").click(button="right")
    await room.page.get_by_role("menuitem", name="Reply").click()
    await room.type("an answer")
    await expect(room.message("an answer").locator(".above-text")).to_have_text("a question")
    await room.page.locator(".above-text").click()
    await expect(room.page.locator(".message.found .content")).to_have_text("a question")


async def test_own_messages_can_be_edited_and_deleted_from_the_menu(room: Room) -> None:
    """Edit brings the text back into the box; Delete takes the message away."""
    await room.box.fill("a typo")
    await room.page.keyboard.press("Enter")
    await room.message("a typo").click(button="right")
    await room.page.get_by_role("menuitem", name="Edit message").click()
    await room.box.fill("no typo")
    await room.page.keyboard.press("Enter")
    await expect(room.last.locator(".content")).to_contain_text("no typo(edited)")
    await room.last.click(button="right")
    await room.page.get_by_role("menuitem", name="Delete message").click()
    await expect(room.page.locator("#log .message")).to_have_count(0)


async def test_a_reaction_counts_and_can_be_taken_back(room: Room) -> None:
    """Reactions of two people add up; pressing one's own again removes it."""
    sent = await room.control.post(
        f"channels/{room.channel}/messages", {"user": "fox", "content": "nice"}
    )
    await room.last.hover()
    await room.button("Add reaction").click()
    await room.page.get_by_role("menuitem", name="React with 👍").click()
    path = (
        f"/control/channels/{room.channel}/messages/{sent['message']['id']}/reactions/👍?user=hare"
    )
    await room.page.evaluate("path => fetch(path, {method: 'PUT'})", path)
    await expect(room.page.locator(".reaction")).to_have_text("👍2")
    await room.page.locator(".reaction").click()
    await expect(room.page.locator(".reaction")).to_have_text("👍1")
    await expect(room.page.locator(".reaction")).to_have_attribute("aria-pressed", "false")


async def test_dropped_and_pasted_files_wait_in_the_tray_and_are_sent(room: Room) -> None:
    """Files dropped on the conversation and pasted into the box go with the next message."""
    await room.drop(".conversation", ("notes.txt", "text/plain"))
    paste = """() => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File(["y"], "more.txt", { type: "text/plain" }));
        const event = new ClipboardEvent("paste", { clipboardData, bubbles: true });
        document.querySelector("#composer").dispatchEvent(event);
    }"""
    await room.page.evaluate(paste)
    await expect(room.page.locator(".tray-name")).to_have_text(["notes.txt", "more.txt"])
    await room.button("Remove notes.txt").click()
    await room.button("Send").click()
    await expect(room.last.locator(".file-name")).to_have_text("more.txt")
    await expect(room.page.locator(".tray")).to_be_hidden()


async def test_more_than_ten_files_are_refused_in_words(room: Room) -> None:
    """The eleventh file is left out, and the box says so."""
    await room.drop(".conversation", *((f"{number}.txt", "text/plain") for number in range(11)))
    await expect(room.page.locator(".tray-card")).to_have_count(10)
    await expect(room.page.locator(".composer > .form-error")).to_have_text(
        "A message takes 10 files; 1 left out."
    )


async def test_a_mention_is_chosen_from_the_people_here(room: Room) -> None:
    """Typing @ offers people; the message carries a real mention that lights up for that person."""
    await room.box.press_sequentially("hi @fo")
    await expect(room.page.get_by_role("option", name="Fox")).to_be_visible()
    await room.page.keyboard.press("Tab")
    await room.type("!")
    await expect(room.last.locator(".mention")).to_have_text("@Fox")
    await become(room.page, "Fox")
    await expect(room.page.locator(".message.mentions-me")).to_have_count(1)


async def test_other_channels_turn_unread(room: Room) -> None:
    """A message in a channel out of view marks it until it is opened."""
    other = f"{room.channel}-b"
    await room.control.post(f"channels/{other}/messages", {"user": "fox", "content": "over here"})
    mark = room.page.locator(".channel.unread")
    await expect(mark).to_have_text(other)
    await mark.click()
    await expect(room.message("over here")).to_be_visible()
    await expect(room.page.locator(".channel.unread")).to_have_count(0)


async def test_long_histories_load_as_one_scrolls_up(room: Room) -> None:
    """The newest fifty come first, older ones when the top is reached, the beginning at last."""
    path = f"channels/{room.channel}/messages"
    for number in range(70):
        await room.control.post(path, {"user": "fox", "content": f"line {number}"})
    await room.page.reload()
    await expect(room.page.locator("#log .message")).to_have_count(50)
    await expect(room.message("line 69")).to_be_in_viewport()
    await expect(room.page.locator(".beginning")).to_be_hidden()
    await room.page.locator("#scroller").evaluate("scroller => { scroller.scrollTop = 0; }")
    await expect(room.page.locator("#log .message")).to_have_count(70)
    await expect(room.page.locator(".beginning")).to_be_attached()


async def test_switching_people_changes_what_is_seen(room: Room) -> None:
    """Acting as Hare shows Hare's servers, and what Hare writes is Hare's."""
    await become(room.page, "Hare")
    await expect(room.page.locator(".server[title=Workshop]:not(.foreign)")).to_be_visible()
    await room.box.fill("squeak")
    await room.page.keyboard.press("Enter")
    await expect(room.last.locator(".name")).to_have_text("Hare")


async def test_a_server_one_is_not_in_is_entered_as_its_owner(room: Room) -> None:
    """The other server is a press away: one goes there as its owner and is told so."""
    await room.page.locator(".server.foreign[title^=Workshop]").click()
    await expect(room.page.locator(".sidebar-head h1")).to_have_text("Workshop")
    await expect(room.page.locator(".self-name b")).to_have_text("Badger")


async def become(page: Page, name: str) -> None:
    """Choose a person in the switcher."""
    await page.locator(".self-button").click()
    await page.get_by_role("menuitemradio", name=name).click()
    await expect(page.locator(".self-name b")).to_have_text(name)
