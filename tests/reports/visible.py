"""What is drawn and what is blank: texts, reactions, names of files."""

from typing import Final, NamedTuple

TAG_FLAG: Final = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


class Text(NamedTuple):
    content: str
    kind: str


# Refused: nothing would be seen of them.
BLANK: Final = (
    Text("\u2800", "an empty pattern of Braille"),
    Text("\u2800 \u2800\n\u2800", "an empty pattern of Braille, many times"),
    Text("\u3164", "a filler of Hangul"),
    Text("\uffa0", "a filler of Hangul, half width"),
    Text("\u115f\u1160", "fillers of old Hangul"),
    Text("\ufe0f", "a request for colour, of nothing"),
    Text("\u034f", "a joiner of letters"),
    Text("\u17b4\u17b5", "inherent vowels of Khmer"),
    Text("\u180e", "a separator of Mongolian vowels"),
    Text("\U0001d159", "a null note"),
    Text("\U0001d173", "a beam of no notes"),
    Text("\U000e0100", "a form of no ideograph"),
    Text("\U000e0041\U000e007f", "tags of no flag"),
    Text("\u2061\u2062\u2063", "invisible operators"),
    Text("\u206a\ufff9", "controls of old formats"),
    Text("\ufdd0\U0001ffff"[:1], "what is never a character"),
    Text("\u200d\u200c", "joiners alone"),
    Text("\u00ad\u200b\u2060\ufeff", "hyphens and spaces without width"),
    Text("\u2028\u2029\x85", "line ends"),
    Text("\u3000\u00a0\u1680", "spaces"),
)

# Markdown draws nothing of these, so they are shown as they were written.
AS_WRITTEN: Final = (
    Text("#", "an empty heading"),
    Text("## ", "an empty heading"),
    Text(">", "an empty quotation"),
    Text("> >", "an empty quotation"),
    Text("-", "an empty list"),
    Text("1.", "an empty list"),
    Text("[](x)", "a link without words"),
    Text("[](https://x.org)", "a link without words"),
    Text("[x]: https://x.org", "a definition of a link that is not used"),
    Text("&#8203;", "an entity that draws nothing"),
    Text("&#x2800; &zwj;", "an entity that draws nothing"),
    Text("&nbsp;", "an entity that draws nothing"),
    Text("# &#8203;", "an entity in an empty heading"),
    Text("[\u3164](https://x.org)", "a link with blank words"),
)

# Definitions of links that lead nowhere are what people say.
SAID: Final = (
    Text("[12:30]: hello", "a log of a chat"),
    Text("[alice]: hi", "a log of a chat"),
    Text("[1]: see", "a footnote"),
    Text("[note]: lunch", "a label"),
    Text("[部長]: 了解", "a log of a chat, other script"),
    Text("[TODO]: fix", "a label"),
)


class Definition(NamedTuple):
    """A definition of a link. html: of all the text, as in tests/reports/extras.py."""

    kind: str
    text: str
    html: str


_X: Final = "<a>https://x.org</a>"
# Those that no link uses are drawn where they stand, as text; the others are not. Both parsers run these.
DEFINITIONS: Final = (
    Definition("alone", "[alice]: https://x.org", f"[alice]: {_X}"),
    Definition("behind a paragraph", "hello\n\n[alice]: https://x.org", f"<p>hello</p>\n<p>[alice]: {_X}</p>"),
    Definition("before a paragraph", "[alice]: https://x.org\n\nhello", f"<p>[alice]: {_X}</p>\n<p>hello</p>"),
    Definition("right before a line", "[a]: https://x.org\nhello", f"<p>[a]: {_X}</p>\n<p>hello</p>"),
    Definition("other scripts", "hi\n\n[部長]: /了解", "<p>hi</p>\n<p>[部長]: /了解</p>"),
    Definition("from right to left", "שלום\n\n[שם]: #דף", "<p>שלום</p>\n<p>[שם]: #דף</p>"),
    Definition("a place within this site", "hi\n\n[todo]: /lunch", "<p>hi</p>\n<p>[todo]: /lunch</p>"),
    Definition("signs", "hi\n\n[mood]: ...", "<p>hi</p>\n<p>[mood]: ...</p>"),
    Definition("with a title", 'hi\n\n[x]: /u "@bob"', '<p>hi</p>\n<p>[x]: /u "@bob"</p>'),
    Definition("over lines", 'hi\n\n[x]:\n/u\n"t"', '<p>hi</p>\n<p>[x]:<br>\n/u<br>\n"t"</p>'),
    Definition("several lines", "hi\n\n[a]: /x\n[b]: /y", "<p>hi</p>\n<p>[a]: /x<br>\n[b]: /y</p>"),
    Definition("apart", "[a]: /x\n\n[b]: /y", "<p>[a]: /x</p>\n<p>[b]: /y</p>"),
    Definition("in a list", "- [a]: https://x.org\n- b", f"<ul>\n<li>[a]: {_X}</li>\n<li>b</li>\n</ul>"),
    Definition("in a quotation", "> [a]: /x\n\nb", "<blockquote>\n<p>[a]: /x</p>\n</blockquote>\n<p>b</p>"),
    Definition("in details", "<details>\n\n[a]: /x\n</details>", "<details>\n<p>[a]: /x</p>\n</details>"),
    Definition("emphasis in it", "hi\n\n[*a*]: /x", "<p>hi</p>\n<p>[<em>a</em>]: /x</p>"),
    Definition("used", "[a]\n\n[a]: https://x.org", '<a href="https://x.org">a</a>'),
    Definition("used by number", "[the docs][1]\n\n[1]: https://x.org", '<a href="https://x.org">the docs</a>'),
    Definition("used before and behind", "[a]: https://x.org\n\n[A][]", '<a href="https://x.org">A</a>'),
    Definition("used in another block", "> [a]\n\n[a]: /x", '<blockquote>\n<p><a href="/x">a</a></p>\n</blockquote>'),
    Definition("used by a picture", "![p][a]\n\n[a]: https://x.org", '<a href="https://x.org">p</a>'),
    Definition("used in a heading", "# [a]\n\n[a]: /x", '<h1><a href="/x">a</a></h1>'),
    Definition("used with brackets", "[a\\]b]\n\n[a\\]b]: /x", '<a href="/x">a]b</a>'),
    Definition(
        "one of two used", "[b]\n\n[a]: /x\n[b]: /y\n[c]: /z",
        '<p><a href="/y">b</a></p>\n<p>[a]: /x</p>\n<p>[c]: /z</p>',
    ),
    Definition("the second of a name", "[a]\n\n[a]: /x\n[a]: /y", '<p><a href="/x">a</a></p>\n<p>[a]: /y</p>'),
    Definition("mentioned in code alone", "`[a]`\n\n[a]: /x", "<p><code>[a]</code></p>\n<p>[a]: /x</p>"),
    Definition("mentioned by another", "[a]: /x '[b]'\n\n[b]: /y", "<p>[a]: /x '[b]'</p>\n<p>[b]: /y</p>"),
    Definition(
        "within a link that has an address", "[q [a]](/l)\n\n[a]: /x", '[q <a href="/x">a</a>](/l)',
    ),
    Definition("escaped, it makes no link", "\\[a]\n\n[a]: /x", "<p>[a]</p>\n<p>[a]: /x</p>"),
    Definition("not one: words behind it", "[a]: /x and more", "[a]: /x and more"),
)  # fmt: skip

# Parts that draw nothing are drawn as they were written, beside others. Both parsers run these.
BLANK_PARTS: Final = (
    Definition("a link without words", "text []() more", "text []() more"),
    Definition("a link without words that leads somewhere", "a [](https://x.org) b", "a [](https://x.org) b"),
    Definition("a link with blank words", '请 [\u3164](/x "t") 看', '请 [\u3164](/x "t") 看'),
    Definition("a link with an entity for words", "a [&#8203;](/x) b", "a [&amp;#8203;](/x) b"),
    Definition("a link without words in emphasis", "**a [](/x)** שלום", "<strong>a [](/x)</strong> שלום"),
    Definition("a link without words names no one", "a [](@bob) b", "a [](@bob) b"),
    Definition("it uses no definition", "a [&#8203;][r] b\n\n[r]: /x", "<p>a [&amp;#8203;][r] b</p>\n<p>[r]: /x</p>"),
    Definition("a link around a picture without words", "[![](/p)](/x)", '<a href="/x">/p</a>'),
    Definition("a link around code", "a [` `](/x)", 'a <a href="/x"><code> </code></a>'),
    Definition("an empty heading", "a\n\n#\n\nb", "<p>a</p>\n<p>#</p>\n<p>b</p>"),
    Definition("an empty heading with blanks", "あ\n\n## \n\nい", "<p>あ</p>\n<p>##</p>\n<p>い</p>"),
    Definition("an empty heading that is closed", "a\n### ###\nb", "<p>a</p>\n<p>### ###</p>\n<p>b</p>"),
    Definition("an empty heading in a list", "- #\n- b", "<ul>\n<li>#</li>\n<li>b</li>\n</ul>"),
    Definition("an empty heading in a quotation", "> a\n> #", "<blockquote>\n<p>a</p>\n<p>#</p>\n</blockquote>"),
    Definition("a heading of a link without words", "# []()\n\nb", "<h1>[]()</h1>\n<p>b</p>"),
    Definition("an empty quotation", "a\n\n>\n\nb", "<p>a</p>\n<p>&gt;</p>\n<p>b</p>"),
    Definition("an empty quotation of two lines", "a\n\n>\n> \n\nb", "<p>a</p>\n<p>&gt;<br>\n&gt;</p>\n<p>b</p>"),
    Definition("empty quotations in each other", "a\n\n> >\n\nb", "<p>a</p>\n<p>&gt; &gt;</p>\n<p>b</p>"),
    Definition("an empty quotation in a list", "1. >\n2. c", "<ol>\n<li>&gt;</li>\n<li>c</li>\n</ol>"),
    Definition("a quotation with empty lines", ">\n> a\n>", "<blockquote>\n<p>a</p>\n</blockquote>"),
    Definition("tags around nothing", "a <kbd></kbd> b", "a &lt;kbd&gt;&lt;/kbd&gt; b"),
    Definition("tags around blanks", "x<sup> &nbsp;</sup>", "x&lt;sup&gt; &nbsp;&lt;/sup&gt;"),
    Definition("tags around tags around nothing", "<sub><sup></sup></sub>", "<sub>&lt;sup&gt;&lt;/sup&gt;</sub>"),
    Definition("tags around code", "a <kbd>` `</kbd>", "a <kbd><code> </code></kbd>"),
)

# Drawn: accepted and shown.
DRAWN: Final = (
    Text("🩷", "newer than the table of letters"),
    Text("🫨", "newer than the table of letters"),
    Text("🫩", "newer than the table of letters"),
    Text("🫆🪾", "newer than the table of letters"),
    Text("ℹ️", "a letter with a request for colour"),
    Text("〰️", "punctuation with a request for colour"),
    Text(TAG_FLAG, "a flag of tags"),
    Text("---", "a line"),
    Text("```\n```", "a frame without code"),
    Text("\u0301", "a mark alone"),
    Text("\u06dd", "a sign that stands before digits"),
    Text("\ue000", "a sign of someone's own font"),
    Text("ㅤa", "a filler beside a letter"),
    Text("한", "Hangul"),
    Text(".", "punctuation"),
    Text("§", "a sign"),
)


class Reaction(NamedTuple):
    given: str
    stored: str | None
    kind: str


REACTIONS: Final = (
    Reaction("❤", "❤️", "one form"),
    Reaction("❤️", "❤️", "one form"),
    Reaction("❤\ufe0e", "❤️", "one form"),
    Reaction("☕\ufe0f", "☕", "one form"),
    Reaction("👍\ufe0f", "👍", "one form"),
    Reaction("⛹🏽\u200d♀", "⛹🏽\u200d♀️", "one form of joined emoji"),
    Reaction("🏳\u200d🌈", "🏳️\u200d🌈", "one form of joined emoji"),
    Reaction("1\u20e3", "1️⃣", "one form of a keycap"),
    Reaction("🩷", "🩷", "newer than the table of letters"),
    Reaction("🫨", "🫨", "newer than the table of letters"),
    Reaction("🫩", "🫩", "newer than the table of letters"),
    Reaction("ℹ️", "ℹ️", "a letter with a request for colour"),
    Reaction("〰️", "〰️", "punctuation with a request for colour"),
    Reaction("㊙", "㊙️", "a sign with a request for colour"),
    Reaction("🇨🇭", "🇨🇭", "a flag"),
    Reaction(TAG_FLAG, TAG_FLAG, "a flag of tags"),
    Reaction("👩🏽\u200d🚀", "👩🏽\u200d🚀", "joined emoji"),
    Reaction("👍👎", None, "two emoji"),
    Reaction("👍 ", None, "more than an emoji"),
    Reaction("§", None, "a sign that is no emoji"),
    Reaction("→", None, "a sign that is no emoji"),
    Reaction("🇩", None, "half a flag"),
    Reaction("🇩🇩", None, "a flag of no country"),
    Reaction("🏽", None, "a colour of no hand"),
    Reaction("\ufe0f", None, "a request for colour, of nothing"),
    Reaction("👍\u200d👎", None, "emoji that are not joined"),
    Reaction("\U0001f3f4\U000e0067", None, "a flag that does not end"),
    Reaction("1", None, "a digit"),
    Reaction("★", None, "a star that is no emoji"),
)


class Name(NamedTuple):
    given: str
    kept: str
    kind: str


NAMES: Final = (
    Name("🩷.txt", "🩷.txt", "newer than the table of letters"),
    Name("🫩.png", "🫩.png", "newer than the table of letters"),
    Name(".gitignore", ".gitignore", "names that begin with a dot"),
    Name(".env.example", ".env.example", "names that begin with a dot"),
    Name("..bashrc", "..bashrc", "names that begin with a dot"),
    Name("dir/.htaccess", ".htaccess", "names that begin with a dot"),
    Name("  .profile ", ".profile", "names that begin with a dot"),
    Name("..", "file", "no name"),
    Name(". . .", "file", "no name"),
    Name("\u3164", "file", "no name"),
    Name("\u2800.", "file", "no name"),
    Name("👩\u200d💻.txt", "👩\u200d💻.txt", "joined emoji"),
    Name(f"{TAG_FLAG}.svg", f"{TAG_FLAG}.svg", "a flag of tags"),
    Name("❤️.txt", "❤️.txt", "a request for colour"),
    Name("می\u200cخواهم.pdf", "می\u200cخواهم.pdf", "a joiner within a word"),
    Name("葛\U000e0100.txt", "葛\U000e0100.txt", "a form of an ideograph"),
    Name("a\u200db.txt", "ab.txt", "joiners that hide"),
    Name("a\U000e0061\U000e0062.txt", "a.txt", "tags that hide"),
    Name("invoice\u202egnp.exe", "invoicegnp.exe", "what turns around"),
    Name("x\ufe0f.txt", "x.txt", "a request for colour, of a letter"),
)
