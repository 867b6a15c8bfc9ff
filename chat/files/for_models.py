"""What is kept of a file for models: made when one is first sent it, and read from then on. Blocks on a storage."""

from contextlib import suppress
from typing import IO

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from chat.models import Attachment
from chat.models.attachment import new_file_name


def kept(row: Attachment) -> bytes | None:
    """Return what was made of a file; None when that is still to be done, or was lost. Raises OSError."""
    if not row.for_model.name:
        return None
    with suppress(FileNotFoundError), default_storage.open(row.for_model.name) as file:
        return bytes(file.read())
    return None


def original(row: Attachment) -> IO[bytes]:
    """Open the file itself. Raises OSError."""
    opened: File[bytes] = default_storage.open(row.file.name or "")
    return opened


def whole(row: Attachment) -> bytes:
    """Return the file itself. Raises OSError."""
    with original(row) as file:
        return file.read()


def name_for(pk: int) -> str | None:
    """Note where what is made of a file is kept, and return that; None when the file is gone. On a database thread.

    The row names it before it is written, so that no file is ever without a row.
    """
    rows = Attachment.objects.filter(pk=pk, message__isnull=False)
    rows.filter(for_model="").update(for_model=new_file_name())
    return rows.values_list("for_model", flat=True).first()


def keep(name: str, data: bytes) -> None:
    """Write what was made of a file. Raises OSError."""
    if default_storage.exists(name):
        return
    written = default_storage.save(name, ContentFile(data))
    if written != name:  # another process was faster
        default_storage.delete(written)


def drop_if_gone(pk: int, name: str) -> None:
    """Remove what was written for a file that was removed meanwhile. On a database thread."""
    if not Attachment.objects.filter(pk=pk, for_model=name).exists():
        default_storage.delete(name)
