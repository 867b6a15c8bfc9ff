"""Whether Claude can read a file, and why not: one place for the composer, for Claude's context and for its tool."""

from enum import StrEnum
from typing import Final

# What Anthropic takes: of documents in a whole request. It takes 32 MB in base64, with all the words around them.
MOST_PAGES: Final = 100
MOST_BYTES: Final = 20_000_000
PDF: Final = "application/pdf"
TEXT: Final = "text/plain"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OFFICE: Final = (DOCX, XLSX, PPTX)
# Of the text of an office file: much more than any model reads at once.
MOST_TEXT_CHARS: Final = 2_000_000
PAGE_END: Final = "\f"


class Why(StrEnum):
    """Why a file can't be read. The value is stored, and part of the protocol."""

    KIND = "kind"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    PAGES = "pages"
    SIZE = "size"
    EMPTY = "empty"
    REFUSED = "refused"


class Illegible(Exception):
    """The file can't be read, however often it is tried."""

    def __init__(self, why: Why) -> None:
        super().__init__(str(why))
        self.why = why


SAID: Final = {
    Why.KIND: "Claude can't read files of this kind.",
    Why.ENCRYPTED: "Claude can't read this file: it is encrypted.",
    Why.DAMAGED: "Claude can't read this file: it is damaged.",
    Why.PAGES: f"Claude can't read this file as a whole: it has more than {MOST_PAGES} pages.",
    Why.SIZE: f"Claude can't read this file: it has more than {MOST_BYTES // 1_000_000} MB.",
    Why.EMPTY: "Claude can't read this file: there is no text in it.",
    Why.REFUSED: "Claude can't read this file: Anthropic refused it.",
}
"""For people."""

_PROMPTED: Final = {
    Why.ENCRYPTED: "it is encrypted",
    Why.DAMAGED: "it is damaged",
    Why.PAGES: f"it has more than {MOST_PAGES} pages",
    Why.SIZE: "it is too large",
    Why.EMPTY: "there is no text in it",
    Why.REFUSED: "it was refused",
}


def prompted(why: Why) -> str:
    """Return the reason as a model is told it; of a kind that it knows by the file's type, nothing."""
    return _PROMPTED.get(why, "")


def is_pdf(content_type: str) -> bool:
    return content_type == PDF


def is_text(content_type: str) -> bool:
    return content_type.startswith(TEXT)


def is_office(content_type: str) -> bool:
    return content_type in OFFICE


def why_not(content_type: str, size: int, pages: int | None, found: str, *, is_picture: bool) -> Why | None:
    """Return why a file can't be shown whole, as far as it has been looked at. found: what `unreadable` holds of it."""
    if found:
        return Why(found)
    if is_picture:
        return None
    if not (is_pdf(content_type) or is_text(content_type) or is_office(content_type)):
        return Why.KIND
    if size > MOST_BYTES:
        return Why.SIZE
    return Why.PAGES if pages is not None and pages > MOST_PAGES else None
