"""The child process that encodes pictures again: `python -m chat.files.picture_program`."""

import errno
import io
import json
import os
import shutil
from collections.abc import Sequence
from typing import IO, Final

from chat.bounded.child import Refused, serve
from chat.files import model_pictures, pictures

# A picture takes 8 bytes for each pixel and, for a moment, a few more; then its file is closed, and its memory free.
_MEMORY_BYTES: Final = 4 << 30
# Few people post pictures all the time, and the library takes much memory.
_IDLE_SECONDS: Final = 60.0


def work(request: bytes, files: Sequence[int]) -> bytes:
    """Encode the picture of the first file again: for people, or for models. Return facts, or an errno."""
    asked = json.loads(request)
    make = _for_model if asked["for_model"] else _for_people
    try:
        return json.dumps(make(asked["most_pixels"], *files)).encode()
    except pictures.Unreadable as error:
        raise Refused(str(error)) from error
    except OSError as error:
        return json.dumps({"errno": error.errno or errno.EIO}).encode()


def _for_people(most_pixels: int, given: int, whole: int, preview: int) -> list[object]:
    """Make a whole picture and its preview."""
    with os.fdopen(os.dup(given), "rb") as file:
        file.seek(0)
        made = pictures.made_anew(file, most_pixels)
    _copy(made.file, whole)
    if made.preview is not None:
        _copy(made.preview, preview)
    return [made.content_type, made.width, made.height, made.preview is not None]


def _for_model(most_pixels: int, given: int, whole: int) -> list[object]:
    with os.fdopen(os.dup(given), "rb") as file:
        file.seek(0)
        made = model_pictures.for_model(file, most_pixels)
    _copy(io.BytesIO(made), whole)
    return []


def _copy(made: IO[bytes], to: int) -> None:
    with made, os.fdopen(os.dup(to), "wb") as file:
        shutil.copyfileobj(made, file)


if __name__ == "__main__":
    serve(work, memory_bytes=_MEMORY_BYTES, idle_seconds=_IDLE_SECONDS, recover=lambda: None)
