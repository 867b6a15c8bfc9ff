"""The child process that encodes pictures again: `python -m chat.files.picture_program`."""

import errno
import json
import os
import shutil
from collections.abc import Sequence
from typing import IO, Final

from chat.bounded.child import Refused, serve
from chat.files import pictures

# A picture takes 8 bytes for each pixel and, for a moment, a few more; then its file is closed, and its memory free.
_MEMORY_BYTES: Final = 4 << 30
# Few people post pictures all the time, and the library takes much memory.
_IDLE_SECONDS: Final = 60.0


def work(request: bytes, files: Sequence[int]) -> bytes:
    """Encode the picture of the first file again: into the second, its preview into the third. Return facts, or an errno."""
    given, whole, preview = files
    try:
        with os.fdopen(os.dup(given), "rb") as file:
            file.seek(0)
            made = pictures.made_anew(file, json.loads(request))
        _copy(made.file, whole)
        if made.preview is not None:
            _copy(made.preview, preview)
    except pictures.Unreadable as error:
        raise Refused(str(error)) from error
    except OSError as error:
        return json.dumps({"errno": error.errno or errno.EIO}).encode()
    return json.dumps([made.content_type, made.width, made.height, made.preview is not None]).encode()


def _copy(made: IO[bytes], to: int) -> None:
    with made, os.fdopen(os.dup(to), "wb") as file:
        shutil.copyfileobj(made, file)


if __name__ == "__main__":
    serve(work, memory_bytes=_MEMORY_BYTES, idle_seconds=_IDLE_SECONDS, recover=lambda: None)
