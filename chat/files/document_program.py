"""The child process that reads documents: `python -m chat.files.document_program`."""

import errno
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, Final

from chat.bounded.child import Refused, serve
from chat.files import documents, legible, office
from chat.files.legible import Illegible

_MEMORY_BYTES: Final = 2 << 30
_IDLE_SECONDS: Final = 60.0


def work(request: bytes, files: Sequence[int]) -> bytes:
    """Do what is asked with the first file, and write into the second what is large. Return facts, or an errno."""
    asked = json.loads(request)
    try:
        with os.fdopen(os.dup(files[0]), "rb") as given, os.fdopen(os.dup(files[1]), "wb") as made:
            given.seek(0)
            return json.dumps(_TASKS[asked.pop("task")](given, made, **asked)).encode()
    except Illegible as error:
        raise Refused(str(error)) from error
    except OSError as error:
        return json.dumps({"errno": error.errno or errno.EIO}).encode()


def _pages(given: Any, _made: Any) -> int:
    return documents.pages_of(given)


def _page_texts(given: Any, made: Any, seconds: float) -> None:
    for text in documents.texts_of(given, seconds):
        made.write((text + legible.PAGE_END).encode(errors="replace"))


def _some_pages(given: Any, made: Any, first: int, last: int) -> None:
    documents.write_pages(given, first, last, made)


def _office_type(given: Any, _made: Any) -> str | None:
    return office.type_of(given)


def _office_text(given: Any, made: Any, content_type: str) -> None:
    made.write(office.text_of(given, content_type).encode(errors="replace"))


_TASKS: Final[dict[str, Callable[..., object]]] = {
    "pages": _pages,
    "page_texts": _page_texts,
    "some_pages": _some_pages,
    "office_type": _office_type,
    "office_text": _office_text,
}


if __name__ == "__main__":
    serve(work, memory_bytes=_MEMORY_BYTES, idle_seconds=_IDLE_SECONDS, recover=lambda: None)
