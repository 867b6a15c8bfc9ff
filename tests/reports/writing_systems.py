"""Emphasis and bare addresses in all scripts. Both parsers run these: the server's and the page's.

html: of one paragraph, without the <p>; a link is written `<a>address</a>`, since its address is its text.
"""

from typing import Final, NamedTuple


class Case(NamedTuple):
    kind: str
    text: str
    html: str


EMPHASIS: Final = (
    Case("a wide sign before the closing marker", "**重要：**这是", "<strong>重要：</strong>这是"),
    Case("wide brackets within", "**「引用」**です", "<strong>「引用」</strong>です"),
    Case("wide brackets behind a word", "これは**「引用」**", "これは<strong>「引用」</strong>"),
    Case("an ASCII sign before Korean", "**100%**입니다", "<strong>100%</strong>입니다"),
    Case("ASCII brackets before Korean", "**서버(server)**를", "<strong>서버(server)</strong>를"),
    Case("German quotation marks", "**„Wort“**er", "<strong>„Wort“</strong>er"),
    Case("English quotation marks", "**“word”**s", "<strong>“word”</strong>s"),
    Case("Swedish quotation marks", "o**”ord”**et", "o<strong>”ord”</strong>et"),
    Case("guillemets", "*«mot»*s", "<em>«mot»</em>s"),
    Case("a wide full stop before Latin", "**你好。**abc", "<strong>你好。</strong>abc"),
    Case("a wide exclamation mark before a digit", "**重要！**123", "<strong>重要！</strong>123"),
    Case("both at once", "***重要：***这是", "<em><strong>重要：</strong></em>这是"),
    Case("in the middle of a word", "第**1章（上）**节", "第<strong>1章（上）</strong>节"),
    Case("struck out", "~~取消。~~新", "<s>取消。</s>新"),
    Case("one star", "*「あ」*は", "<em>「あ」</em>は"),
    Case("a link within", "**[表](https://x.org)**を", '<strong><a href="https://x.org">表</a></strong>を'),
    Case("code within", "**`x`**を", "<strong><code>x</code></strong>を"),
    Case("an emoji within", "**完了✅**です", "<strong>完了✅</strong>です"),
    Case("Thai", "**คำ!**นี้", "<strong>คำ!</strong>นี้"),
    Case("Burmese", "**စာ(၁)**ကို", "<strong>စာ(၁)</strong>ကို"),
    Case("Han beyond the basic plane", "**𠮷野（家）**𠮷", "<strong>𠮷野（家）</strong>𠮷"),
    Case("Korean quotation marks", "**‘말’**은", "<strong>‘말’</strong>은"),
    Case("an ellipsis", "**是……**不", "<strong>是……</strong>不"),
    Case("two in a row", "**甲：**乙**丙：**丁", "<strong>甲：</strong>乙<strong>丙：</strong>丁"),
    Case("a space behind the marker opens nothing", "甲** 乙**丙", "甲** 乙**丙"),
    # --- As before
    Case("Latin as before", "**Note:** this", "<strong>Note:</strong> this"),
    Case("multiplication", "2*(3+4)*5 and 2 * 3 * 4", "2*(3+4)*5 and 2 * 3 * 4"),
    Case("an ASCII quotation mark in a word", 'a*"foo"*', 'a*"foo"*'),
    Case("names with underscores", "snake_case_name 変数_名前_です", "snake_case_name 変数_名前_です"),
    Case("powers", "a**b**c", "a<strong>b</strong>c"),
)

ADDRESSES: Final = (
    Case("a wide full stop", "https://example.com/a。好", "<a>https://example.com/a</a>。好"),
    Case("a wide comma behind a host", "https://x.org，然后", "<a>https://x.org</a>，然后"),
    Case("kana behind a host", "https://x.orgを見て", "<a>https://x.org</a>を見て"),
    Case("Han behind a host", "看https://x.org这里", "看<a>https://x.org</a>这里"),
    Case("a particle of Korean", "https://x.org에서", "<a>https://x.org</a>에서"),
    Case("Thai behind a host", "https://x.orgครับ", "<a>https://x.org</a>ครับ"),
    Case("kana behind a port", "https://x.org:8080を", "<a>https://x.org:8080</a>を"),
    Case("English quotation marks", "“https://x.org/a”", "“<a>https://x.org/a</a>”"),
    Case("single ones", "‘https://x.org/a’.", "‘<a>https://x.org/a</a>’."),
    Case("German ones", "„https://x.org/a“ und", "„<a>https://x.org/a</a>“ und"),
    Case("guillemets", "«https://x.org/a» et", "«<a>https://x.org/a</a>» et"),
    Case("wide brackets", "（https://x.org/a）と「https://x.org/b」", "（<a>https://x.org/a</a>）と「<a>https://x.org/b</a>」"),
    Case("corners", "『https://x.org/?q=1』", "『<a>https://x.org/?q=1</a>』"),
    Case("a full stop before a quotation mark", "“https://x.org/a.”", "“<a>https://x.org/a</a>.”"),
    Case("a dash", "https://x.org/a——好", "<a>https://x.org/a</a>——好"),
    Case("an ellipsis", "https://x.org/a…", "<a>https://x.org/a</a>…"),
    Case("an Arabic comma", "https://x.org/a، ثم", "<a>https://x.org/a</a>، ثم"),
    Case("an Arabic question mark", "https://x.org/a؟", "<a>https://x.org/a</a>؟"),
    Case("a danda", "https://x.org/a।", "<a>https://x.org/a</a>।"),
    Case("an emoji", "https://x.org/a👍 https://x.org❤️", "<a>https://x.org/a</a>👍 <a>https://x.org</a>❤️"),
    Case("what is not seen", "https://x.org/a\u200b", "<a>https://x.org/a</a>\u200b"),
    Case("two with a word between", "https://a.orgとhttps://b.org", "<a>https://a.org</a>と<a>https://b.org</a>"),
    Case("struck out", "~~https://x.org/a~~", "<s><a>https://x.org/a</a></s>"),
    Case("emphasis", "_https://x.org/a_ *https://x.org/b*", "<em><a>https://x.org/a</a></em> <em><a>https://x.org/b</a></em>"),
    Case("strong emphasis", "__https://x.org/a__", "<strong><a>https://x.org/a</a></strong>"),
    Case("strong emphasis before Han", "**https://x.org/a**是", "<strong><a>https://x.org/a</a></strong>是"),
    Case("two emphases", "**_https://x.org/a_**", "<strong><em><a>https://x.org/a</a></em></strong>"),
    Case("a full stop before a marker", "**https://x.org/a.**", "<strong><a>https://x.org/a</a>.</strong>"),
    Case("words and an address in emphasis", "_see https://x.org/a_b_", "<em>see <a>https://x.org/a_b</a></em>"),
    # --- As before
    Case("an underscore that closes nothing", "https://x.org/a_ _b_", "<a>https://x.org/a_</a> <em>b</em>"),
    Case("a domain in Han", "https://日本.jp", '<a href="https://xn--wgv71a.jp">https://日本.jp</a>'),
    Case("a title in a path", "https://x.org/東京", '<a href="https://x.org/%E6%9D%B1%E4%BA%AC">https://x.org/東京</a>'),
    Case("brackets in a path", "https://x.org/a_(b)", "<a>https://x.org/a_(b)</a>"),
    Case("a sentence", "(https://x.org/a), https://x.org/b.", "(<a>https://x.org/a</a>), <a>https://x.org/b</a>."),
    Case("an address of mail", "mailto:a@x.orgを", "<a>mailto:a@x.org</a>を"),
    # --- What may not be followed
    Case("a bare address of files", "ftp://x.org/a", "ftp://x.org/a"),
    Case("a link to files", "[a](ftp://x.org/a)", "[a](ftp://x.org/a)"),
    Case("an address of files in angles", "<ftp://x.org/a>", "&lt;ftp://x.org/a&gt;"),
    Case("a telephone", "[call](tel:+49301234)", '<a href="tel:+49301234">call</a>'),
    Case("a scheme of a program", "[a](vscode://file/x)", "[a](vscode://file/x)"),
)  # fmt: skip

CASES: Final = EMPHASIS + ADDRESSES
