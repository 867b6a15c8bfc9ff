"""What models and people write beside CommonMark, and what must stay text. Both parsers run these.

html: as in writing_systems, but with its paragraphs where there are several blocks.
"""

from typing import Final, NamedTuple


class Case(NamedTuple):
    kind: str
    text: str
    html: str


_DONE: Final = '<span class="task is-done">☑</span>'
_TO_DO: Final = '<span class="task">☐</span>'

_ALONE: Final = '<sup class="footnote-words">{}</sup>'


def _mark(label: str) -> str:
    return f'<sup class="footnote-mark"><a href="#fn:{label.lower()}">{label}</a></sup>'


def _words(label: str) -> str:
    return f'<sup class="footnote-words"><a href="#fnref:{label.lower()}">{label}</a></sup>'


CASES: Final = (
    Case("line breaks", "a<br>b<br/>c<BR />d", "a<br>\nb<br>\nc<br>\nd"),
    Case("a line break at the end of a line", "a<br>\nb", "a<br>\nb"),
    Case("lower and higher", "H<sub>2</sub>O x<sup>2</sup>", "H<sub>2</sub>O x<sup>2</sup>"),
    Case("keys", "<kbd>Ctrl</kbd>+<kbd>C</kbd>", "<kbd>Ctrl</kbd>+<kbd>C</kbd>"),
    Case("emphasis within", "x<sup>*a*</sup> **<kbd>K</kbd>**", "x<sup><em>a</em></sup> <strong><kbd>K</kbd></strong>"),
    Case("in each other", "a<sub>b<sub>c</sub></sub>", "a<sub>b<sub>c</sub></sub>"),
    Case("capitals", "<SUB>a</SUB>", "<sub>a</sub>"),
    Case("not closed", "<sub>a", "&lt;sub&gt;a"),
    Case("not opened", "a</kbd>", "a&lt;/kbd&gt;"),
    Case("crossed", "<sub><sup>a</sub></sup>", "&lt;sub&gt;<sup>a&lt;/sub&gt;</sup>"),
    Case("crossed with emphasis", "*a<sub>b*c</sub>", "<em>a&lt;sub&gt;b</em>c&lt;/sub&gt;"),
    Case("over a link", "[a<sub>b](https://x.org)</sub>", '<a href="https://x.org">a&lt;sub&gt;b</a>&lt;/sub&gt;'),
    Case("with attributes", "<sub onclick=x>a</sub>", "&lt;sub onclick=x&gt;a&lt;/sub&gt;"),
    Case("other elements", "<b>a</b> <img src=x> <u>", "&lt;b&gt;a&lt;/b&gt; &lt;img src=x&gt; &lt;u&gt;"),
    Case("in code", "`<br>` `<sub>a</sub>`", "<code>&lt;br&gt;</code> <code>&lt;sub&gt;a&lt;/sub&gt;</code>"),
    Case("escaped", r"\<br>", "&lt;br&gt;"),
    # --- Pictures
    Case("a picture", "![alt](https://x.org/p.png)", '<a href="https://x.org/p.png">alt</a>'),
    Case("emphasis in its words", "![a *b*](https://x.org/p.png)", '<a href="https://x.org/p.png">a b</a>'),
    Case("a picture without words", "![](https://x.org/p.png)", "<a>https://x.org/p.png</a>"),
    Case("a picture that is a link", "[![b](https://x.org/b.svg)](https://y.org)", '<a href="https://y.org">b</a>'),
    Case("a picture by reference", "![a][r]\n\n[r]: https://x.org/p.png", '<a href="https://x.org/p.png">a</a>'),
    Case("a picture that is a script", "![x](javascript:alert(1))", "![x](javascript:alert(1))"),
    Case("a picture that is its own data", "![x](data:text/html,x)", "![x](data:text/html,x)"),
    Case("an exclamation mark", "wow![a](https://x.org)", 'wow<a href="https://x.org">a</a>'),
    # --- Tasks
    Case("tasks", "- [ ] a\n- [x] b", f"<ul>\n<li>{_TO_DO} a</li>\n<li>{_DONE} b</li>\n</ul>"),
    Case("emphasis in a task", "- [X] **b**", f"<ul>\n<li>{_DONE} <strong>b</strong></li>\n</ul>"),
    Case("numbered tasks", "1. [ ] a", f"<ol>\n<li>{_TO_DO} a</li>\n</ol>"),
    Case("no task: no space", "- [x]a\n- [] b\n- [x]", "<ul>\n<li>[x]a</li>\n<li>[] b</li>\n<li>[x]</li>\n</ul>"),
    Case("no task: no list", "[x] a", "[x] a"),
    Case("no task: later in an item", "- a\n\n  [x] b", "<ul>\n<li>\n<p>a</p>\n<p>[x] b</p>\n</li>\n</ul>"),
    Case("no task: a link", "- [x](https://x.org)", '<ul>\n<li><a href="https://x.org">x</a></li>\n</ul>'),
    # --- Footnotes: each end leads to the other
    Case("a footnote", "a[^1]\n\n[^1]: words", f"<p>a{_mark('1')}</p>\n<p>{_words('1')} words</p>"),
    Case(
        "footnotes on lines of their own", "a[^x]b[^y]\n\n[^x]: one\n[^y]: two",
        f"<p>a{_mark('x')}b{_mark('y')}</p>\n<p>{_words('x')} one</p>\n<p>{_words('y')} two</p>",
    ),
    Case(
        "a footnote whose words are an address", "a[^1]\n\n[^1]: https://x.org",
        f"<p>a{_mark('1')}</p>\n<p>{_words('1')} <a>https://x.org</a></p>",
    ),
    Case(
        "two marks for the same words", "a[^1] b[^1]\n\n[^1]: c",
        f"<p>a{_mark('1')} b{_mark('1')}</p>\n<p>{_words('1')} c</p>",
    ),
    Case("words before their mark", "[^1]: c\n\nא[^1]", f"<p>{_words('1')} c</p>\n<p>א{_mark('1')}</p>"),
    Case(
        "a mark within words", "[^1]: c[^2]\n[^2]: d",
        f"<p>{_ALONE.format('1')} c{_mark('2')}</p>\n<p>{_words('2')} d</p>",
    ),
    Case(
        "a mark in emphasis and in a list", "- **語[^a]**\n\n[^a]: b",
        f"<ul>\n<li><strong>語{_mark('a')}</strong></li>\n</ul>\n<p>{_words('a')} b</p>",
    ),
    Case(
        "emphasis at the beginning of the words", "a[^1]\n\n[^1]: *b* `c`",
        f"<p>a{_mark('1')}</p>\n<p>{_words('1')} <em>b</em> <code>c</code></p>",
    ),
    Case("a footnote of two lines", "[^1]: one\n*two*", f"{_ALONE.format('1')} one<br>\n<em>two</em>"),
    Case("a mark without words", "a[^1] [^a-z]", "a[^1] [^a-z]"),
    Case("a mark in code", "`[^1]`\n\n[^1]: b", f"<p><code>[^1]</code></p>\n<p>{_ALONE.format('1')} b</p>"),
    Case("in capitals", "a[^Note]\n\n[^note]: b", f"<p>a{_mark('Note')}</p>\n<p>{_words('note')} b</p>"),
    Case("a link of the same name", "[a][^1]\n\n[^1]: b", f"<p>[a]{_mark('1')}</p>\n<p>{_words('1')} b</p>"),
    Case(
        "a mark in a picture", "![a[^1]](https://x.org)\n\n[^1]: b",
        f'<p><a href="https://x.org">a1</a></p>\n<p>{_words("1")} b</p>',
    ),
    Case(
        "in a quotation", "> a[^1]\n>\n> [^1]: b",
        f"<blockquote>\n<p>a{_mark('1')}</p>\n<p>{_words('1')} b</p>\n</blockquote>",
    ),
    # --- Details
    Case(
        "details", "<details>\n<summary>More *x*</summary>\n\n- a\n\n</details>\nb",
        "<details>\n<summary>More <em>x</em></summary>\n<ul>\n<li>a</li>\n</ul>\n</details>\n<p>b</p>",
    ),
    Case(
        "details in one line with their summary", "<details><summary>T</summary>\na\n</details>",
        "<details>\n<summary>T</summary>\n<p>a</p>\n</details>",
    ),
    Case(
        "details in one line", "<details><summary>T</summary>a *b*</details>",
        "<details>\n<summary>T</summary>\n<p>a <em>b</em></p>\n</details>",
    ),
    Case("details in one line without a summary", "<DETAILS>a</details> ", "<details>\n<p>a</p>\n</details>"),
    Case(
        "details in one line without words", "<details><summary>T</summary></details>",
        "<details>\n<summary>T</summary>\n</details>",
    ),
    Case(
        "details in one line behind words", "a\n<details>b</details>\nc",
        "<p>a</p>\n<details>\n<p>b</p>\n</details>\n<p>c</p>",
    ),
    Case("details in one line with more behind", "<details>a</details> b", "&lt;details&gt;a&lt;/details&gt; b"),
    Case("details without a summary", "<details>\na\n</details>", "<details>\n<p>a</p>\n</details>"),
    Case(
        "details in each other", "<details>\n<details>\na\n</details>\nb\n</details>\nc",
        "<details>\n<details>\n<p>a</p>\n</details>\n<p>b</p>\n</details>\n<p>c</p>",
    ),
    Case(
        "their end in code", "<details>\n\n```\n</details>\n```\n</details>",
        "<details>\n<pre><code>&lt;/details&gt;\n</code></pre>\n</details>",
    ),
    Case("details among words", "a <details> b </details>", "a &lt;details&gt; b &lt;/details&gt;"),
    Case("details with attributes", "<details ontoggle=x>\na", "&lt;details ontoggle=x&gt;<br>\na"),
    Case(
        "details in a quotation", "> <details>\n> a\n\nb",
        "<blockquote>\n<details>\n<p>a</p>\n</details>\n</blockquote>\n<p>b</p>",
    ),
)  # fmt: skip
