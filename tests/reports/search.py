"""Searches that found too little, too much, or showed the wrong thing: the same on both databases."""

from typing import Final, NamedTuple


class Search(NamedTuple):
    """A message and a query. marked: what the excerpt marks of it; None: it is not found."""

    content: str
    query: str
    marked: str | None
    kind: str


SEARCHES: Final = (
    # Reported.
    Search("मुझे हिन्दी पसंद है", "हिन्दी", "हिन्दी", "vowel signs belong to their letters"),
    Search("நான் தமிழ் பேசுகிறேன்", "தமிழ்", "தமிழ்", "vowel signs belong to their letters"),
    Search("আমি বাংলা বলি", "বাংলা", "বাংলা", "vowel signs belong to their letters"),
    Search("วันนี้มีประชุมใหญ่นะ", "ประชุม", "ประชุม", "a script without spaces"),
    Search("אמר שָׁלוֹם לכולם", "שָׁלוֹם", "שָׁלוֹם", "points that people leave out"),
    Search("我昨天在东京吃饭", "东京", "东京", "a script without spaces"),
    Search("a nai\u0308ve idea", "na\u00efve", "nai\u0308ve", "one form of a letter"),
    Search("İstanbul güzel", "İstanbul", "İstanbul", "case in another language"),
    Search("party 🎉 tonight", "🎉", "🎉", "a symbol is searched for"),
    Search("we write C++ here", "C++", "C++", "symbols inside a word"),
    Search("call foo_bar twice", "foo_bar", "foo_bar", "symbols inside a word"),
    Search("the café is open", "cafe", "café", "accents"),
    # Neighbours: vowel signs and points.
    Search("ನಾನು ಕನ್ನಡ ಕಲಿಯುತ್ತೇನೆ", "ಕನ್ನಡ", "ಕನ್ನಡ", "vowel signs belong to their letters"),
    Search("తెలుగు భాష", "తెలుగు", "తెలుగు", "vowel signs belong to their letters"),
    Search("മലയാളം പഠിക്കുന്നു", "മലയാളം", "മലയാളം", "vowel signs belong to their letters"),
    Search("සිංහල භාෂාව", "සිංහල", "සිංහල", "vowel signs belong to their letters"),
    Search("हिन्दी भाषा", "हिन्दू", None, "another vowel sign is another word"),
    Search("काम", "कम", None, "another vowel sign is another word"),
    Search("क़लम यहाँ है", "क\u093cलम", "क़लम", "one form of a letter"),
    Search("אמר שלום לכולם", "שָׁלוֹם", "שלום", "points that people leave out"),
    Search("שָׁלוֹם", "שלום", "שָׁלוֹם", "points that people leave out"),
    Search("قال مُحَمَّد ذلك", "محمد", "مُحَمَّد", "points that people leave out"),
    Search("مـــرحبا", "مرحبا", "مـــرحبا", "a line that stretches a word"),
    Search("من می\u200cخواهم بروم", "میخواهم", "می\u200cخواهم", "invisible signs inside a word"),
    Search("co\u00adoperate now", "cooperate", "co\u00adoperate", "invisible signs inside a word"),
    # Scripts without spaces.
    Search("東京都庁へ行く", "東京都", "東京都", "letters side by side"),
    Search("東京と京都", "東京都", None, "letters side by side, not anywhere"),
    Search("今日は会議です。", "会議", "会議", "a script without spaces"),
    Search("ｶﾞｿﾘﾝを入れる", "ガソリン", "ｶﾞｿﾘﾝ", "half-width letters"),
    Search("カ\u3099ス", "ガス", "カ\u3099ス", "one form of a letter"),
    Search("カラス", "ガラス", None, "a voicing mark makes another letter"),
    Search("我住在北京", "京", "京", "a single letter of a script without spaces"),
    Search("北京和上海", "京 海", "京", "each word of a script without spaces may be a part"),
    Search("AI技術の話", "ai技術", "AI技術", "scripts side by side in a word"),
    Search("第3回の会議", "第3回", "第3回", "scripts side by side in a word"),
    Search("회의에서 봐요", "회의", "회의", "a language with endings"),
    Search("내일 회의에서 봐요", "회의 내일", "내일", "a language with endings"),
    Search("\u1112\u116c\u110b\u1174 있어요", "회의", "\u1112\u116c\u110b\u1174", "one form of a letter"),
    Search("ຂ້ອຍຮັກພາສາລາວຫຼາຍ", "ພາສາລາວ", "ພາສາລາວ", "a script without spaces"),
    Search("ខ្ញុំរៀនភាសាខ្មែរ", "ភាសា", "ភាសា", "a script without spaces"),
    Search("မြန်မာစာလေ့လာနေတယ်", "စာ", "စာ", "a script without spaces"),
    # Case, accents and forms.
    Search("istanbul", "İSTANBUL", "istanbul", "case in another language"),
    Search("Straße nach Süden", "STRASSE", "Straße", "case in another language"),
    Search("ΟΔΟΣ", "οδός", "ΟΔΟΣ", "case in another language"),
    Search("Łódź i Kraków", "lodz", "Łódź", "accents"),
    Search("cafe", "café", "cafe", "accents"),
    Search("tiếng Việt rất hay", "tieng viet", "tiếng", "accents"),
    Search("ｆｕｌｌ width", "full", "ｆｕｌｌ", "compatibility forms"),
    Search("the ﬁle", "file", "ﬁle", "compatibility forms"),
    Search("𝐛𝐨𝐥𝐝 words", "bold", "𝐛𝐨𝐥𝐝", "compatibility forms"),
    Search("رقم ٣٤", "34", "٣٤", "digits of other scripts"),
    # Symbols.
    Search("we write C here", "C++", None, "symbols inside a word"),
    Search("C# or F#?", "f#", "F#", "symbols beside a word"),
    Search("foo bar", "foo_bar", None, "symbols inside a word"),
    Search("`__init__.py` is empty", "__init__", "init", "what markdown may take away"),
    Search("so it was R&D then", "r&d", "R&amp;D", "symbols inside a word"),
    Search("cost: 5€ each", "5€", "5€", "symbols beside a word"),
    Search("if a != b => c", "=>", "=&gt;", "an operator alone"),
    Search("thanks 👍🏽!", "👍", "👍🏽", "emoji without their decoration"),
    Search("I ❤ this", "❤️", "❤", "emoji without their decoration"),
    Search("danke👍", "danke", "danke", "a symbol beside a word"),
    Search("go 🇩🇪!", "🇩🇪", "🇩🇪", "flags"),
    Search("🇦🇩🇪🇺", "🇩🇪", None, "flags"),
    Search("👩‍💻 at work", "👩‍💻", "👩‍💻", "joined emoji"),
    Search("a new one: 🫩", "🫩", "🫩", "newer than the table of letters"),
    Search("don’t go", "don't", "don’t", "punctuation only separates"),
    Search("well known", "well-known", "well known", "punctuation only separates"),
    # Markdown is not what people read.
    Search("a **bold** move", "bold move", "bold", "rendered text"),
    Search("un**frigging**believable", "unfrigging", "unfriggingbelievable", "rendered text"),
    Search(r"call foo\_bar", "foo_bar", "foo_bar", "rendered text"),
    Search("AT&amp;T called", "at&t", "AT&amp;T", "rendered text"),
    Search("[the docs](https://example.org/manual)", "manual", "", "the address of a link"),
    Search("[the docs](https://example.org/manual)", "docs", "docs", "rendered text"),
)


class Excerpt(NamedTuple):
    """A message, a query, and the whole excerpt."""

    content: str
    query: str
    excerpt: str
    kind: str


EXCERPTS: Final = (
    Excerpt("a **bold** `needle`", "needle", "a bold <mark>needle</mark>", "marks of markdown"),
    Excerpt("# Title\n\n- needle\n- pin", "needle", "Title <mark>needle</mark> pin", "marks of markdown"),
    Excerpt("[needle](https://x.org/?a=1&b=2) here", "needle", "<mark>needle</mark> here", "addresses of links"),
    Excerpt("| a | b |\n|---|---|\n| needle | d |", "needle", "a b <mark>needle</mark> d", "tables"),
    Excerpt("> quoted needle\n\nreply", "needle", "quoted <mark>needle</mark> reply", "quotations"),
    Excerpt("needle\nsecond line", "needle", "<mark>needle</mark> second line", "line breaks"),
    Excerpt("1 < 2 needle", "needle", "1 &lt; 2 <mark>needle</mark>", "what HTML means"),
    Excerpt("`<b>` needle", "needle", "&lt;b&gt; <mark>needle</mark>", "what HTML means"),
    Excerpt("&lt;script&gt; needle", "needle", "&lt;script&gt; <mark>needle</mark>", "what HTML means"),
    Excerpt("~~gone~~ needle", "needle", "gone <mark>needle</mark>", "marks of markdown"),
    Excerpt("@bob the needle", "needle", "@bob the <mark>needle</mark>", "mentions"),
    Excerpt(
        "na\u00efve na\u0131ve naive", "naive", "<mark>naïve</mark> <mark>naıve</mark> <mark>naive</mark>", "all hits"
    ),
)
