"""Which files Anthropic keeps for us: each is uploaded once, by one process, and named by all until it expires."""

import asyncio
import random
from datetime import timedelta
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from chat.claude.backends.backend import KeptFile
from chat.claude.backends.chosen import file_account, forget_file
from chat.models import SentFile
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

# A reply makes several calls, and each of them must find the file.
_LAST_MINUTES: Final = timedelta(minutes=15)
# A process that takes longer for an upload is taken for dead.
_CLAIMED_FOR: Final = timedelta(minutes=2)
_SWEEP_SECONDS: Final = 30.0
_DELETED_AT_ONCE: Final = 50


def known(account: str, attachments: list[int]) -> dict[int, str]:
    """Return the ids by which calls name these attachments, of those that stay long enough."""
    lasting = SentFile.objects.filter(
        account=account, attachment__in=attachments, expires_at__gt=timezone.now() + _LAST_MINUTES
    ).exclude(file_id="")
    return {attachment: id_ for attachment, id_ in lasting.values_list("attachment", "file_id") if attachment}


def claim(attachment: int, account: str, size: int) -> int | None:
    """Note that an attachment is being uploaded, and return the row; None when another process does so."""
    now = timezone.now()
    over = Q(expires_at__lte=now + _LAST_MINUTES) | Q(expires_at=None, claimed_at__lte=now - _CLAIMED_FOR)
    SentFile.objects.filter(over, attachment=attachment, account=account).delete()
    try:
        with transaction.atomic():
            row = SentFile(attachment_id=attachment, account=account, size=size, claimed_at=now)
            row.save(force_insert=True)
    except IntegrityError:  # also when the attachment was removed in this moment
        return None
    return row.pk


def end_claim(row: int, kept: KeptFile | None) -> None:
    """Note under which id an attachment was uploaded; or, without one, that it was not."""
    found = SentFile.objects.filter(pk=row)
    if kept is None:
        found.delete()
    else:
        found.update(file_id=kept.id, expires_at=kept.expires_at)


def forget(account: str, ids: list[str]) -> None:
    """Forget uploads that are gone."""
    SentFile.objects.filter(account=account, file_id__in=ids).delete()


async def keep_deleting() -> None:
    """Delete what was uploaded of files that people have deleted, as long as the process runs."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load
        try:
            await delete_some()
        except ProtocolError:
            continue
        except Exception:
            log.exception("claude.files_sweep_failed")


async def delete_some() -> None:
    """Delete some uploads whose attachment is gone. One that can't be deleted now is tried again until it expires."""
    account = file_account()
    for row, id_ in await in_database(_orphans, account):
        if await forget_file(id_):
            await in_database(end_claim, row, None)


def _orphans(account: str) -> list[tuple[int, str]]:
    now = timezone.now()
    over = Q(expires_at__lte=now) | Q(expires_at=None, claimed_at__lte=now - _CLAIMED_FOR)
    SentFile.objects.filter(over).delete()
    # An attachment whose file could not be removed stays for a while, but no one has it any more.
    of_no_message = Q(attachment=None) | Q(attachment__message=None)
    found = SentFile.objects.filter(of_no_message, account=account).exclude(file_id="")
    return list(found.values_list("pk", "file_id")[:_DELETED_AT_ONCE])
