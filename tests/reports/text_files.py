"""Files that are text, in encodings that people's programs write, and files that are not."""

import codecs
from typing import Final, NamedTuple

_RUSSIAN: Final = "Привет, мир. Это обычный текст на русском языке, который нужно распознать.\n" * 5
_FRENCH: Final = "Déjà vu : l'été est passé à côté du café, où le garçon a mangé des crêpes.\n" * 5
_JAPANESE: Final = "これは日本語のテキストです。文字コードを判定します。\n" * 5
_CHINESE: Final = "这是一个中文文本文件，用来检测编码。今天天气很好。\n" * 5
_TAIWANESE: Final = "這是一個中文文字檔，用來偵測編碼。今天天氣很好。\n" * 5
_KOREAN: Final = "이것은 한국어 텍스트 파일입니다. 인코딩을 감지합니다.\n" * 5
_GREEK: Final = "Καλημέρα κόσμε. Αυτό είναι ένα απλό κείμενο στα ελληνικά.\n" * 5
_HEBREW: Final = "שלום עולם. זהו טקסט פשוט בעברית לצורך זיהוי הקידוד.\n" * 5
_ARABIC: Final = "مرحبا بالعالم. هذا نص عربي بسيط لاختبار الترميز.\n" * 5
_THAI: Final = "สวัสดีชาวโลก นี่คือข้อความภาษาไทย\n" * 5
_ENGLISH: Final = "Hello, world. This is plain text.\n" * 5


class File(NamedTuple):
    content: bytes
    text: str
    kind: str


def _in(codec: str, text: str) -> File:
    return File(text.encode(codec), text, codec)


# What Claude reads of them is this text, letter for letter.
READ: Final = (
    _in("utf-8", _JAPANESE),
    _in("utf-8-sig", _FRENCH),
    _in("utf-8-sig", _ENGLISH),
    _in("utf-16", _JAPANESE),
    _in("utf-16", _ENGLISH),
    File(codecs.BOM_UTF16_BE + _RUSSIAN.encode("utf-16-be"), _RUSSIAN, "utf-16, the other order"),
    _in("utf-32", _CHINESE),
    File(codecs.BOM_UTF32_BE + _ENGLISH.encode("utf-32-be"), _ENGLISH, "utf-32, the other order"),
    _in("utf-16-le", _ENGLISH),
    _in("cp1251", _RUSSIAN),
    _in("koi8-r", _RUSSIAN),
    _in("cp1253", _GREEK),
    _in("cp1255", _HEBREW),
    _in("cp1256", _ARABIC),
    _in("cp874", _THAI),
    _in("shift_jis", _JAPANESE),
    _in("euc-jp", _JAPANESE),
    _in("iso2022_jp", _JAPANESE),
    _in("gb18030", _CHINESE),
    _in("gbk", _CHINESE),
    _in("big5", _TAIWANESE),
    _in("euc-kr", _KOREAN),
    File(b"dir listing\r\n\x1a", "dir listing\r\n\x1a", "the end of a DOS file"),
    File(b"N\x08NA\x08AM\x08ME\x08E\n", "N\x08NA\x08AM\x08ME\x08E\n", "bold of man pages"),
    File(b"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n", "colours of terminals"),
    File(b"ding\x07\n", "ding\x07\n", "a bell"),
    File(b"one\x01two\n", "one\x01two\n", "a single control character"),
)
# Letters beyond ASCII in them may be taken for others, as in a few words of a Western encoding: text all the same.
TEXT: Final = (
    _in("cp1252", _FRENCH),
    _in("iso8859-15", _FRENCH),
    _in("mac_roman", _FRENCH),
    _in("cp850", _FRENCH),
    _in("cp1250", "Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl ďábelské ódy.\n" * 3),
    _in("iso8859-2", "Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl.\n" * 3),
    _in("cp1254", "İstanbul'da güneşli bir gün, çok güzel.\n" * 3),
    _in("cp1257", "Šis ir teksts latviešu valodā, ar garumzīmēm.\n" * 3),
    _in("cp866", _RUSSIAN),
    _in("iso8859-5", _RUSSIAN),
)
NOT_TEXT: Final = (
    File(bytes(range(256)) * 4, "", "all bytes"),
    File(b"\x7fELF\x02\x01\x01" + bytes(60) + b"\x03\x00>", "", "a program"),
    File(b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(range(200, 256)) * 3, "", "an archive"),
    File(b"PK\x03\x04", "", "a few bytes"),
    File(b"BM\x01\x02\x03\x04", "", "a few bytes"),
    File(b"MZ\x90\x00", "", "the beginning of a program: two letters of UTF-16"),
    File(b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00", "", "a program"),
    File(b"a\x00\x12\x34\x56\x78", "", "letters of UTF-16, and few of ASCII"),
    File(b"text\x00with a zero byte", "", "a zero byte"),
    File(b"\x01\x02\x03\x04\x05" * 20, "", "control characters alone"),
    File(codecs.BOM_UTF16_LE + b"\x00\xd8\x00\xd8" * 20, "", "a mark, and no text behind it"),
    File(codecs.BOM_UTF8 + b"\xff\xfe\xfd" * 20, "", "a mark, and no text behind it"),
    File(b"\x1f\x8b\x08\x00" + bytes((n * 73 + 19) % 256 for n in range(900)), "", "compressed"),
)
