"""What people read of a message, on one line: in quotes, labels for screen readers, notifications and search results."""

from typing import Final, NamedTuple


class Rendered(NamedTuple):
    content: str
    text: str
    kind: str


RENDERED: Final = (
    Rendered("The *ferry* leaves", "The ferry leaves", "emphasis"),
    Rendered("**bold**ly", "boldly", "emphasis within a word"),
    Rendered("~~gone~~ `code`", "gone code", "marks of all kinds"),
    Rendered("[docs](https://x.org/?a=1&b=2)", "docs", "links"),
    Rendered("https://x.org/?a=1&b=2", "https://x.org/?a=1&b=2", "bare addresses"),
    Rendered("# Title\n\ntext", "Title text", "blocks"),
    Rendered("- one\n- two\n  1. three", "one two three", "lists"),
    Rendered("| a | b |\n|---|---|\n| c | d |", "a b c d", "tables"),
    Rendered("> quoted\n\nreply", "quoted reply", "quotations"),
    Rendered("one\ntwo", "one two", "line breaks"),
    Rendered("```python\nif a < b:\n    pass\n```", "if a < b: pass", "code"),
    Rendered("`<b>` &amp; \"q\" 'a'", "<b> & \"q\" 'a'", "what HTML means"),
    Rendered("&lt;script&gt; &nbsp;x", "<script> x", "what HTML means"),
    Rendered("&amp;amp; &amp;lt;", "&amp; &lt;", "entities that people write"),
    Rendered("a \\*star\\* and foo\\_bar", "a *star* and foo_bar", "escapes"),
    Rendered('[a](/b "x > y") c', "a c", "titles of links"),
    Rendered("@bob `@bob`", "@bob @bob", "mentions"),
    Rendered("日本語の**強調**です", "日本語の強調です", "other scripts"),
    Rendered("plain text", "plain text", "nothing to format"),
    Rendered("1 < 2 > 0 & more", "1 < 2 > 0 & more", "signs of comparison"),
    Rendered("🎉 *yes* 👍🏽", "🎉 yes 👍🏽", "emoji"),
)
