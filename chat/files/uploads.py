"""What an uploaded file is, decided by what is in it: never by its name, nor by what the uploader says of it."""

import os
import unicodedata
from typing import IO, Final, NamedTuple

from django.conf import settings

from accounts.visible import has_ink, without_unseen
from chat.files import pictures
from chat.files.legible import PDF, TEXT
from chat.files.pictures import Picture
from chat.files.text_files import charset_of
from chat.models.attachment import NAME_CHARS
from chat.protocol.errors import ErrorCode, ProtocolError, invalid

ANYTHING: Final = "application/octet-stream"
_NO_NAME: Final = "file"
_EXTENSION_CHARS: Final = 20
_NAME_CHARS_READ: Final = 1_000
# A picture may come out a little larger than it went in; by more, and it was made to.
_GROWTH: Final = 2


class TooLarge(ProtocolError):
    """The refusal that HTTP has a status of its own for."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.VALIDATION_ERROR,
            f"A file may have {settings.UPLOAD_BYTES:,} bytes at most.",
            details={"path": "$.file"},
        )


class Upload(NamedTuple):
    """A file that may be kept, as it is to be kept, at its beginning."""

    name: str
    content_type: str
    size: int
    file: IO[bytes]
    width: int | None = None
    height: int | None = None
    preview: IO[bytes] | None = None
    pages: int | None = None
    unreadable: str = ""
    text_tokens: int | None = None
    densest_page: int | None = None

    def close(self) -> None:
        self.file.close()
        if self.preview is not None:
            self.preview.close()


def is_picture(file: IO[bytes]) -> bool:
    """Whether looking at this file means decoding a picture, which is the work of another process."""
    file.seek(0)
    return pictures.is_picture(file.read(pictures.HEAD_BYTES))


def inspect(file: IO[bytes], name: str, picture: Picture | None = None) -> Upload:
    """Return what is to be kept of an uploaded file. Raises VALIDATION_ERROR.

    picture: what was made of a file that is one. Without it, it is made here: not for servers, which it would hold up.
    """
    size = _size_of(file)
    if size == 0:
        raise invalid("This file is empty.", "$.file")
    check_size(size)
    name = safe_name(name)
    if picture is not None:
        return _of_picture(picture, name)
    if is_picture(file):
        return _of_picture(_picture(file), name)
    return Upload(name, type_of(file), size, file)


def check_size(size: int) -> None:
    """Raise TooLarge for what has more than UPLOAD_BYTES."""
    if 0 < settings.UPLOAD_BYTES < size:
        raise TooLarge


def _picture(file: IO[bytes]) -> Picture:
    file.seek(0)
    try:
        return pictures.made_anew(file, settings.UPLOAD_PIXELS)
    except pictures.Unreadable as error:
        raise invalid(str(error), "$.file") from error


def _of_picture(made: Picture, name: str) -> Upload:
    size = _size_of(made.file)
    upload = Upload(name, made.content_type, size, made.file, made.width, made.height, made.preview)
    try:
        check_size(size // _GROWTH)
    except TooLarge:
        upload.close()
        raise
    return upload


def _size_of(file: IO[bytes]) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def type_of(file: IO[bytes]) -> str:
    """Return what a file is by its first bytes, or by its text."""
    file.seek(0)
    is_pdf = file.read(5) == b"%PDF-"
    file.seek(0)
    if is_pdf:
        return PDF
    charset = charset_of(file)
    file.seek(0)
    return f"{TEXT}; charset={charset}" if charset else ANYTHING


def safe_name(name: str) -> str:
    """Return the last part of a path, without what would turn around, hide or break the text that shows it."""
    # Cut first: to compose a long run of marks takes time by the square of its length.
    last = name.replace("\\", "/").rsplit("/", 1)[-1][-_NAME_CHARS_READ:]
    kept = without_unseen(last)
    tidy = " ".join(unicodedata.normalize("NFC", kept).split()).rstrip(". ")
    if len(tidy) > NAME_CHARS:
        stem, dot, extension = tidy.rpartition(".")
        ending = dot + extension if stem and len(extension) <= _EXTENSION_CHARS else ""
        tidy = tidy[: NAME_CHARS - len(ending)] + ending
    return tidy if has_ink(tidy) else _NO_NAME
