"""Office files as people post them, and as attackers do: what Claude reads of them, or why it reads nothing."""

import io
import zipfile
from collections.abc import Callable
from itertools import pairwise
from typing import Final, NamedTuple

import docx
import openpyxl
import pptx
from pptx.util import Inches


class Case(NamedTuple):
    """text: all that is read; empty: the model is told `why` instead, or nothing where the file is of another kind."""

    what: str
    make: Callable[[], bytes]
    text: str = ""
    why: str = ""

    def __str__(self) -> str:
        return self.what


def letter() -> bytes:
    document = docx.Document()
    document.add_heading("Report", 0)
    document.add_heading("Numbers", 2)
    document.add_paragraph("Grüße aus Zürich: 東京, мир.")
    table = document.add_table(2, 2)
    for cell, word in zip(
        (cell for row in table.rows for cell in row.cells), ("name", "sum", "a, b", "3"), strict=True
    ):
        cell.text = word
    document.add_paragraph("The end.")
    return _saved(document.save)


def long_letter() -> bytes:
    document = docx.Document()
    for number in range(2_000):
        document.add_paragraph(f"Line {number}.")
    return _saved(document.save)


def sheet() -> bytes:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Bills"
    for row in (["who", "how much"], ["Ana", 12.5], [], ['says "no", twice', True]):
        first.append(row)
    book.create_sheet("Empty").append([None])
    book.create_sheet("東京")["C3"] = "far away"
    return _saved(book.save)


def sheet_that_claims_to_be_full() -> bytes:
    return _with(sheet(), "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'ref="A1:B4"', b'ref="A1:XFD1048576"'))


def formulas() -> bytes:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append([1, "=1+1", "text"])
    return _saved(book.save)


def slides() -> bytes:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Plan"
    slide.placeholders[1].text = "First\nSecond"
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    other = deck.slides.add_slide(deck.slide_layouts[6])
    table = other.shapes.add_table(1, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "left", "right"
    group = other.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(1), Inches(1)).text_frame.text = "in a group"
    return _saved(deck.save)


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def archive(**parts: bytes) -> bytes:
    return _zipped({name.replace("__", "/").replace("_", "."): data for name, data in parts.items()})


def _zipped(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return file.getvalue()


def _with(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return an archive with one of its parts changed, or added."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return _zipped({**parts, part: change(parts.get(part, b""))})


def bomb() -> bytes:
    """Return a letter with a part beside it that unpacks to a thousand times its size."""
    return _with(letter(), "word/media/image1.png", lambda _: bytes(250_000_000))


def bomb_in_words() -> bytes:
    """Return one whose text alone takes more memory than there is."""
    paragraph = b"<w:p><w:r><w:t>word</w:t></w:r></w:p>"
    return _with(
        letter(), "word/document.xml", lambda xml: xml.replace(b"<w:sectPr", paragraph * 5_000_000 + b"<w:sectPr")
    )


def laughs(encoding: str = "utf-8") -> bytes:
    """Return a letter whose text is an entity of entities."""
    names = "abcdefghij"
    declared = [f'<!ENTITY {names[0]} "lol lol lol lol">']
    declared += [f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names)]

    def change(xml: bytes) -> bytes:
        text = xml.decode().partition("?>")[2].replace("The end.", "&j;")
        head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE w [{"".join(declared)}]>'
        return (head + text).encode(encoding)

    return _with(letter(), "word/document.xml", change)


def outside() -> bytes:
    """Return a letter that asks for a file of the server."""

    def change(xml: bytes) -> bytes:
        text = xml.decode().partition("?>")[2].replace("The end.", "&x;")
        return f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>{text}'.encode()

    return _with(letter(), "word/document.xml", change)


def many_parts() -> bytes:
    return _zipped({"word/document.xml": b"<x/>", **{f"word/{number}.xml": b"" for number in range(6_000)}})


def locked() -> bytes:
    """Return the head of a container in which a letter is locked by a password."""
    name = "EncryptedPackage".encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000) + name + bytes(3_000)


LETTER: Final = '# Report\n## Numbers\nGrüße aus Zürich: 東京, мир.\nname,sum\n"a, b",3\n\nThe end.'
SHEET: Final = '## Bills\nwho,how much\nAna,12.5\n"says ""no"", twice",True\n\n## Empty\n\n## 東京\n,,far away'
SLIDES: Final = "## Slide 1\nPlan\nFirst\nSecond\nNotes: Say it slowly.\n\n## Slide 2\nleft,right\nin a group"
DAMAGED, LARGE, ENCRYPTED, EMPTY = "it is damaged", "it is too large", "it is encrypted", "there is no text in it"
CASES: Final = (
    Case("a letter", letter, LETTER),
    Case("sheets", sheet, SHEET),
    Case("sheets that claim to be full", sheet_that_claims_to_be_full, SHEET),
    Case("formulas that no program has counted", formulas, "## Sheet\n1,,text"),
    Case("slides", slides, SLIDES),
    Case("a letter with a macro", lambda: _with(letter(), "word/vbaProject.bin", lambda _: b"\0" * 99), LETTER),
    Case("locked by a password", locked, why=ENCRYPTED),
    Case("an empty letter", lambda: _saved(docx.Document().save), why=EMPTY),
    Case("a picture that unpacks to very much", bomb, why=LARGE),
    Case("words that unpack to very much", bomb_in_words, why=DAMAGED),
    Case("an entity of entities", laughs, why=DAMAGED),
    Case("the same in another encoding", lambda: laughs("utf-16"), why=DAMAGED),
    Case("an entity from outside", outside, why=DAMAGED),
    Case("very many parts", many_parts, why=LARGE),
    Case("a part that is no XML", lambda: _with(letter(), "word/document.xml", lambda _: b"\0" * 50), why=DAMAGED),
    Case("only the name of a letter", lambda: archive(word__document_xml=b"<x/>"), why=DAMAGED),
    Case("a letter that was cut", lambda: letter()[:-300]),
    Case("any archive", lambda: archive(notes_txt=b"hello")),
    Case("an archive's first bytes", lambda: b"PK\x03\x04" + bytes(99)),
    Case("an old letter", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5_000)),
)
