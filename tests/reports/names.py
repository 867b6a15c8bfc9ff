"""Names of people and rooms, and what finds them: the server's search, on both databases, and the page's Ctrl+K.

The folding is that of messages: tests/reports/search.py.
"""

from typing import Final, NamedTuple


class Named(NamedTuple):
    """A display name, what someone types, and whether it finds it."""

    name: str
    typed: str
    is_found: bool
    kind: str


NAMES: Final = (
    Named("Łódź", "lodz", True, "letters with a stroke"),
    Named("Lodz", "Łódź", True, "letters with a stroke, typed"),
    Named("Bjørn Ærø", "bjorn aero", True, "letters with a stroke"),
    Named("Đặng Thị", "dang thi", True, "letters with a stroke, and two accents"),
    Named("İstanbul", "istanbul", True, "case in another language"),
    Named("ISPARTALI", "ıspartalı", True, "case in another language"),
    Named("Straße", "STRASSE", True, "capitals of another length"),
    Named("ΟΔΟΣ", "οδός", True, "a final sigma, and an accent"),
    Named("שָׁלוֹם", "שלום", True, "points that people leave out"),
    Named("שלום", "שָׁלוֹם", True, "points that are typed"),
    Named("مُحَمَّد", "محمد", True, "vowel signs that people leave out"),
    Named("مـــحمد", "محمد", True, "a line that stretches a word"),
    Named("آمنة", "امنة", True, "an accent above a letter"),
    Named("میخواهم", "می\u200cخواهم", True, "what is not seen within a word"),
    Named("هند ٣٤", "34", True, "digits of another script"),
    Named("34. Etage", "३४", True, "digits of another script, typed"),
    Named("हिन्दी कक्षा", "हिन्दी", True, "vowel signs belong to their letters"),
    Named("हिन्दू", "हिन्दी", False, "another vowel sign is another word"),
    Named("क\u093cलम", "क़लम", True, "one form of a letter"),
    Named("ประชุมใหญ่", "ประชุม", True, "Thai"),
    Named("கூட்டம் தமிழ்", "தமிழ்", True, "Tamil"),
    Named("회의실", "회의", True, "Korean"),
    Named("\u1112\u116c\u110b\u1174", "회의", True, "Korean, letter by letter"),
    Named("ｶﾞｿﾘﾝ", "ガソリン", True, "half-width letters"),
    Named("カラス", "ガラス", False, "a voicing mark makes another letter"),
    Named("ＤＥＶ", "dev", True, "full width"),
    Named("東京都庁", "京都", True, "a part of a name without spaces"),
    Named("𝐁𝐨𝐥𝐝 Team", "bold", True, "letters of mathematics"),
    Named("Ana 👍🏽", "👍", True, "an emoji without its colour"),
    Named("I ❤ tea", "❤️", True, "an emoji without its form"),
    Named("👩‍💻 club", "👩‍💻", True, "joined emoji"),
    Named("🇨🇭 team", "🇨🇭", True, "a flag"),
    Named("🫩 club", "🫩", True, "newer than the table of letters"),
    Named("O’Brien", "o'brien", True, "punctuation only separates"),
    Named("Team—Alpha", "team-alpha", True, "punctuation only separates"),
    Named("R&D", "r&d", True, "a sign with a meaning"),
    Named("C++", "c++", True, "signs with a meaning"),
    Named("Coffee", "c++", False, "signs with a meaning"),
    Named("Иванов Пётр", "петр", True, "Cyrillic accents"),
    Named("Zoë Quark", "quark zoe", True, "words in another order"),
    Named("Zoë", "zoë\u0301", True, "one accent more"),
)
