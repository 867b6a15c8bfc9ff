"""What Claude's tools have found, for its later turns: kept with the reply, and forgotten. All under the room's lock.

The rule is that of the summaries: a stored result quotes nothing but messages as they are now. An edit or a deletion forgets
each result that quotes the message; one that comes before a result is stored is noticed by `keep`, which compares.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.db import transaction

from chat.models import Finding, Kind, Message, Reply, ReplyState, Room

# Of one result, and of the input of one use: what is longer is cut, or left out.
RESULT_CHARS: Final = 16_000
INPUT_CHARS: Final = 2_000
# Of a room's uses, so many at least keep their rows. They go in steps: each change of what was said long ago costs a cache.
USES_KEPT: Final = 200
_DROPPED_AT_ONCE: Final = 100


class Found(NamedTuple):
    """One use of a tool. quotes: the content of each message whose words are in it, by id."""

    at: int
    until: int
    name: str
    input: dict[str, Any]
    content: str
    is_error: bool
    tokens: int
    quotes: Mapping[int, str]


@transaction.atomic
def keep(reply_id: int, epoch: int, said: Mapping[str, Any], round_: int, found: Sequence[Found]) -> bool:
    """Store what a round of uses has brought, with all that was said before. False: the reply is not the caller's now.

    said: the reply's fields. Without them, a use could stand behind the end of the text that a dead process has left.
    """
    room = Room.objects.select_for_update(no_key=True, of=("self",)).filter(replies=reply_id).first()
    mine = Reply.objects.filter(pk=reply_id, epoch=epoch, state=ReplyState.RUNNING)
    attempt = mine.values_list("attempt", flat=True).first()
    if room is None or attempt is None:
        return False
    mine.update(**said)
    same = _unchanged(room, {pk: content for each in found for pk, content in each.quotes.items()})
    for each in found:
        is_whole = all(pk in same for pk in each.quotes)
        row = Finding.objects.create(
            reply_id=reply_id,
            attempt=attempt,
            round=round_,
            at=each.at,
            until=each.until,
            name=each.name,
            input=each.input if _is_short(each.input) else {},
            content=each.content if is_whole else "",
            is_error=each.is_error,
            tokens=each.tokens,
        )
        if is_whole:
            row.quoted.add(*each.quotes)
    _drop_oldest(room)
    return True


def forget(message: Message) -> None:
    """Forget the results that quote a message whose content changes or goes. Call under the room's lock."""
    quoting = list(Finding.objects.filter(quoted=message).values_list("pk", flat=True))
    if quoting:
        Finding.objects.filter(pk__in=quoting).update(content="")
        Finding.quoted.through.objects.filter(finding__in=quoting).delete()


def drop(**of: Any) -> None:
    """Drop what was found for a reply (reply=), or for all versions of one (reply__message=)."""
    Finding.objects.filter(**of).delete()


def _unchanged(room: Room, read: Mapping[int, str]) -> set[int]:
    living = Message.objects.filter(room=room, pk__in=list(read), kind=Kind.TEXT, deleted_at=None)
    return {pk for pk, content in living.values_list("pk", "content") if content == read[pk]}


def _is_short(value: dict[str, Any]) -> bool:
    return len(json.dumps(value)) <= INPUT_CHARS


def _drop_oldest(room: Room) -> None:
    newest_first = Finding.objects.filter(reply__room=room).order_by("-pk")
    too_many = newest_first.values_list("pk", flat=True)[USES_KEPT + _DROPPED_AT_ONCE :].first()
    if too_many is not None:
        last_kept = newest_first.values_list("pk", flat=True)[USES_KEPT - 1]
        Finding.objects.filter(reply__room=room, pk__lt=last_kept).delete()
