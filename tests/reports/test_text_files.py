"""A text is a text in whatever encoding, and Claude reads its letters: the cases of tests/reports/text_files.py."""

import codecs
import io
import random
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.core.files.base import ContentFile

from accounts.models import User
from chat.claude.tools import read_attachment
from chat.files import text_files, uploads
from chat.models import Attachment, Message
from tests.chat.fixtures import room_of, say
from tests.reports.text_files import NOT_TEXT, READ, TEXT, File


def type_of(content: bytes) -> str:
    return uploads.inspect(io.BytesIO(content), "file").content_type


@pytest.mark.parametrize("case", [*READ, *TEXT], ids=lambda case: case.kind)
def test_a_text_is_a_text(case: File) -> None:
    kind = type_of(case.content)
    assert kind.startswith("text/plain; charset=") and len(kind) <= 60


@pytest.mark.parametrize("case", NOT_TEXT, ids=lambda case: case.kind)
def test_other_files_are_none(case: File) -> None:
    assert type_of(case.content) == uploads.ANYTHING


@pytest.mark.parametrize("case", READ, ids=lambda case: case.kind)
@pytest.mark.django_db
def test_claude_reads_the_letters_and_no_mark(case: File) -> None:
    author = User.objects.create(username="author")
    den = room_of(author, "den")
    (message,) = say(author, "den", "a file")
    row = Attachment.objects.create(
        room=den,
        message=Message.objects.get(pk=int(message.id)),
        name="a.txt",
        content_type=type_of(case.content),
        size=len(case.content),
        file=ContentFile(case.content, "a.txt"),
    )
    text, is_end = read_attachment._piece(row, 0)
    assert text == case.text and is_end
    assert read_attachment._piece(row, 3)[0] == case.text[3:]


def test_a_large_file_takes_no_time_by_the_letters_of_its_encoding() -> None:
    content = "Привет, мир. Это обычный текст.\n".encode("cp1251") * 300_000
    began = time.process_time()
    assert type_of(content) == "text/plain; charset=windows-1251"
    assert time.process_time() - began < 3


def hostile_samples() -> Iterator[bytes]:
    """Yield bytes that fit many encodings, or change what a guess rests on, as many as are looked at."""
    numbers = random.Random(12)
    count = text_files._SAMPLE_BYTES * 2
    for first, last in ((0x80, 0x100), (0xC0, 0x100), (0xE0, 0xF0), (0x81, 0xFF), (0xA1, 0xFF), (0x20, 0x100)):
        for spaces in (0, 8, 64):
            yield bytes(numbers.choices([*range(first, last), *b" \n" * spaces], k=count))
    yield bytes(numbers.choices([0x1B, 0x24, 0x42, 0x28, 0x7E, 0x7B, *range(0x21, 0x7E)], k=count))
    declared = (
        b"<?xml encoding='cp1252'?>",
        b"# coding: big5\n",
        b"charset=koi8-r ",
        b"\xe9t\xe9 ",
        b"\xcf\xf0\xe8\xe2 ",
    )
    yield b"".join(numbers.choices(declared, k=3_000))[:count]
    for first, last, codec in ((0x4E00, 0x9FFF, "gb18030"), (0x3040, 0x30FF, "shift_jis"), (0x410, 0x450, "cp1251")):
        letters = "".join(chr(numbers.randrange(first, last)) for _ in range(count))
        yield letters.encode(codec, "ignore")[: count - 1] + b"\xe9"


def cpu_ms(work: Callable[[], object]) -> float:
    """Return the processor time of this thread, the best of three: other work on the machine is not in it."""
    times = []
    for _ in range(3):
        began = time.thread_time()
        work()
        times.append(1000 * (time.thread_time() - began))
    return min(times)


def test_what_tells_the_encoding_takes_no_longer_than_twenty_milliseconds() -> None:
    """It works on a thread of the server, which other threads wait for meanwhile."""
    times = {sample[:20]: cpu_ms(partial(text_files._guessed, sample)) for sample in hostile_samples()}
    assert {sample: ms for sample, ms in times.items() if ms > 20} == {}


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-16", "iso2022_jp", "hz", "gb18030", "big5", "euc-kr", "shift_jis", "cp1251"]
)
def test_one_look_at_a_large_file_is_short_whatever_its_encoding(codec: str) -> None:
    texts = {"cp1251": "Привет, мир.\n", "euc-kr": "이것은 한국어\n", "hz": "这是中文\n", "gb18030": "这是中文\n"}
    chunk = (texts.get(codec, "日本語です\n") * 40_000).encode(codec, "ignore")[: text_files.CHUNK_BYTES]
    assert cpu_ms(lambda: codecs.getincrementaldecoder(codec)("replace").decode(chunk)) < 20


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("shift_jis", "これは日本語のテキストです。文字コードを判定します。"),
        ("gb18030", "这是一个中文文本文件，用来检测编码。今天天气很好。"),
        ("euc-kr", "이것은 한국어 텍스트 파일입니다. 인코딩을 감지합니다. "),
        ("big5", "這是一個中文文字檔，用來偵測編碼。今天天氣很好。"),
        ("euc-jp", "日本語のテキストです。文字コードを判定します。"),
        ("cp1251", "Привет, мир. Это обычный текст на русском языке. "),
        ("utf-16-le", "one line of many words and an end\r\n"),
        ("utf-16-be", "one line of many words and an end\n"),
        ("iso2022_jp", "これは日本語のテキストです。文字コードを判定します。"),
    ],
)
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_long_text_is_not_cut_within_a_letter(codec: str, text: str, before: str) -> None:
    content = (before + text * 2_000).encode(codec)
    charset = type_of(content).partition("charset=")[2]
    assert charset and text_files.decoder_for(charset).decode(content, final=True) == before + text * 2_000
