"""Messages as HTML: formatted as people expect, the short cut no different, and safe whatever they write."""

from html import escape, unescape
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Final
from urllib.parse import urlsplit

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat import markdown
from chat.markdown import formatting, is_plain, render
from chat.markdown.parser import SCHEMES, parser
from tests.chat.properties import examples
from tests.hostile_texts import HOSTILE, SWELLING


def the_long_way(content: str) -> str:
    return nh3.clean(
        parser(links=True).render(content),
        tags=formatting._TAGS,
        attributes=formatting._ATTRIBUTES,
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )


# --- The short cut -------------------------------------------------------------------------------------------------------

PLAIN_CHARS: Final = "ab Z09,;?'\"()éß’–—…!. "
WORDS: Final = [
    "a",
    "1.",
    "1)",
    "(c)",
    "http",
    "www.x",
    "mailto",
    "e.g.",
    "...",
    '"x"',
    "'s",
    "--",
    "  ",
    "!",
    ".",
    "(tm)",
    "12",
    "ß",
]


@examples(400)
@example("1. a")
@example("1) a")
@example("www.example.org.")
@example("a  b")
@example("  a b")
@example("    a b")
@example("e.g. this!")
@given(
    st.one_of(st.text(alphabet=PLAIN_CHARS, min_size=1, max_size=40), st.lists(st.sampled_from(WORDS)).map(" ".join))
)
def test_the_short_cut_gives_the_same_as_the_long_way(content: str) -> None:
    if is_plain(content):
        assert render(content) == the_long_way(content)


@pytest.mark.parametrize("content", ["hello", "Hello, world!", "C'est l'été (déjà).", 'He said "yes"; really?'])
def test_what_people_mostly_say_takes_the_short_cut(content: str) -> None:
    assert is_plain(content)


@pytest.mark.parametrize(
    "content",
    [
        "*a*",
        "a\nb",
        "@bob",
        "a@b.c",
        "1. a",
        "a `b`",
        "http://x.y",
        "<b>",
        "a & b",
        "    a",
        "a ",
        "a  b",
        "# a",
        "- a",
        "\ta",
        "",
    ],
)
def test_what_could_be_formatting_does_not(content: str) -> None:
    assert not is_plain(content)


# --- Formatting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("**b** *i* ~~s~~ `c`", "<p><strong>b</strong> <em>i</em> <s>s</s> <code>c</code></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("> q", "<blockquote>\n<p>q</p>\n</blockquote>"),
        ("3. c", '<ol start="3">\n<li>c</li>\n</ol>'),
        ("hi @bob.", "<p>hi @bob.</p>"),
        ("a@bob.org", "<p>a@bob.org</p>"),
        ("example.py", "<p>example.py</p>"),
        ("1 < 2 && 3 > 2", "<p>1 &lt; 2 &amp;&amp; 3 &gt; 2</p>"),
        ("<b>b</b>", "<p>&lt;b&gt;b&lt;/b&gt;</p>"),
        ("&lt;b&gt; &copy;", "<p>&lt;b&gt; ©</p>"),
    ],
)
def test_formatting_is_what_one_expects(content: str, html: str) -> None:
    assert markdown.without_mentions(render(content)).strip() == html


def test_links_are_plain_links_that_tell_the_other_side_nothing() -> None:
    for content in ("https://example.org/a?b=c", "[x](https://example.org/a?b=c)", "<https://example.org/a?b=c>"):
        assert 'href="https://example.org/a?b=c" rel="noopener noreferrer nofollow"' in render(content)


def test_in_a_text_of_very_many_colons_only_marked_links_are_links() -> None:
    """Looking for bare addresses in such a text takes too long; see test_markdown_hostile.py."""
    few, many = "a: " * 90, "a: " * 110
    links = "https://example.org <https://example.org> [x](https://example.org)"
    assert [render(text + links).count("<a ") for text in (few, many)] == [3, 2]


def test_code_is_its_text_and_the_name_of_its_language() -> None:
    """The page colours it: a grammar that is slow on the server would hold up everyone."""
    html = render("```python\nprint('<b>')\n```")
    assert html == "<pre><code class=\"language-python\">print('&lt;b&gt;')\n</code></pre>\n"
    assert "&lt;b&gt;" in render("```no-such-language\n<b>\n```") and "&lt;b&gt;" in render("```\n<b>\n```")


# --- What is not formatted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_html_has_a_bound_by_the_size_of_its_text(name: str) -> None:
    text = HOSTILE[name]
    html = render(text)
    assert len(html.encode()) <= markdown.html_bytes_for(text) <= 4_000 + 5 * len(text.encode())
    if markdown.is_as_written(html):
        assert_reads_as_written(markdown.without_mentions(html), text)


def test_what_would_become_too_large_is_shown_as_it_was_written() -> None:
    for name, text in SWELLING.items():
        assert markdown.is_as_written(render(text)), name
    for fewer in (text[:300] for text in SWELLING.values()):
        assert not markdown.is_as_written(render(f"x\n\n{fewer}")), "a short text is formatted, whatever it becomes"


@pytest.mark.parametrize("char", ["&", "<", "\n", "a\n", "\u0301", "😀"])
def test_a_text_as_it_was_written_has_the_same_bound(char: str) -> None:
    text = "a" + char * 20_000 + "a"
    assert len(markdown.as_written(text).encode()) <= markdown.html_bytes_for(text)


@pytest.mark.parametrize(("depth", "is_formatted"), [(99, True), (100, False)])
def test_what_is_too_deep_is_shown_as_it_was_written(depth: int, is_formatted: bool) -> None:
    text = "*a " * depth + "b*" * depth  # in a paragraph
    assert markdown.is_as_written(render(text)) is not is_formatted


def test_no_html_is_larger_than_the_largest() -> None:
    assert markdown.html_bytes_for("x" * 10_000_000) == markdown.HTML_BYTES_AT_MOST


@examples(100)
@given(st.text(max_size=200))
def test_a_text_as_it_was_written_keeps_its_words_and_lines(content: str) -> None:
    assert_reads_as_written(markdown.without_mentions(markdown.as_written(content)), content)


def assert_reads_as_written(html: str, text: str) -> None:
    assert html.startswith('<p class="as-written">') and html.endswith("</p>\n")
    inside = html.removeprefix('<p class="as-written">').removesuffix("</p>\n")
    normal = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    assert unescape(inside.replace("<br>", "\n")) == unescape(escape(normal, quote=False))
    assert "<" not in inside.replace("<br>", "")


def test_nothing_that_people_write_looks_like_a_text_that_was_not_formatted() -> None:
    assert not markdown.is_as_written(render('<p class="as-written">x</p>\n\n*y*'))


# --- Safety --------------------------------------------------------------------------------------------------------------

CLASSES_MAY_HOLD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+#./ ")


class Inspector(HTMLParser):
    """Reads HTML as a browser would begin to, and refuses everything that is not on our list."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in formatting._TAGS, tag
        if tag not in ("br", "hr"):
            self.open.append(tag)
        for name, value in attrs:
            allowed = formatting._ATTRIBUTES.get(tag, set()) | ({"rel", "title"} if tag == "a" else set())
            assert name in allowed or (tag, name, value) == ("p", "class", "as-written"), f"{tag} {name}"
            if name == "href":
                assert urlsplit((value or "").strip()).scheme.lower() in SCHEMES | {""}, value
            if name == "start":
                assert (value or "").isdigit()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, "every element ends where it should"

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def assert_safe(html: str) -> None:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    assert inspector.open == []


PIECES: Final = [
    "<", ">", "</", "/>", "script", "img", "svg", "iframe", "style", "onerror=", "onload=alert(1)", "src=x", "href=",
    "a ", "javascript:", "JaVaScRiPt:", "java\tscript:", "&#106;avascript:", "data:text/html,", "vbscript:",
    "file:///", "//evil.example", "[", "]", "(", ")", "![", "[x](", "<!--", "-->", "<![CDATA[", "]]>", "<?", "\"",
    "'", "`", "```", "```js\n", "~~~", "*", "**", "_", "~~", "#", "> ", "- ", "1. ", "|", "|-|\n", "\n", "\n\n",
    "    ", "\t", "&", "&lt;", "&quot;", "&#0;", "\\", "@bob", "http://x.y", "https://x.y/\"onclick=", "mailto:a@b",
    "x", "\u202e", "\ufeff", "\u2028", "<math><mtext>", "<table>", "<p>",
]  # fmt: skip


@examples(600)
@example("<script>alert(1)</script>")
@example("![x](https://evil.example/who-reads.png)")
@example("[x](javascript:alert(1))")
@example("<javascript:alert(1)>")
@example("[x](data:text/html;base64,PHNjcmlwdD4=)")
@example('[x](http://a "onmouseover=alert(1)")')
@example('```"onload=alert(1)\nx\n```')
@example("```<script>\nx\n```")
@example("<noscript><p title='</noscript><img src=x onerror=alert(1)>'>")
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_nothing_dangerous_survives(content: str) -> None:
    html = render(content)
    assert_safe(html)
    assert the_long_way(content) == html or is_plain(content) or markdown.is_as_written(html)
    assert not html.strip() or nh3.clean(html, tags=formatting._TAGS, attributes=formatting._ATTRIBUTES) != ""


EVIL: Final = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/who-reads.png)",
    '<p style="position:fixed" onclick=alert(1)>x</p>',
    "[x](javascript:alert(1))",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>',
    "<svg><a xlink:href=javascript:alert(1)>x</a></svg>",
    "<!-- x -->",
]


@pytest.mark.parametrize("content", EVIL)
def test_each_of_the_two_defences_holds_alone(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for links in (True, False):
        assert_safe(parser(links=links).render(content))
    unsafe = SimpleNamespace(parse=lambda _: [], options={}, renderer=SimpleNamespace(render=lambda *_: content))
    monkeypatch.setattr(formatting, "parser_for", lambda _: unsafe)
    assert_safe(render(content))


@examples(200)
@given(st.text(max_size=100))
def test_no_text_is_an_error_and_none_is_dangerous(content: str) -> None:
    if not any("\ud800" <= char <= "\udfff" for char in content):  # the decoder refuses these
        assert_safe(render(content))


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<img src=x>",
        "<p onclick=x>",
        '<p style="x">',
        '<a href="javascript:x">',
        '<a href=" data:x">',
        "<!-- x -->",
        "<p><em></p></em>",
        "<svg>",
        "<p>",
    ],
)
def test_the_inspector_would_notice(html: str) -> None:
    with pytest.raises(AssertionError):
        assert_safe(html)
