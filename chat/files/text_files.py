"""In which encoding a file is text: by its byte order mark, as UTF-8, or by what the letters of others look like."""

import codecs
import re
from collections.abc import Iterator
from typing import IO, Final

from charset_normalizer import from_bytes

# Decoded at once, which holds up other threads: it takes two milliseconds at most.
CHUNK_BYTES: Final = 256 * 1024
# So much is enough to tell encodings apart. Two looks take up to 20 milliseconds, whatever it holds: a test measures them.
_SAMPLE_BYTES: Final = 8_192
# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# Escapes that change the letters: ASCII to look at, and another script.
_SHIFTS: Final = re.compile(rb"\x1b[$(]|~\{")
# What text has little of. Bell, backspace, tab, line ends, page breaks, the end of a DOS file and escape are free.
_CONTROL: Final = re.compile("[\x00-\x06\x0e-\x19\x1c-\x1f]")
_CHARS_PER_CONTROL: Final = 100
# Python's name, and the one that browsers know.
_LABELS: Final = {
    "cp932": "shift_jis", "shift_jis_2004": "shift_jis", "shift_jisx0213": "shift_jis", "cp949": "euc-kr",
    "euc_jis_2004": "euc-jp", "euc_jisx0213": "euc-jp", "mac_roman": "macintosh", "mac_cyrillic": "x-mac-cyrillic",
    "ascii": "utf-8", "utf_8": "utf-8", "big5hkscs": "big5", "cp874": "windows-874", "tis_620": "windows-874",
    "utf_16_le": "utf-16le", "utf_16_be": "utf-16be", "latin_1": "iso-8859-1", "gb2312": "gbk", "cp950": "big5",
}  # fmt: skip
_DECODERS: Final = {
    "utf-8": "utf-8-sig", "shift_jis": "shift_jis_2004", "euc-kr": "cp949", "euc-jp": "euc_jis_2004", "big5": "big5hkscs",
    "windows-874": "cp874", "x-mac-cyrillic": "mac_cyrillic",
}  # fmt: skip


def charset_of(file: IO[bytes]) -> str | None:
    """Return the encoding of a text file as browsers call it; None for what is not text. Reads all of it."""
    file.seek(0)
    head = file.read(CHUNK_BYTES)
    charset = next((label for mark, label in _MARKS if head.startswith(mark)), None)
    if charset is None and not _SHIFTS.search(head) and _is_text_in(file, "utf-8"):
        return "utf-8"
    charset = charset or _guessed(head)
    return charset if charset and _is_text_in(file, charset) else None


def decoder_for(charset: str) -> codecs.IncrementalDecoder:
    """Return what decodes a text file for a reader: without its mark, and whatever it holds. Raises LookupError."""
    return codecs.getincrementaldecoder(_DECODERS.get(charset, charset))("replace")


def decoded(file: IO[bytes], content_type: str) -> str:
    """Return the text of a file of this type, whatever it holds."""
    decoder = decoder_for(content_type.partition("charset=")[2] or "utf-8")
    return "".join(decoder.decode(chunk, final=not chunk) for chunk in _chunks(file))


def _guessed(head: bytes) -> str | None:
    if len(head) <= _SAMPLE_BYTES:
        return _guessed_of(head)
    sample = head[:_SAMPLE_BYTES]
    if b"\0" in sample:  # UTF-16 or nothing, and that ends with a whole letter
        return _guessed_of(sample)
    # Not within a letter: those of two bytes may end here or there.
    end = 1 + max(sample.rfind(b"\n"), sample.rfind(b" ")) or len(sample) - 1
    found = _guessed_of(sample[:end])
    return found if found not in (None, "utf-8") else _guessed_of(sample[: end + 1]) or found


def _guessed_of(sample: bytes) -> str | None:
    best = from_bytes(sample, cp_exclusion=["utf_7"]).best()
    if best is None or (best.encoding.startswith(("utf_16", "utf_32")) and not _is_mostly_ascii(sample, best.encoding)):
        return None
    return _label(best.encoding)


def _is_mostly_ascii(sample: bytes, codec: str) -> bool:
    """Whether half of the text is ASCII. Any two bytes are a letter of UTF-16: without a mark nothing else tells of it."""
    text = sample.decode(codec, "replace")
    return 2 * sum(" " <= char <= "~" or char in "\t\r\n" for char in text) >= len(text)


def _label(codec: str) -> str:
    if codec in _LABELS:
        return _LABELS[codec]
    return re.sub(r"^cp(125\d)$", r"windows-\1", codec).replace("iso8859", "iso-8859").replace("_", "-")


def _is_text_in(file: IO[bytes], charset: str) -> bool:
    decoder = codecs.getincrementaldecoder(_DECODERS.get(charset, charset))()
    chars = controls = 0
    try:
        for chunk in _chunks(file):
            text = decoder.decode(chunk, final=not chunk)
            if "\0" in text:
                return False
            chars += len(text)
            controls += len(_CONTROL.findall(text))
    except (UnicodeError, LookupError):
        return False
    return controls <= 1 + chars // _CHARS_PER_CONTROL


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the file from its beginning on, and an empty chunk at its end."""
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
    yield b""
