"""Notices a database that was put back from a backup, and renews the epochs of all rooms. Database thread only.

After a restore a room counts its changes a second time: a cursor from before would be honoured, and its tab would keep
messages that no longer exist. Nothing in the database can tell, because it was put back as well. So it is compared with what
the processes remember outside of it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from chat.models import HistoryMark, Message, Room
from chat.models.mark import new_token
from chat.models.room import renewed_epoch
from chat.presenter import millis

log = structlog.get_logger(__name__)

_ONLY_ROW: Final = 1


class Mark(NamedTuple):
    number: int
    token: str
    renewals: int


class Seen(NamedTuple):
    """A message as a process has published it. Times are milliseconds."""

    room: str
    id: int
    change: int
    created_at: int
    edited_at: int | None


class Known(NamedTuple):
    """What is remembered outside of the database. heads: `change` of the rooms that moved last, by slug.

    seen: the newest messages of some rooms. Only a process that serves knows them: the mark can't tell of what came and
    went between two head checks.
    """

    number: int
    token: str
    heads: Mapping[str, int]
    seen: Sequence[Seen] = ()


def read() -> Mark | None:
    """Return the database's mark, if it has one yet."""
    return _mark_of(HistoryMark.objects.filter(pk=_ONLY_ROW).first())


class MemoryAway(Exception):
    """What is remembered can't be asked for now."""


def verify(load: Callable[[], Known | None], keep: Callable[[Known], None]) -> Mark:
    """Compare the database with what is known of it, and renew all epochs unless it has gone on from there.

    Without a memory (None) a database that has a mark may be any: it is renewed, which costs each tab one page of messages.
    While the memory is away the database is believed: processes that serve remember it themselves.
    """
    with transaction.atomic():
        mark = _mark_of(HistoryMark.objects.select_for_update().filter(pk=_ONLY_ROW).first())
        try:
            known = load()  # under the lock: processes that start together must not each renew what the one before has
        except MemoryAway:
            return mark or _first()
        found = _checked(mark, known)
        heads = known.heads if known is not None and found == mark else {}
        # Before the commit: were it lost, the next start would renew once more.
        keep(Known(found.number, found.token, heads))
        return found


def _checked(mark: Mark | None, known: Known | None) -> Mark:
    if mark is None and known is None:
        return _first()
    if mark is not None and known is not None and goes_on_from(mark, known) and not _is_of_another(known):
        return mark
    return _renewed(at_least=0 if known is None else known.number)


def _first() -> Mark:
    row, _ = HistoryMark.objects.get_or_create(pk=_ONLY_ROW)
    return Mark(row.number, row.token, row.renewals)


def goes_on_from(mark: Mark | None, known: Known) -> bool:
    """Whether a mark can be a later one of the same history."""
    if mark is None or mark.number < known.number:
        return False
    return mark.number > known.number or mark.token == known.token


def advance(mark: Mark) -> Mark:
    """Move the mark on, unless another process has; return the one that there is now."""
    seen = HistoryMark.objects.filter(pk=_ONLY_ROW, number=mark.number, token=mark.token)
    seen.update(number=F("number") + 1, token=new_token())
    return read() or mark


def renew() -> int:
    """Renew the epochs of all rooms; return how many there are. Serving processes notice it with their next head check."""
    with transaction.atomic():
        HistoryMark.objects.select_for_update().filter(pk=_ONLY_ROW).first()
        _renewed(at_least=0)
        return Room.objects.count()


def _renewed(*, at_least: int) -> Mark:
    row, _ = HistoryMark.objects.get_or_create(pk=_ONLY_ROW)
    row.number, row.token, row.renewals = max(row.number, at_least) + 1, new_token(), row.renewals + 1
    row.save()
    # One word for all: an epoch is only ever compared with an earlier one of the same room.
    rooms = Room.objects.update(epoch=renewed_epoch())
    log.warning("history.renewed", rooms=rooms, number=row.number)
    return Mark(row.number, row.token, row.renewals)


def _is_of_another(known: Known) -> bool:
    return _have_gone_back(known.heads) or have_gone(known.seen)


def _have_gone_back(heads: Mapping[str, int]) -> bool:
    """Whether a room has fewer changes than were seen. One that is gone may have been deleted, and tells nothing."""
    found = dict(Room.objects.filter(slug__in=list(heads)).values_list("slug", "change"))
    return any(found.get(slug, change) < change for slug, change in heads.items())


def have_gone(seen: Sequence[Seen]) -> bool:
    """Whether a message that was published isn't there any more, or is another one, or an earlier state of it."""
    fields = ("pk", "change", "created_at", "edited_at")
    found = {row[0]: row[1:] for row in Message.objects.filter(pk__in=[each.id for each in seen]).values_list(*fields)}
    missing = {each.room for each in seen if each.id not in found}
    if missing and Room.objects.filter(slug__in=missing).exclude(deletes_at__lte=timezone.now()).exists():
        return True
    return any(_is_another(each, *found[each.id]) for each in seen if each.id in found)


def _is_another(seen: Seen, change: int, created_at: datetime, edited_at: datetime | None) -> bool:
    if millis(created_at) != seen.created_at or change < seen.change:
        return True
    return change == seen.change and seen.edited_at != (None if edited_at is None else millis(edited_at))


def _mark_of(row: HistoryMark | None) -> Mark | None:
    return None if row is None else Mark(row.number, row.token, row.renewals)
