"""Files in messages: kept when they are uploaded, claimed by the message that is posted with them, removed with it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import IO, Final

import structlog
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from accounts.visible import has_ink
from chat import access
from chat.access import Actor
from chat.files.uploads import Upload
from chat.limits import quotas
from chat.markdown.content import checked_content
from chat.models import Attachment, Message, Room
from chat.models.attachment import new_file_name
from chat.presenter import present_attachment
from chat.protocol import wire
from chat.protocol.errors import ProtocolError, invalid, not_found

log = structlog.get_logger(__name__)

KEPT_UNPOSTED: Final = timedelta(days=1)
REMOVED_AT_ONCE: Final = 50

Claims = Mapping[str, Attachment]


# --- Uploading --------------------------------------------------------------------------------------------------


def check_may_upload(actor: Actor, slug: str) -> None:
    """Raise NOT_FOUND, UNAUTHORIZED or REQUEST_FAILED where the actor may not write."""
    _room_to_write_in(actor, slug)


def _room_to_write_in(actor: Actor, slug: str) -> Room:
    room = access.room_for(actor, slug)
    if access.membership_in(actor, room) is None:
        raise access.refuse_stranger(actor.id, room)
    access.check_writable(room)
    return room


def keep(actor: Actor, slug: str, upload: Upload) -> wire.Attachment:
    """Store an uploaded file for a message that is still to come. Not in one transaction: writing may take long."""
    row = Attachment(
        room=_room_to_write_in(actor, slug),
        uploader_id=actor.id,
        name=upload.name,
        content_type=upload.content_type,
        size=upload.size,
        width=upload.width,
        height=upload.height,
        preview="" if upload.preview is None else new_file_name(),
        pages=upload.pages,
        unreadable=upload.unreadable,
        text_tokens=upload.text_tokens,
        densest_page=upload.densest_page,
    )
    with transaction.atomic():
        quotas.check_storing(actor, upload.size)
        row.save()
    try:
        _write(row.file.name, upload.file)
        if upload.preview is not None:
            _write(row.preview.name, upload.preview)
    except BaseException:
        remove([row.pk])
        raise
    return present_attachment(row)


def _write(name: str | None, file: IO[bytes]) -> None:
    file.seek(0)
    # A file that an upload was streamed to is moved, anything else copied in pieces.
    default_storage.save(name, file if isinstance(file, File) else File(file))


# --- Posting ----------------------------------------------------------------------------------------------------


def checked_message(content: str, attachments: Sequence[str]) -> str:
    """Return the text of a message; only one with attachments may have none. Raises VALIDATION_ERROR."""
    if 0 < settings.UPLOADS_PER_MESSAGE < len(attachments):
        raise invalid(f"A message has at most {settings.UPLOADS_PER_MESSAGE} attachments.", "$.attachments")
    if len(set(attachments)) < len(attachments):
        raise invalid("An attachment is named twice.", "$.attachments")
    return "" if attachments and not has_ink(content) else checked_content(content)


def claims_of(public_ids: Iterable[str]) -> Claims:
    """Return the rows behind these ids, locked: no one else posts or removes them now. Call inside a transaction."""
    wanted = set(public_ids)
    if not wanted:
        return {}
    found = Attachment.objects.select_for_update(of=("self",)).select_related("message")
    return {row.public_id: row for row in found.filter(public_id__in=wanted)}


def refusal(
    public_ids: Sequence[str], claims: Claims, *, room: Room, actor: Actor, client_id: str | None
) -> ProtocolError | None:
    """Return why these may not be posted: each must be the actor's own, uploaded to this room, and not posted yet.

    What this very message has claimed, by its client id, is no obstacle: it is sent again, and will be found as such.
    """
    for public_id in public_ids:
        row = claims.get(public_id)
        if row is None or row.room_id != room.pk or row.uploader_id != actor.id:
            return not_found("attachment")
        message = row.message
        is_again = (
            message is not None
            and client_id is not None
            and message.author_id == actor.id
            and message.client_id == client_id
        )
        if message is not None and not is_again:
            return not_found("attachment")
    return None


def claim(public_ids: Sequence[str], claims: Claims, message: Message) -> None:
    """Note that these are of this message, so that no other takes them. `store_claims` writes it."""
    for position, public_id in enumerate(public_ids):
        claims[public_id].message = message
        claims[public_id].position = position


def store_claims(claims: Claims, fresh: Iterable[Message]) -> None:
    """Write what was claimed by these messages, which are stored now."""
    of = {id(message) for message in fresh}
    claimed = [row for row in claims.values() if row.message is not None and id(row.message) in of]
    Attachment.objects.bulk_update(claimed, ["message", "position"])


# --- Removing ---------------------------------------------------------------------------------------------------


def release(message: Message) -> None:
    """Take a message's attachments away from everyone, and remove them after commit. Call inside a transaction."""
    ids = list(Attachment.objects.filter(message=message).values_list("pk", flat=True))
    if ids:
        Attachment.objects.filter(pk__in=ids).update(message=None, room=None)
        # Not a partial: Django would fail at telling of its failure.
        transaction.on_commit(lambda: remove(ids), robust=True)


def drop_some(room: Room) -> None:
    """Remove some of the files of a room that is being deleted, posted or not."""
    ids = list(Attachment.objects.filter(room=room).values_list("pk", flat=True)[:REMOVED_AT_ONCE])
    # First out of everyone's reach. A file that can't be removed now is found by `clean`.
    Attachment.objects.filter(pk__in=ids).update(message=None, room=None)
    remove(ids)


def remove(ids: Iterable[int]) -> int:
    """Remove files, then their rows; return how many. A row that is left says what is still to be removed."""
    removed = 0
    for row in Attachment.objects.filter(pk__in=list(ids)):
        try:
            for name in filter(None, (row.file.name, row.preview.name, row.for_model.name)):
                default_storage.delete(name)
        except OSError as error:
            # The message is deleted all the same, and `clean` comes back to this one.
            log.warning("attachment.not_removed", attachment=row.pk, error=type(error).__name__, errno=error.errno)
            continue
        row.delete()
        removed += 1
    return removed


def clean() -> int:
    """Remove some of what has been without a message for a day; return how many. 0: nothing is left to remove."""
    before = timezone.now() - KEPT_UNPOSTED
    old = Attachment.objects.filter(message=None, created_at__lt=before)
    ids = list(old.values_list("pk", flat=True)[:REMOVED_AT_ONCE])
    if not ids:
        return 0
    # First out of everyone's reach, in one statement: one that is being posted at this moment stays.
    old.filter(pk__in=ids).update(room=None)
    return remove(Attachment.objects.filter(pk__in=ids, message=None, room=None).values_list("pk", flat=True))
