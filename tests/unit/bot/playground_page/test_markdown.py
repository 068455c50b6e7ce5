"""Discord's markdown, as nodes: text in, elements out."""

import pytest
from playwright.async_api import expect

from tests.unit.bot.playground_page.conftest import Room

pytestmark = pytest.mark.asyncio(loop_scope="package")

DRAW = """async (texts) => {
    const { markdown } = await import("/page/markdown.js");
    const user = { id: "7", username: "fox", global_name: "Fox" };
    const store = {
        me: user, user: (id) => (id === "7" ? user : null),
        channel: (id) => (id === "8" ? { name: "hall" } : null),
        guilds: [{ roles: [{ id: "9", name: "moderator" }] }],
    };
    return texts.map((text) => {
        const root = document.createElement("div");
        root.append(...markdown(text, { store }));
        for (const one of root.querySelectorAll("*"))
            for (const { name } of [...one.attributes])
                if (name !== "href") one.removeAttribute(name);
        return root.innerHTML;
    });
}"""

CASES = {
    "plain <b>text</b> & more": "<div>plain &lt;b&gt;text&lt;/b&gt; &amp; more</div>",
    "**bold** *slanted* _too_ __under__ ~~gone~~": (
        "<div><strong>bold</strong> <em>slanted</em> <em>too</em> <u>under</u> <s>gone</s></div>"
    ),
    "***both***": "<div><strong><em>both</em></strong></div>",
    "**a *b* c**": "<div><strong>a <em>b</em> c</strong></div>",
    "snake_case_name and 2 * 3 * 4": "<div>snake_case_name and 2 * 3 * 4</div>",
    r"\*not slanted\* \<@7> \`x\`": "<div>*not slanted* &lt;@7&gt; `x`</div>",
    "`**code** <i>`": "<div><code>**code** &lt;i&gt;</code></div>",
    "``a ` b``": "<div><code>a ` b</code></div>",
    "see:\n```py\nx = '<y>'\n```done": (
        "<div>see:</div><pre><code>x = '&lt;y&gt;'</code></pre><div>done</div>"
    ),
    "> quoted\n> twice\nnot": "<blockquote><div>quoted\ntwice</div></blockquote><div>not</div>",
    "# Big\n## Middle\n-# small": "<h3>Big</h3><h4>Middle</h4><small>small</small>",
    "- one\n2. two": (
        "<div><span>•</span><span>one</span></div><div><span>2.</span><span>two</span></div>"
    ),
    "[words](https://example.com/a_b_c)": '<div><a href="https://example.com/a_b_c">words</a></div>',
    "https://example.com/x?y=1.": (
        '<div><a href="https://example.com/x?y=1">https://example.com/x?y=1</a>.</div>'
    ),
    "[no](javascript:alert(1))": "<div>[no](javascript:alert(1))</div>",
    "<@7> <@1> <@&9> <#8> </imagine:55>": (
        "<div><span>@Fox</span> <span>@unknown</span> <span>@moderator</span> "
        "<span>#hall</span> <button>/imagine</button></div>"
    ),
    "<kar> by <xyz>": "<div>&lt;kar&gt; by &lt;xyz&gt;</div>",
    "||secret||": "<div><button>secret</button></div>",
    "▰▰▰▱▱▱ 50 %": "<div><span><span>▰▰▰</span><span>▱▱▱</span></span> 50 %</div>",
}


async def test_every_mark_becomes_its_element_and_nothing_else(room: Room) -> None:
    """Each text gives exactly the expected nodes; anything unknown stays text."""
    drawn = await room.page.evaluate(DRAW, list(CASES))
    assert dict(zip(CASES, drawn, strict=True)) == CASES


async def test_relative_times_count_on(room: Room) -> None:
    """`<t:…:R>` says how long ago and changes while one looks."""
    path = f"channels/{room.channel}/messages"
    now = await room.page.evaluate("Math.floor(Date.now() / 1000)")
    await room.page.clock.install()
    await room.control.post(path, {"user": "fox", "content": f"<t:{now + 7200}:R>"})
    moment = room.last.locator("time.moment")
    await expect(moment).to_have_text("in 1 hour")
    await room.page.clock.fast_forward("04:00:00")
    await expect(moment).to_have_text("2 hours ago")
