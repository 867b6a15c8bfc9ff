"""Indentation is part of a text, wherever it goes; only blank lines at its ends and white space behind it are not."""

from typing import Final, NamedTuple


class Case(NamedTuple):
    """kept: what is stored, edited, and told to Claude."""

    kind: str
    text: str
    kept: str


CASES: Final = (
    Case("code", "    def f():\n        return 1", "    def f():\n        return 1"),
    Case("a list", "   1. x\n   2. y", "   1. x\n   2. y"),
    Case("a tab", "\tx = 1\n\ty = 2", "\tx = 1\n\ty = 2"),
    Case("a space", " hello", " hello"),
    Case("a paragraph in Japanese", "\u3000吾輩は猫である。", "\u3000吾輩は猫である。"),
    Case("a space that does not break", "\u00a0\u00a0x", "\u00a0\u00a0x"),
    Case("blank lines before", "\n  \n\t\n    x\n    y", "    x\n    y"),
    Case("line ends of Windows", "\r\n   \r\n    x\r\n    y\r\n", "    x\r\n    y"),
    Case("line ends of old Macs", "\r    x", "    x"),
    Case("separators of lines", "\u2028   \u2029  x", "  x"),
    Case("blank lines behind", "    x\n    \n\n", "    x"),
    Case("white space behind", "x  \t\u3000", "x"),
    Case("lines within", "a\n\n    b\n\n\nc", "a\n\n    b\n\n\nc"),
    Case("an indented fence", "  ```\n    x\n  ```\n", "  ```\n    x\n  ```"),
    Case("words alone", "\n\nhello\n\n", "hello"),
)

# Texts and how their HTML begins: what indentation means in markdown.
SHOWN: Final = (
    ("    def f():\n        return 1", "<pre><code>def f():\n    return 1\n</code></pre>"),
    ("   1. x\n   2. y", "<ol>\n<li>x</li>\n<li>y</li>\n</ol>"),
    ("  - a\n  - b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
    ("\tx", "<pre><code>x\n</code></pre>"),
    (" hello", "<p>hello</p>"),
    ("   hello", "<p>hello</p>"),
    ("    hello", "<pre><code>hello\n</code></pre>"),
)
