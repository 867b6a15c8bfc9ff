"""Uploads as files that another process can read: a small one is in memory only."""

import os
import shutil
import tempfile
from typing import IO


def on_disk(file: IO[bytes]) -> IO[bytes]:
    """Return the file itself where it has a descriptor, else a copy. The caller closes it."""
    try:
        return os.fdopen(os.dup(file.fileno()), "rb")
    except OSError:  # io.UnsupportedOperation is one
        pass
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
    try:
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.flush()
    except BaseException:
        copy.close()
        raise
    return copy
