"""The text of office files, read by libraries. Like `chat.files.documents`, for a process that can be killed: it may take
long, and what unpacks to very much is known by its directory and by the process's memory.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, Final

from chat.files.legible import DOCX, MOST_TEXT_CHARS, PPTX, XLSX, Illegible, Why

_MAGIC: Final = b"PK\x03\x04"
# Of Microsoft's older container, which also holds newer files that a password locks.
_OLD_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_MAIN_PARTS: Final = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX, "ppt/presentation.xml": PPTX}
_UNPACKED_BYTES: Final = 200_000_000
_ENTRIES: Final = 5_000
_SEARCHED_BYTES: Final = 1_000_000
_HEAD_BYTES: Final = 1_000
_LEFT_OUT: Final = "[The rest is left out.]"


def type_of(file: IO[bytes]) -> str | None:
    """Return which office file this is; None for anything else. Raises Illegible for one that a password locks."""
    file.seek(0)
    if file.read(len(_OLD_MAGIC)) == _OLD_MAGIC and _ENCRYPTED in file.read(_SEARCHED_BYTES):
        raise Illegible(Why.ENCRYPTED)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    return next((kind for part, kind in _MAIN_PARTS.items() if part in names), None)


def may_be_office(head: bytes) -> bool:
    """Whether a file that begins so may be an office file: `type_of` finds out."""
    return head.startswith((_MAGIC, _OLD_MAGIC))


def text_of(file: IO[bytes], content_type: str) -> str:
    """Return the text of an office file, not more than MOST_TEXT_CHARS. Raises Illegible."""
    file.seek(0)
    try:
        _check_unpacked(file)
        text = _bounded(_READERS[content_type](file))
    except Illegible:
        raise
    except MemoryError:
        raise Illegible(Why.SIZE) from None
    except Exception as error:  # readers of hostile files raise whatever comes to them
        raise Illegible(Why.DAMAGED) from error
    if not text.strip():
        raise Illegible(Why.EMPTY)
    return text


def _check_unpacked(file: IO[bytes]) -> None:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > _ENTRIES or sum(entry.file_size for entry in entries) > _UNPACKED_BYTES:
            raise Illegible(Why.SIZE)
        for entry in entries:
            if entry.filename.endswith((".xml", ".rels")) and _has_entities(archive, entry):
                raise Illegible(Why.DAMAGED)
    file.seek(0)


def _has_entities(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Whether a part declares a document type, which no office program writes: only attacks need one."""
    with archive.open(entry) as part:
        return b"<!DOCTYPE" in part.read(_HEAD_BYTES).replace(b"\0", b"")


def _bounded(lines: Iterable[str]) -> str:
    kept: list[str] = []
    left = MOST_TEXT_CHARS
    for line in lines:
        if len(line) > left:
            kept += [line[:left], _LEFT_OUT]
            break
        kept.append(line)
        left -= len(line) + 1
    return "\n".join(kept)


# --- Words ------------------------------------------------------------------------------------------------------------


def _of_word(file: IO[bytes]) -> Iterator[str]:
    import docx
    from docx.table import Table

    for item in docx.Document(file).iter_inner_content():
        if isinstance(item, Table):
            yield from _rows_of([[cell.text for cell in row.cells] for row in item.rows])
            yield ""
        else:
            yield f"{_heading_of(item.style.name if item.style is not None else None)}{item.text}"


def _heading_of(style: str | None) -> str:
    level = (style or "").removeprefix("Heading ")
    return f"{'#' * int(level)} " if level.isdecimal() and 0 < int(level) < 7 else "# " if style == "Title" else ""


# --- Sheets -----------------------------------------------------------------------------------------------------------


def _of_sheets(file: IO[bytes]) -> Iterator[str]:
    import openpyxl

    # What formulas came to, as the program saved it. Read-only: a sheet of a million rows is read row by row.
    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # of what a file claims, each row would be filled up
        yield f"## {sheet.title}"
        rows = ([_cell(value) for value in row] for row in sheet.iter_rows(values_only=True))
        yield from _rows_of(row for row in rows if any(row))
        yield ""


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _rows_of(rows: Iterable[list[str]]) -> Iterator[str]:
    for row in rows:
        while row and not row[-1]:
            row.pop()
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)
        yield line.getvalue()


# --- Slides -----------------------------------------------------------------------------------------------------------


def _of_slides(file: IO[bytes]) -> Iterator[str]:
    import pptx

    for number, slide in enumerate(pptx.Presentation(file).slides, 1):
        yield f"## Slide {number}"
        yield from _of_shapes(slide.shapes)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text
            if notes.strip():
                yield f"Notes: {notes}"
        yield ""


def _of_shapes(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _of_shapes(shape.shapes)
        elif getattr(shape, "has_table", False):
            yield from _rows_of([[cell.text for cell in row.cells] for row in shape.table.rows])
        elif getattr(shape, "has_text_frame", False) and shape.text_frame.text.strip():
            yield shape.text_frame.text


_READERS: Final[dict[str, Callable[[IO[bytes]], Iterator[str]]]] = {DOCX: _of_word, XLSX: _of_sheets, PPTX: _of_slides}
