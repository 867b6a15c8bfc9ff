"""Message text that means harm: it is refused, or stored and shown as harmless as any other."""

import asyncio
import re
import time

import pytest

from chat import markdown
from tests.hostile_texts import HOSTILE, SLOW
from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

pytestmark = pytest.mark.parametrize("profile", EACH_SERVER, ids=str)

NO_INK = {
    "nothing": "",
    "spaces": "   ",
    "lines": "\n\r\n\t",
    "wide spaces": "\u2003\u3000\u00a0",
    "zero-width": "\u200b\u200d\ufeff",
    "direction marks": "\u202e\u200f\u2066",
}

# The tags that markdown makes, with the only attributes that they may carry.
HARMLESS_TAG = re.compile(
    r'<p class="as-written">|'
    r"</?(p|em|strong|code|pre|table|thead|tbody|tr|td|th|ul|ol|li|blockquote|br)/?>"
    r'|<code class="[^"<>]+">|<span class="[\w -]+">|</span>'
    r'|<pre data-language="\w+">|<a href="https?://[^"<>]*" rel="noopener noreferrer nofollow">|</a>'
)

HARMFUL = {
    "a script": "<script>alert(1)</script>",
    "an event handler": "<img src=x onerror=alert(1)>",
    "an svg": "<svg/onload=alert(1)>",
    "a frame": '<iframe src="javascript:alert(1)"></iframe>',
    "a script link": "[click](javascript:alert(1))",
    "a script link in disguise": "[click](JaVaScRiPt&#58;alert(1))",
    "a script link with a tab": "[click](java\tscript:alert(1))",
    "a data link": "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "a vbscript link": "<vbscript:msgbox(1)>",
    "a remote image": "![x](https://evil.example/pixel.png)",
    "a reference image": "![x][y]\n\n[y]: https://evil.example/pixel.png",
    "a style": '<style>*{display:none}</style><p style="position:fixed">x</p>',
    "mutation": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "mutation in a table": "<table><td><style><!--</style><img src=x onerror=alert(1)>-->",
    "an attribute break-out": '[x](https://e.example/"onmouseover="alert(1))',
    "code that ends early": "```html\n</code></pre><script>alert(1)</script>\n```",
    "a language that breaks out": '```"><script>alert(1)</script>\nx\n```',
    "a form": '<form action="https://evil.example"><input name=password></form>',
}

HEAVY = HOSTILE | {
    "lists": "\n".join("  " * depth + "- a" for depth in range(100)),
    "backticks": " ".join("`" * n for n in range(1, 180)),
    "a table": "|" * 9_000 + "\n" + "|-" * 4_500,
    "entities": "&#x1F600;" * 2_000,
    "underscores": "_" * 19_000,
    "mentions": "@a" * 9_000,
    "links": "https://a.b/" * 1_500,
    "combining marks": "a" + "\u0301" * 10_000,
}


@pytest.mark.parametrize("content", NO_INK.values(), ids=NO_INK.keys())
async def test_a_message_without_ink_is_refused(
    site: Site, open_tab: Tabs, alice: Person, room: str, content: str
) -> None:
    tab = await open_tab(alice)
    error = await tab.refusal("create_message", room=room, content=content)
    assert (error["code"], error["details"]["path"]) == ("VALIDATION_ERROR", "$.content")
    posted = await tab.post(room, "visible")
    error = await tab.refusal("edit_message", message=posted["id"], content=content)
    assert error["code"] == "VALIDATION_ERROR"
    assert [row["content"] for row in site.people.messages(room)] == ["visible"]


async def test_a_message_may_be_as_long_as_the_welcome_says_and_no_longer(
    open_tab: Tabs, alice: Person, room: str
) -> None:
    tab = await open_tab(alice)
    most = tab.welcome["limits"]["contentChars"]
    assert len((await tab.post(room, "x" * most))["content"]) == most
    assert (await tab.refusal("create_message", room=room, content="x" * (most + 1)))["code"] == "VALIDATION_ERROR"
    assert (await tab.refusal("save_draft", room=room, content="x" * (most + 1), version=1))[
        "code"
    ] == "VALIDATION_ERROR"


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL.keys())
async def test_harmful_text_is_shown_harmless(open_tab: Tabs, alice: Person, room: str, content: str) -> None:
    tab = await open_tab(alice)
    posted = await tab.post(room, content)
    edited = (await tab.request("edit_message", message=posted["id"], content=content + " "))["message"]
    reply = await tab.post(room, "so?", replyTo=posted["id"])
    for html in (posted["html"], edited["html"], reply["html"]):
        for tag in re.findall(r"<[^>]*>", html):
            assert HARMLESS_TAG.fullmatch(tag), html
    assert posted["content"] == content.strip()


@pytest.mark.parametrize("content", HEAVY.values(), ids=HEAVY.keys())
async def test_text_that_is_hard_to_format_holds_nobody_up(
    open_tab: Tabs, alice: Person, bob: Person, room: str, content: str
) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    posting = asyncio.create_task(alices.post(room, content))
    longest = 0.0
    while not posting.done():
        begun = time.monotonic()
        await bobs.fence()
        longest = max(longest, time.monotonic() - begun)
    posted = await posting
    assert posted["content"] == content.strip()
    assert len(posted["html"].encode()) <= markdown.html_bytes_for(content)
    assert longest < 1.5, "the event loop stood still while a message was formatted"


async def test_one_person_who_floods_slow_texts_keeps_no_other_waiting(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices = await open_tab.in_room(alice, room)
    bobs = [await open_tab.in_room(bob, room) for _ in range(3)]
    await alices.post(room, "*The process* that formats is there.")
    slowest = SLOW["lines that begin a definition"][:19_000]

    async def flood(tab: SocketClient, name: int) -> None:
        for number in range(4):
            await tab.post(room, f"{slowest}{name} {number}")

    floods = [asyncio.create_task(flood(tab, name)) for name, tab in enumerate(bobs)]
    waits = []
    while not all(task.done() for task in floods):
        began = time.monotonic()
        assert "<em>" in (await alices.post(room, "*Is* it `formatted`?"))["html"]
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.1)
    await asyncio.gather(*floods)
    assert len(waits) > 3 and sorted(waits)[len(waits) // 2] < 0.5 and max(waits) < 2, waits


async def test_right_to_left_overrides_and_confusables_are_stored_as_written(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    for content in (
        "evil\u202egpj.exe",
        "p\u0430yp\u0430l",
        "Z\u0351\u036b\u0343a",
        "👩‍👩‍👧‍👦 \U0001f3f4",
        "\u2028line\u2029paragraph",
        "\x7f\x1b[31mred",
    ):
        posted = await alices.post(room, content)
        assert posted["content"] == content.strip()
        await bobs.expect_message(content.strip())
