"""Documents that people upload, read by libraries: what a PDF is, and some of its pages.

The libraries read whatever stands in a file, and can't be interrupted: a server has it done by `chat.files.document_work`,
in a process that can be killed. So nothing here knows of Django.
"""

import logging
import time
from collections.abc import Iterator
from typing import IO, Final

from pypdf import PdfReader, PdfWriter
from pypdf.errors import FileNotDecryptedError, PyPdfError

from chat.files.legible import MOST_TEXT_CHARS, PAGE_END, Illegible, Why

# It tells of each fault that it finds in a file.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)
_FAULTS: Final = (
    PyPdfError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    AssertionError,
    RecursionError,
)


def pages_of(file: IO[bytes]) -> int:
    """Return how many pages a PDF has. Raises Illegible."""
    reader = _reader(file)
    try:
        count = len(reader.pages)
    except FileNotDecryptedError as error:
        raise Illegible(Why.ENCRYPTED) from error
    except _FAULTS as error:
        raise Illegible(Why.DAMAGED) from error
    if count < 1:
        raise Illegible(Why.DAMAGED)
    return count


def texts_of(file: IO[bytes], seconds: float) -> Iterator[str]:
    """Yield the text of each page, in order, as long as so much processor time lasts. Raises Illegible."""
    reader = _reader(file)
    end = time.process_time() + seconds
    left = MOST_TEXT_CHARS
    try:
        for page in reader.pages:
            if time.process_time() > end or left <= 0:
                return
            text = page.extract_text().replace(PAGE_END, " ")[:left]
            left -= len(text)
            yield text
    except _FAULTS as error:
        raise Illegible(Why.DAMAGED) from error


def write_pages(file: IO[bytes], first: int, last: int, to: IO[bytes]) -> None:
    """Write some pages of a PDF, counted from 1, as one of their own. Raises Illegible."""
    reader = _reader(file)
    try:
        writer = PdfWriter()
        writer.append(reader, pages=(first - 1, last), import_outline=False)
        writer.write(to)
    except _FAULTS as error:
        raise Illegible(Why.DAMAGED) from error


def _reader(file: IO[bytes]) -> PdfReader:
    try:
        reader = PdfReader(file, strict=False)
        is_encrypted = reader.is_encrypted
    except _FAULTS as error:
        raise Illegible(Why.DAMAGED) from error
    if is_encrypted:
        raise Illegible(Why.ENCRYPTED)
    return reader
