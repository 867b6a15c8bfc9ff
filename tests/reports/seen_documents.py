"""PDFs as people post them: how many pages Claude is shown, or why it is shown none."""

import io
from collections.abc import Callable
from typing import Final, NamedTuple

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject, StreamObject


class Case(NamedTuple):
    """pages: as many as the model is shown; 0: it is told `why` instead."""

    what: str
    make: Callable[[], bytes]
    pages: int = 0
    why: str = ""

    def __str__(self) -> str:
        return self.what


def pdf(pages: int = 1, words: str = "page", **options: bool) -> bytes:
    """Return a PDF in which each page has its number to read."""
    writer = PdfWriter()
    for number in range(1, pages + 1):
        page = writer.add_blank_page(595, 842)
        stream = StreamObject()
        stream.set_data(f"BT /F1 24 Tf 72 720 Td ({words} {number}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
    if options.get("compressed"):
        for page in writer.pages:
            page.compress_content_streams()
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def encrypted(user: str, owner: str | None = None) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf(2)))
    writer.encrypt(user, owner, algorithm="AES-256")
    return _written(writer)


def scanned(pages: int) -> bytes:
    first, *others = (Image.new("RGB", (300, 400), (10 * number, 200, 90)) for number in range(pages))
    file = io.BytesIO()
    first.save(file, "PDF", save_all=True, append_images=others)
    return file.getvalue()


def nested() -> bytes:
    """Return a PDF whose tree of pages turns back on itself."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf(1)))
    root = writer._root_object["/Pages"]
    assert isinstance(root, DictionaryObject)
    root[NameObject("/Kids")] = ArrayObject([writer._root_object.raw_get("/Pages")])
    root[NameObject("/Count")] = NumberObject(1)
    return _written(writer)


def that_claims(count: int) -> bytes:
    """Return one page and a tree that says that there are more."""
    return pdf(1).replace(b"/Count 1", b"/Count %d" % count)


def turned() -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf(3)))
    for page in writer.pages:
        page.rotate(90)
        page.mediabox.upper_right = (FloatObject(2000), FloatObject(10))
    return _written(writer)


ENCRYPTED, DAMAGED, MANY = "it is encrypted", "it is damaged", "it has more than 100 pages"
CASES: Final = (
    Case("a letter", pdf, 1),
    Case("a paper", lambda: pdf(12), 12),
    Case("compressed", lambda: pdf(3, compressed=True), 3),
    Case("a scan", lambda: scanned(4), 4),
    Case("a form in landscape", turned, 3),
    Case("what stands before its head", lambda: pdf(2) + b"\n\n\0\0", 2),
    Case("what a mail program added", lambda: pdf(2) + b"\r\n--boundary--\r\n", 2),
    Case("locked by a password", lambda: encrypted("secret"), why=ENCRYPTED),
    Case("open to read, locked to change", lambda: encrypted("", "owner"), why=ENCRYPTED),
    Case("a book", lambda: pdf(101), why=MANY),
    Case("a head and nothing else", lambda: b"%PDF-1.7\n", why=DAMAGED),
    Case("a head and garbage", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 20, why=DAMAGED),
    Case("a download that was cut", lambda: scanned(3)[:900], why=DAMAGED),
    Case("no page at all", lambda: _written(PdfWriter()), why=DAMAGED),
    Case("pages that turn back on themselves", nested, why=DAMAGED),
    Case("a text about PDF", lambda: b"%PDF-1.4 is how such a file begins.\n", why=DAMAGED),
)
