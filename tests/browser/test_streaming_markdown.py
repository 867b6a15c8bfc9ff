"""Markdown that streams: the same page whatever the pieces, the same as the server's, and nothing that acts or loads."""

# ruff: noqa: E501 - a corpus is read one text to a line
import json
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, Route

from chat import markdown
from tests.hostile_texts import HOSTILE
from tests.js.static_server import StaticServer
from tests.reports import extras, fences, mathematics, visible, writing_systems

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; img-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types parley-sanitised parley-highlighter"
)
_HARNESS: Final = "<!doctype html><meta charset=utf-8><title>Harness</title><main></main>"

# Brings both kinds of DOM to one form: what does not show is left out (target of links, white space between blocks,
# the pieces that color code, which come later).
_PRELUDE: Final = """
async () => {
  // How much the parser reads, and how much is written into the page.
  window.work = { read: 0, written: 0 };
  let make;
  const counted = (...options) => {
    const parser = make(...options), parse = parser.parse.bind(parser);
    return Object.assign(parser, { parse: (text, facts) => ((window.work.read += text.length), parse(text, facts)) });
  };
  Object.defineProperty(globalThis, "markdownit", { get: () => counted, set: (value) => (make = value) });
  const count = (object, name) => {
    const original = object[name];
    object[name] = function (...values) {
      for (const value of values) if (typeof value === "string") window.work.written += value.length;
      return original.apply(this, values);
    };
  };
  count(CharacterData.prototype, "appendData");
  count(Document.prototype, "createTextNode");
  count(Element.prototype, "replaceChildren");
  const data = Object.getOwnPropertyDescriptor(CharacterData.prototype, "data");
  Object.defineProperty(CharacterData.prototype, "data", { ...data, set(value) { window.work.written += value.length; data.set.call(this, value); } });

  const { StreamingMarkdown } = await import("/static/chat/js/pages/streaming/streaming-markdown.js");
  window.StreamingMarkdown = StreamingMarkdown;
  const { dressCodeBlocks } = await import("/static/chat/js/pages/code/code-blocks.js");
  const { putSanitised } = await import("/static/chat/js/pages/message/sanitised-html.js");
  const BLOCKS = new Set(["MAIN", "DIV", "UL", "OL", "LI", "BLOCKQUOTE", "DETAILS", "TABLE", "THEAD", "TBODY", "TR"]);
  const form = (node) => {
    if (node.nodeType === 3) return node.data;
    if (node.nodeType !== 1) return `?${node.nodeType}`;
    if (node.nodeName === "BR" && node.parentElement.className === "as-written") return "\\n";
    const isCode = node.closest("pre");
    const pieces = [...node.childNodes].map((child) => {
      const text = form(child);
      if (isCode || child.nodeType !== 3) return text;
      const after = (child.previousSibling?.nodeName === "BR" ? text.replace(/^\\n/, "") : text).replace(/ +$/, (spaces) => (child.nextSibling?.nodeName === "BR" ? "" : spaces));
      const next = child.nextElementSibling;
      const betweenBlocks = BLOCKS.has(node.nodeName) && !after.trim();
      return betweenBlocks ? "" : (BLOCKS.has(next?.nodeName) || /^(H\\d|P|PRE)$/.test(next?.nodeName ?? "") || (!child.nextSibling && node.nodeName === "LI") ? after.trimEnd() : after);
    });
    const inside = pieces.join("");
    if (node.nodeName === "SPAN" && isCode) return inside;
    const attributes = [...node.attributes].filter(({ name }) => name !== "target").map(({ name, value }) => ` ${name}=${JSON.stringify(value)}`);
    return `<${node.nodeName.toLowerCase()}${attributes.sort().join("")}>${inside}</>`;
  };
  const fresh = () => document.body.appendChild(Object.assign(document.createElement("main"), {}));
  window.streamed = (pieces) => {
    const root = fresh();
    const view = new StreamingMarkdown(root);
    let text = "";
    for (const piece of pieces) view.show((text += piece));
    view.show(text, true);
    const result = form(root);
    root.remove();
    return result;
  };
  window.rendered = (html) => {
    const root = fresh();
    putSanitised(root, html);
    dressCodeBlocks(root);
    const result = form(root);
    root.remove();
    return result;
  };
  window.everySplit = (text) => {
    const whole = window.streamed([text]);
    const characters = [...text];
    const cuts = characters.map((_, at) => [characters.slice(0, at).join(""), characters.slice(at).join("")]);
    return { whole, different: [characters, ...cuts].find((pieces) => window.streamed(pieces) !== whole) ?? null };
  };
  // What may act or load, at any moment of a stream.
  const TAGS = "a blockquote br button code details div em h1 h2 h3 h4 h5 h6 hr kbd li ol p pre s span strong sub summary sup table tbody td th thead tr ul".split(" ");
  window.dangers = (text, before = "") => {
    const root = fresh();
    const view = new StreamingMarkdown(root);
    const found = new Set();
    const look = () => {
      for (const element of root.querySelectorAll("*")) {
        const name = element.nodeName.toLowerCase();
        if (!TAGS.includes(name)) found.add(name);
        for (const attribute of element.attributes) if (/^(on|src|style|srcdoc|action|form)/.test(attribute.name)) found.add(attribute.name);
        if (name !== "a") continue;
        const isLink = element.hasAttribute("href");
        if (isLink && !["http:", "https:", "mailto:", "tel:"].includes(element.protocol)) found.add(element.href);
        if (isLink && !/noopener.*nofollow/.test(element.rel)) found.add(`rel ${element.rel}`);
        // An address that is shown before it is complete.
        if (isLink && element.href.includes("complete.example") && !element.href.endsWith("complete.example/all")) found.add(element.href);
      }
    };
    let shown = before;
    view.show(shown);
    for (const character of text) {
      view.show((shown += character));
      look();
    }
    view.show(shown, true);
    look();
    root.remove();
    return [...found];
  };
  // What stands in the page while more is to come.
  window.sight = (pieces) => {
    const root = fresh();
    const view = new StreamingMarkdown(root);
    let text = "";
    for (const piece of pieces) view.show((text += piece));
    root.remove();
    return root.textContent.trimEnd();
  };
  // What stands in the page when a reply has streamed so far and then ended.
  window.ended = async (text, html) => {
    const { MessageText } = await import("/static/chat/js/pages/message/message-text.js");
    const view = new MessageText();
    document.body.append(view.element);
    view.stream(text.slice(0, text.length - 100));
    for (let left = 500; left && !view.element.querySelector("[data-goes-on]"); left -= 1) await new Promise((done) => setTimeout(done, 20));
    const wasParted = Boolean(view.element.querySelector("[data-goes-on]"));
    view.end(text, html);
    const main = document.createElement("main");
    main.append(...view.element.childNodes);
    const result = form(main);
    view.destroy();
    view.element.remove();
    return wasParted ? result : "it was not in parts";
  };
  // What stands in the page when a reply has streamed and ended, and the server has told that it does not format it.
  window.endedAsWritten = async (text, html) => {
    const { MessageText } = await import("/static/chat/js/pages/message/message-text.js");
    const view = new MessageText();
    document.body.append(view.element);
    view.stream(text);
    await new Promise((done) => setTimeout(done, 50));
    view.end(text, html);
    const shown = view.element.innerHTML;
    view.destroy();
    view.element.remove();
    return shown;
  };
  // How a text stands there while it comes, if the time is what `now` says.
  window.givenUp = (text, step, now) => {
    const root = fresh();
    const real = performance.now;
    if (now) performance.now = now;
    const view = new StreamingMarkdown(root);
    let most = 0, from = -1;
    for (let at = step; at < text.length; at += step) {
      view.show(text.slice(0, at));
      most = Math.max(most, root.querySelectorAll("*").length);
      if (from < 0 && root.querySelector(".as-written")) from = at;
    }
    const isWhole = from < 0 || text.startsWith(root.textContent);
    view.show(text, true);
    performance.now = real;
    const end = form(root);
    root.remove();
    return { most, from, isWhole, end };
  };
  // The work that a stream takes before and after its half, and how far the page was ever behind.
  window.effort = (text, step, before) => {
    const root = fresh();
    const view = new StreamingMarkdown(root);
    const half = { read: 0, written: 0 };
    let behind = 0, wrong = null, most = 0;
    const plain = (words) => words.replaceAll(/\\s/g, "");
    Object.assign(window.work, half);
    for (let at = step; at < text.length; at += step) {
      const read = window.work.read;
      view.show(text.slice(0, at));
      most = Math.max(most, window.work.read - read);
      if (at <= text.length / 2) Object.assign(half, window.work);
      if (before === null) continue;
      const sight = plain([...root.querySelectorAll(":scope > p, code")].map((each) => each.textContent).join("")), said = plain(text.slice(before, at));
      behind = Math.max(behind, said.length - sight.length);
      if (!said.startsWith(sight)) wrong ??= at;
    }
    view.show(text, true);
    root.remove();
    return { read: window.work.read - half.read, written: window.work.written - half.written, behind, wrong, most };
  };
}
"""

CORPUS: Final = {
    "words": "Hello, *world*. This is **bold**, ***both***, ~~gone~~ and `code`.\nA second line.",
    "headings": "# One\n\nText\n\nTwo\n===\n\nThree\n---\n\n###### Six ######\n#Not one\n",
    "lists": "- a\n- b\n  - c\n\n    deep\n- d\n\n1. one\n2. two\n\n\n   still two\n\n3) other\n4) more\n\n* x\n+ y",
    "numbered from seven": "7. seven\n8. eight\n\ntext\n\n-\n- empty above\n",
    "lazy": "> quoted\nlazy\n\n> again\n> - list\n>   more\n\n- item\nlazy too\n",
    "code": "Look:\n\n```python\ndef f(x):\n    return x * 2  # twice\n```\n\nand\n\n    indented\n\n    code\n\n~~~~\n```\n~~~~\n",
    "code in lists": "1. First:\n\n   ```js\n   const a = 1;\n   ```\n\n2. Then:\n   ```\n   plain\n   ```\n",
    "code unclosed": "```c++ extra words\nint main() {\n\n  return 0;\n",
    "table": "Before\n\n| a | b |\n|---|:-:|\n| 1 | **2** |\n| x | `|` \\| |\n\nAfter\n\na | b\n--|--\n1 | 2\n3\n",
    "no table": "| a | b |\nnot a table\n\n| c |\n\n| d |\n|---",
    "table after words": "para\n| a |\n|---|\n| b |\n",
    "links": "[a](http://a.example/x?y=1&z=2 'title') <http://b.example> <me@c.example> [mail](mailto:x@d.example) [rel](/rooms/) [](x)",
    "references": "See [one] and [Two][2].\n\nMore [one][].\n\n[one]: http://one.example 'T'\n[2]: <http://two.example>\n\n[one]: http://later.example\n",
    "references split": "[foo]: /url\n'title\nover lines'\n\n[foo]\n\n- [foo]: /inner\n- [foo]\n",
    "addresses": "see http://a.example/b_c_d. and https://e.example/(x), not f.example; mailto:g@h.example ok (http://i.example)!\nhttp://end.example",
    "many addresses": "http://early.example\n\n" + ": " * 120 + "\n\nhttp://late.example\n\nend",
    "images": "![alt](http://evil.example/x.png) and ![ref][r]\n\n[r]: http://evil.example/y.png\n",
    "raw html": "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> <b>bold</b>\n\n<!-- comment -->\n\n<div>\n*x*\n</div>",
    "bad links": "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](vbscript:x) [e](java&#115;cript:x) "
    "[f](\tjavascript:x) [g](ftp://x.example) [h](file:///etc/passwd) [i](&#1;javascript:x) [j](java\\\nscript:x) [k](//other.example)",
    "bad autolinks": "<javascript:alert(1)> <data:text/html,x> <ftp://x.example> <foo:bar> [z]\n\n[z]: javascript:alert(1)\n",
    "mentions": "@alice and (@bob.b), mail a@b.example, `@code` [@x](http://l.example/@y) @@no @Very_Long-Name. http://x.example/@z",
    "entities": "&amp; &lt;b&gt; &#x26; &nope; &copy; \\&amp; \\*no\\* \\\nbreak  \nhard\n",
    "rules": "a\n\n---\n\nb\n***\nc\n\n___\n",
    "marks": "**a *b** c* __d__ e_f_g *h\n\n**open\n\n`open ``tick`` [open ](half \n\n* \n",
    "line ends": "a\r\nb\rc\r\n\r\n- d\r\n- e\r\n",
    "odd characters": "nul \x00 and \u202e bidi, 👩‍👩‍👧 é e\u0301 中文 **中文**。\u00a0x\n\nend \u2028 x",
    "blank": "\n\n   \n",
    "empty": "",
    "deep": "> " * 30 + "deep\n\n" + "- " * 30 + "deep\n\n" + "[" * 60 + "x" + "](http://a.example)" * 60,
}  # fmt: skip
# What people hit: the server's side of these is in tests/reports.
CORPUS.update(
    {
        f"{table.__name__.rpartition('.')[2]}: {case.kind}": case.text
        for table in (extras, fences, mathematics, writing_systems)
        for case in table.CASES
    }
    | {f"visible: {case.kind}": case.text for case in (*visible.DEFINITIONS, *visible.BLANK_PARTS)}
)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with StaticServer() as server:
        made = browser.new_page()
        fetched: list[str] = []
        complaints: list[str] = []
        made.on("request", lambda request: fetched.append(request.url))
        made.on("pageerror", lambda error: complaints.append(str(error)))
        made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        made.route("**/harness", _harness)
        made.goto(f"{server.url}/harness")
        made.evaluate(_PRELUDE)
        yield made
        made.close()
        elsewhere = [
            url for url in fetched if not url.startswith(f"{server.url}/static/chat/") and "/harness" not in url
        ]
    assert elsewhere == []
    assert complaints == []


def _harness(route: Route) -> None:
    route.fulfill(body=_HARNESS, content_type="text/html", headers={"Content-Security-Policy": _POLICY})


def shown(page: Page, pieces: list[str]) -> str:
    return str(page.evaluate("pieces => window.streamed(pieces)", pieces))


def of_reply(text: str) -> str:
    """Return the server's HTML of a reply, which mentions no one."""
    return markdown.without_mentions(markdown.render(text))


def from_server(page: Page, text: str) -> str:
    return str(page.evaluate("html => window.rendered(html)", of_reply(text)))


@pytest.mark.parametrize("name", CORPUS)
def test_what_has_streamed_is_what_the_server_renders(page: Page, name: str) -> None:
    assert shown(page, [CORPUS[name]]) == from_server(page, CORPUS[name])


@pytest.mark.parametrize("name", CORPUS)
def test_no_split_into_pieces_makes_a_difference(page: Page, name: str) -> None:
    text = CORPUS[name].replace("\r\n", "\n").replace("\r", "\n")
    result: dict[str, Any] = page.evaluate("text => window.everySplit(text)", text)
    assert result["different"] is None


@pytest.mark.parametrize(
    "name", ["bad links", "bad autolinks", "raw html", "images", "mentions", "addresses", "references"]
)
def test_nothing_dangerous_stands_in_the_page_at_any_moment(page: Page, name: str) -> None:
    assert page.evaluate("text => window.dangers(text)", CORPUS[name]) == []


def test_an_address_is_followed_only_when_all_of_it_is_there(page: Page) -> None:
    text = (
        "[a](http://complete.example/all) [b](<http://complete.example/all> 'x') http://complete.example/all "
        "**[c](http://complete.example/all)** <http://complete.example/all>\n\n- [d][d] http://complete.example/all\n\n"
        "[d]: http://complete.example/all\n\nend"
    )
    assert page.evaluate("text => window.dangers(text)", text) == []
    assert shown(page, [text]).count('http://complete.example/all"') == 7


_WORDS: Final = [
    *("$", "$$", "\\(", "\\)", "\\[", "\\]", "x^{*}", "```md\n", "<br>", "<sub>", "</sub>", "<kbd>", "</kbd>", "<details>\n", "\n</details>\n", "- [ ] ", "![", "。", "“", "”", "は"),
    *("a", "word", " ", " ", "  ", "    ", "\n", "\n", "\n\n", "\n\n", "*", "**", "_", "~~", "`", "``", "```", "```py\n"),
    *("- ", "* ", "1. ", "12) ", "> ", "# ", "## ", "---", "===", "|", "| a | b |\n|---|---|\n", "|-|", "[", "]", "](", ")"),
    *("`code`", "[a]", "[a]: http://r.example\n", "![", "<", ">", "<b>", "http://x.example/", "javascript:", "@bob", "&amp;", "\\", "!", ":", "é"),
]  # fmt: skip


def test_random_text_in_random_pieces_is_what_the_server_renders(page: Page) -> None:
    chance = random.Random(20261123)
    for _ in range(400):
        words = [chance.choice(_WORDS) for _ in range(chance.randint(1, 60))]
        text = "".join(words)
        said = json.dumps(text)
        whole = shown(page, [text])
        assert whole == from_server(page, text), said
        assert shown(page, words) == whole, said


LONG_CHARS: Final = 200_000
# One block each that goes on and on: how it begins, what is repeated, and how it ends.
LONG: Final = {
    "words": ("", "word ", ""),
    "marked words": ("", "a *word* of `code` in **a [link](http://a.example)** and http://b.example ", ""),
    "lines": ("", "a line of words\n", ""),
    "a word": ("", "x", ""),
    "code": ("```python\n", "    value = compute(value)  # a comment\n", "```\n"),
    "a line of code": ("~~~\n", "x = 1; ", "\n~~~\n"),
    "code that never ends": ("```\n", "```js in it\n\n", ""),
    "code in a list": ("- item\n  ```\n", "  value = compute(value)\n", "  ```\n"),
    "a list": ("", "- an item with **some** words\n", ""),
    "a loose list": ("", "1. an item\n\n   and more of it\n\n", ""),
    "a table": ("| a | b |\n|---|---|\n", "| one | **two** |\n", ""),
    "a quotation": ("", "> quoted words\n", ""),
    "markers": ("", "* ** _ [ ` ", ""),
}  # fmt: skip
AFTER: Final = "\nA paragraph **after** it.\n\n# Head\n\n- one\n- two\n"


def long_text(name: str, chars: int) -> str:
    begin, again, end = LONG[name]
    return begin + again * (chars // len(again)) + end


@pytest.mark.parametrize("name", LONG)
def test_a_long_block_is_read_and_written_a_bounded_number_of_times(page: Page, name: str) -> None:
    text = long_text(name, LONG_CHARS)
    effort = page.evaluate("([text, step]) => window.effort(text, step, null)", [text, 200])
    # Each character of the second half; when all was read for each piece, it was several hundred times.
    assert effort["read"] <= 50 * LONG_CHARS / 2
    assert effort["written"] <= 5 * LONG_CHARS / 2


@pytest.mark.parametrize("name", ["words", "marked words", "lines", "a quotation", "code", "a line of code"])
def test_no_piece_of_a_long_block_makes_the_page_read_more_than_its_end(page: Page, name: str) -> None:
    most = {
        chars: page.evaluate("([text, step]) => window.effort(text, step, null)", [long_text(name, chars), 200])["most"]
        for chars in (50_000, LONG_CHARS)
    }
    assert most[LONG_CHARS] <= 15_000, "one piece took as much as several parts"
    assert most[LONG_CHARS] <= most[50_000] + 500, "the longer the block, the more work is one piece"


@pytest.mark.parametrize("name", ["code", "code that never ends"])
def test_a_new_line_of_long_code_lays_out_only_the_last_part_of_it(page: Page, name: str) -> None:
    sizes = page.evaluate(
        """text => {
          const root = document.body.appendChild(document.createElement("main"));
          const view = new StreamingMarkdown(root);
          for (let at = 0; at <= text.length; at += 500) view.show(text.slice(0, at));
          const code = root.querySelector("code");
          const said = [...code.childNodes].map((each) => each.textContent);
          const isWhole = text.slice(text.indexOf("\\n") + 1).startsWith(said.join(""));
          root.remove();
          return { longest: Math.max(...said.map((each) => each.length)), parts: said.length, isWhole };
        }""",
        long_text(name, LONG_CHARS).removesuffix(LONG[name][2]),
    )
    assert sizes["isWhole"] and sizes["parts"] >= 20 and sizes["longest"] <= 9_000


@pytest.mark.parametrize("name", ["words", "marked words", "lines", "a quotation"])
def test_a_reply_that_was_shown_in_parts_ends_as_the_server_renders_it(page: Page, name: str) -> None:
    text = "First.\n\n" + long_text(name, 40_000) + AFTER
    html = of_reply(text)
    ended = page.evaluate("texts => window.ended(...texts)", [text, html])
    assert ended == page.evaluate("html => window.rendered(html)", html)


@pytest.mark.parametrize(("name", "chars"), [("words", 200), ("lines", 200), ("code", 200), ("a line of code", 200)])
def test_the_end_of_a_long_block_is_in_sight_as_it_comes(page: Page, name: str, chars: int) -> None:
    begin = len(LONG[name][0])
    text = long_text(name, 60_000).removesuffix(LONG[name][2])
    effort = page.evaluate("([text, begin]) => window.effort(text, 200, begin)", [text, begin])
    assert effort["behind"] <= chars
    assert effort["wrong"] is None, "what is in sight is not how the text begins"


@pytest.mark.parametrize("name", sorted(set(LONG) - {"code that never ends"}))
def test_what_follows_a_long_block_is_in_sight_at_once(page: Page, name: str) -> None:
    pieces = [long_text(name, 40_000), *"\n\nPlain **words** after it."]
    assert page.evaluate("pieces => window.sight(pieces)", pieces).endswith("Plain words after it.")
    # The same when much comes at once, as after a pause in which the tab was away.
    again = LONG[name][1]
    late = [pieces[0][: len(again) * 3], pieces[0].removeprefix(pieces[0][: len(again) * 3]) + "\n\nAnd more."]
    assert page.evaluate("pieces => window.sight(pieces)", late).endswith("And more.")


@pytest.mark.parametrize("name", LONG)
def test_no_split_of_a_long_text_makes_a_difference(page: Page, name: str) -> None:
    text = "First.\n\n" + long_text(name, 40_000) + AFTER + long_text(name, 20_000) + AFTER
    chance = random.Random(len(text))
    cuts = sorted(chance.sample(range(len(text)), 120))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert shown(page, pieces) == shown(page, [text])


@pytest.mark.parametrize("name", ["bad links", "bad autolinks", "raw html", "images", "addresses"])
@pytest.mark.parametrize("before", ["words", "code that never ends", "a list"])
def test_nothing_dangerous_stands_in_a_long_block_at_any_moment(page: Page, name: str, before: str) -> None:
    assert page.evaluate("texts => window.dangers(...texts)", [CORPUS[name], long_text(before, 30_000)]) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends_as_the_server_shows_it(page: Page, name: str) -> None:
    text = HOSTILE[name]
    html = of_reply(text)
    if markdown.is_as_written(html):
        assert page.evaluate("texts => window.endedAsWritten(...texts)", [text, html]) == html.strip() + "\n"
    else:
        assert shown(page, [text[:7_000], text[7_000:]]) == from_server(page, text)


@pytest.mark.parametrize("name", ["cells that a table fills up", "very many cells"])
def test_text_that_needs_too_many_elements_stands_as_it_was_written_until_its_end(page: Page, name: str) -> None:
    seen = page.evaluate("text => window.givenUp(text, 500, null)", HOSTILE[name])
    assert seen["from"] > 0 and seen["isWhole"] and seen["most"] <= 20_100


def test_text_that_takes_too_long_stands_as_it_was_written_until_its_end(page: Page) -> None:
    text = CORPUS["lists"] * 20
    slow = page.evaluate("text => { let time = 0; return window.givenUp(text, 10, () => (time += 60)); }", text)
    assert slow["from"] < 0, "looks that take a moment are not counted"
    slow = page.evaluate("text => { let time = 0; return window.givenUp(text, 10, () => (time += 250)); }", text)
    assert 0 < slow["from"] < len(text) / 2 and slow["isWhole"]
    assert slow["end"] == from_server(page, text), "the end is formatted: the server has seen to it that it can be"


# Texts that grow letter by letter, and what must not stand in the page at any moment: a selector, and words in what it finds.
FLASHES: Final = {
    "a table": ("Before\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n", "p", "|"),
    "a table behind words": ("Words:\n\n| one | two |\n| - | - |\n| 1 | 2 |\n\nafter\n", "p", "|"),
    "a quoted table": ("> | a | b |\n> |---|---|\n> | 1 | 2 |\n", "p", "|"),
    "a table without bars at its edges": ("a | b\n---|:-:\n1 | 2\n", "p", "|"),
    "behind words, without bars at its edges": ("Words\na | b | c\n-- | - | -\n1 | 2 | 3\n\nafter\n", "p", "|"),
    "a quoted table without bars at its edges": ("> a | b\n> ---|---\n> 1 | 2\n", "p", "|"),
    "a table of other scripts": ("项目 | 说明\n--- | ---\n**甲** | `乙`\n", "p", "|"),
    "a table from right to left": ("اسم | عمر\n:-- | --:\nא | 2\n", "p", "|"),
    "a table behind a line with a bar": ("x | y\n| a | b |\n|---|---|\n| 1 | 2 |\n", "p", "a"),
    "emphasis over the bar": ("**a | b**\n---|---\n1 | 2\n", "p", "|"),
    "displayed mathematics": ("So:\n\n$$\nx\n=\n1\n- y\n$$\n\nafter", "h1, h2, li", ""),
    "mathematics in brackets": ("\\[\nx\n---\ny\n\\]\n", "h1, h2, hr", ""),
    "mathematics among words": ("Let \\(a_1 * b_1 * c\\) be $$d_1 * e_1 * f$$ so", "em", ""),
    "markdown in a block": ("```markdown\n# A\n```python\nx\n```\nend\n```\n", "h1, p", ""),
}


@pytest.mark.parametrize("name", FLASHES)
def test_what_is_not_complete_does_not_look_like_something_else(page: Page, name: str) -> None:
    text, selector, words = FLASHES[name]
    seen = page.evaluate(
        """([text, selector, words]) => {
          const root = document.body.appendChild(document.createElement("main"));
          const view = new StreamingMarkdown(root);
          const seen = [];
          for (let at = 1; at <= text.length; at += 1) {
            view.show(text.slice(0, at));
            const wrong = [...root.querySelectorAll(selector)].filter((each) => each.textContent.includes(words));
            if (wrong.length) seen.push(`${JSON.stringify(text.slice(0, at))}: ${wrong[0].outerHTML}`);
          }
          root.remove();
          return seen;
        }""",
        [text, selector, words],
    )
    assert seen == []


def test_a_line_with_a_bar_is_shown_as_soon_as_it_heads_no_table(page: Page) -> None:
    texts = ["a | b\nc", "a | b\n\n", "`a|b` c", "- a | b", r"a \| b", f"a | {'b' * 150}", "a | b\n- c", "x | y\n| a"]
    shown = page.evaluate(
        """texts => texts.map((text) => {
          const root = document.createElement("main");
          new StreamingMarkdown(root).show(text);
          return root.textContent;
        })""",
        texts,
    )
    assert all("|" in text for text in shown), dict(zip(texts, shown, strict=True))


def test_copied_code_ends_with_its_last_line(page: Page) -> None:
    copied = page.evaluate(
        """async () => {
          const { copyCode } = await import("/static/chat/js/pages/code/code-blocks.js");
          const copied = [];
          Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: async (text) => copied.push(text) } });
          for (const text of ["```sh\\nls -l\\n```", "```\\na\\n\\n\\n```", "```\\n\\n```", "    x\\n    y\\n"]) {
            const root = document.body.appendChild(document.createElement("main"));
            new StreamingMarkdown(root).show(text, true);
            await copyCode(root.querySelector("button"));
            root.remove();
          }
          delete navigator.clipboard;
          return copied;
        }"""
    )
    assert copied == ["ls -l", "a\n\n", "", "x\ny"]
