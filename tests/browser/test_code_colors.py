"""Colors of code come from a worker: in view only, the same for stored and streamed code, and no grammar holds the page."""

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from chat import markdown
from config import settings
from tests.hostile_texts import GRAMMARS
from tests.js.static_server import StaticServer

_DIRECTIVES: Final = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
# The site's own, but for the nonces.
_POLICY: Final = "; ".join(
    f"{name} {' '.join(value for value in values if isinstance(value, str))}" for name, values in _DIRECTIVES.items()
)
_HARNESS: Final = """<!doctype html><meta charset=utf-8><title>Harness</title>
<link rel=stylesheet href=/static/chat/css/base.css><link rel=stylesheet href=/static/chat/css/message.css>
<link rel=stylesheet href=/static/chat/css/reply.css><main class=prose></main>"""
_PRELUDE: Final = """
async () => {
  const { putSanitised } = await import("/static/chat/js/pages/message/sanitised-html.js");
  const { dressCodeBlocks } = await import("/static/chat/js/pages/code/code-blocks.js");
  const { StreamingMarkdown } = await import("/static/chat/js/pages/streaming/streaming-markdown.js");
  const main = document.querySelector("main");
  window.add = (id, html) => {
    const root = main.appendChild(Object.assign(document.createElement("section"), { id }));
    putSanitised(root, html);
    dressCodeBlocks(root);
  };
  window.stream = (id, text) => {
    const root = main.appendChild(Object.assign(document.createElement("section"), { id }));
    const view = new StreamingMarkdown(root);
    for (let at = 0; at < text.length; at += 7) view.show(text.slice(0, at));
    view.show(text, true);
  };
  // The longest time for which the page did nothing.
  window.longest = 0;
  let before = performance.now();
  setInterval(() => {
    const now = performance.now();
    window.longest = Math.max(window.longest, now - before);
    before = now;
  }, 10);
}
"""
PYTHON: Final = "```python\n\ndef f(x):\n    # twice\n    return f'{x}' * 2\n\n```\n"
# What the language files of hostile grammars are replaced by: real ones are slow on texts that no one has found yet.
_BACKTRACKS: Final = "export default () => ({ contains: [{ scope: 'string', begin: /(a+)+b/ }] });"
_LOOPS: Final = (
    "export default () => ({ contains: [{ scope: 'string', begin: /x/, 'on:begin': () => { for (;;); } }] });"
)
_THROWS: Final = "throw new Error('broken');"


@pytest.fixture(scope="module")
def server() -> Iterator[StaticServer]:
    with StaticServer() as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: StaticServer) -> Iterator[Page]:
    made = browser.new_page()
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    made.route("**/harness", _harness)
    made.goto(f"{server.url}/harness")
    made.evaluate(_PRELUDE)
    yield made
    made.close()
    assert complaints == []


def _harness(route: Route) -> None:
    route.fulfill(body=_HARNESS, content_type="text/html", headers={"Content-Security-Policy": _POLICY})


def add(page: Page, id_: str, text: str) -> None:
    page.evaluate("args => window.add(...args)", [id_, markdown.render(text)])


def workers_of(page: Page) -> list[str]:
    """Return the workers that the page starts, as it starts them."""
    started: list[str] = []
    page.on("worker", lambda worker: started.append(worker.url))
    return started


def replace_grammar(page: Page, language: str, module: str) -> None:
    page.context.route(
        f"**/languages/{language}.min.js", lambda route: route.fulfill(body=module, content_type="text/javascript")
    )


def test_stored_and_streamed_code_get_the_same_colors_and_keep_their_text_and_place(page: Page) -> None:
    add(page, "stored", PYTHON)
    page.evaluate("args => window.stream(...args)", ["streamed", PYTHON])
    place = """id => {
      const { top, height } = document.querySelector(`#${id} code`).getBoundingClientRect();
      return [top, height];
    }"""
    before = [page.evaluate(place, id_) for id_ in ("stored", "streamed")]
    stored, streamed = page.locator("#stored code"), page.locator("#streamed code")
    expect(stored.locator(".k").first).to_have_text("def")
    expect(streamed.locator(".k").first).to_have_text("def")
    assert stored.inner_html() == streamed.inner_html()
    assert stored.text_content() == "\ndef f(x):\n    # twice\n    return f'{x}' * 2\n\n"
    assert [page.evaluate(place, id_) for id_ in ("stored", "streamed")] == before, "colors move nothing"


def test_messages_that_an_older_version_colored_look_the_same(page: Page) -> None:
    old = (
        '<pre><code class="language-python"><span class="k">def</span><span class="w"> </span><span class="nf">f</span>'
        '<span class="p">(</span><span class="n">x</span><span class="p">):</span> <span class="k">pass</span>\n'
        "</code></pre>"
    )
    page.evaluate("args => window.add(...args)", ["old", old])
    add(page, "new", "```python\ndef f(x): pass\n```")
    expect(page.locator("#new .k").first).to_have_text("def")
    expect(page.locator("#old .w")).to_have_count(0)
    assert page.locator("#old code").inner_html() == page.locator("#new code").inner_html()
    # Where the language is not one of the page's, the old colors stay.
    page.evaluate("args => window.add(...args)", ["cobol", old.replace("python", "cobol")])
    add(page, "last", "```json\n[1]\n```")
    expect(page.locator("#last .mi")).to_have_text("1")
    expect(page.locator("#cobol .k").first).to_have_text("def")


def test_code_is_colored_when_it_comes_into_view(page: Page) -> None:
    started = workers_of(page)
    page.evaluate("document.querySelector('main').style.paddingTop = '3000px'")
    add(page, "below", PYTHON)
    page.wait_for_timeout(200)
    assert started == [] and page.locator("#below span.k").count() == 0
    page.locator("#below").scroll_into_view_if_needed()
    expect(page.locator("#below .k").first).to_have_text("def")
    assert len(started) == 1


@pytest.mark.parametrize(
    "text", ["```\nx = 1\n```", "```no-such\nx\n```", "```__proto__\nx\n```", "```python\n" + "x = 1\n" * 4000 + "```"]
)
def test_what_has_no_language_of_ours_or_is_long_starts_no_worker(page: Page, text: str) -> None:
    started = workers_of(page)
    add(page, "plain", text)
    page.wait_for_timeout(200)
    assert started == [] and page.locator("#plain pre span").count() == 0


@pytest.mark.parametrize("module", [_BACKTRACKS, _LOOPS])
def test_a_grammar_that_never_ends_holds_neither_the_page_nor_what_follows(page: Page, module: str) -> None:
    started = workers_of(page)
    replace_grammar(page, "ruby", module)
    hostile = "```ruby\n" + "a" * 60 + "x\n```"
    add(page, "hostile", hostile)
    add(page, "next", PYTHON)
    expect(page.locator("#next .k").first).to_have_text("def")
    for _ in range(100):  # on a busy machine, what follows may be looked at first
        if len(started) == 2:
            break
        page.wait_for_timeout(100)
    assert len(started) == 2, "the first was ended"
    add(page, "again", hostile)
    add(page, "after", PYTHON.replace("twice", "thrice"))
    expect(page.locator("#after .k").first).to_have_text("def")
    assert len(started) == 2, "the same text is not tried again"
    assert page.locator("#hostile code").text_content() == "a" * 60 + "x\n"
    assert page.evaluate("window.longest") < 200


def test_a_language_that_is_always_slow_is_left_alone(page: Page) -> None:
    started = workers_of(page)
    replace_grammar(page, "ruby", _LOOPS)
    for number in range(8):
        add(page, f"hostile-{number}", f"```ruby\nx {number}\n```")
    add(page, "next", PYTHON)
    expect(page.locator("#next .k").first).to_have_text("def", timeout=15_000)
    assert len(started) == 6


def test_a_language_that_cannot_be_fetched_costs_only_its_own_colors(page: Page) -> None:
    replace_grammar(page, "ruby", _THROWS)
    add(page, "broken", "```ruby\nx\n```")
    add(page, "next", PYTHON)
    expect(page.locator("#next .k").first).to_have_text("def")
    assert page.locator("#broken code").text_content() == "x\n"


@pytest.mark.parametrize("name", GRAMMARS)
def test_hostile_code_never_holds_the_page(page: Page, name: str) -> None:
    add(page, "hostile", GRAMMARS[name])
    add(page, "next", PYTHON)
    page.locator("#next").scroll_into_view_if_needed()
    expect(page.locator("#next .k").first).to_have_text("def")
    written = re.sub(r"^`+\w*\n|\n`+$", "", GRAMMARS[name]) + "\n"
    assert page.locator("#hostile code").text_content() == written
    assert page.evaluate("window.longest") < 500


def test_a_selection_in_the_code_is_kept(page: Page) -> None:
    page.evaluate(
        """html => {
          window.add("selected", html);
          const text = document.querySelector("#selected code").firstChild;
          getSelection().setBaseAndExtent(text, 1, text, 6);
        }""",
        markdown.render(PYTHON),
    )
    add(page, "next", PYTHON)
    expect(page.locator("#next .k").first).to_have_text("def")
    page.wait_for_timeout(100)
    assert page.evaluate("String(getSelection())") == "def f"
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator("#selected .k").first).to_have_text("def")


def test_every_language_that_is_shipped_can_be_colored(page: Page) -> None:
    files = sorted(
        path.name.split(".")[0] for path in (settings.BASE_DIR / "static/chat/vendor/highlight/languages").iterdir()
    )
    for language in files:
        add(page, language, f'```{language}\n"a" \'b\' # 1 // 2 + a - b: <c d="e"> {{ }} @f\n+ x\n```')
    for language in files:
        page.locator(f"#{language}").scroll_into_view_if_needed()
        expect(page.locator(f"#{language} pre span").first).to_be_attached(timeout=15_000)
