"""Whose turn it is: people and rooms take turns, so one person's queue keeps no one else waiting. Database thread only.

In a room, the next prompt is the oldest one of the person whose last turn there is longest ago. Between rooms, the person
comes first who has the fewest replies running, then the one for whom both their own last turn and the room's are longest
ago. A person with prompts in fifty sessions waits behind a person with one, and a room in which thirty people ask lets
another room in between. Each person's prompts keep their order within a room.
"""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.db.models import OuterRef, Q, Subquery

from chat.models import Reply, ReplyState

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
# The first one is claimed, unless another runner was faster: then the next one is tried.
_CANDIDATES: Final = 50
_HEADS_AT_MOST: Final = 500


class Head(NamedTuple):
    """The first waiting reply of a person in a room, and when the person had their last turn there."""

    reply_id: int
    room_id: int
    requester_id: int | None
    change: int
    in_room: datetime | None
    person: datetime | None
    room: datetime | None

    @property
    def turn_in_room(self) -> tuple[datetime, int]:
        return self.in_room or _NEVER, self.change

    @property
    def last_turn(self) -> datetime:
        """When the person or the room had a turn last."""
        return max(self.person or _NEVER, self.room or _NEVER)


def in_turn() -> list[Head]:
    """Return the waiting replies that may be claimed, at most one for each room, in the order of their turns."""
    running = Reply.objects.filter(state=ReplyState.RUNNING).order_by().values_list("room", "requested_by")
    busy, running_of = set[int](), Counter[int | None]()
    for room_id, asker_id in running:
        busy.add(room_id)
        running_of[asker_id] += 1
    next_of: dict[int, Head] = {}
    for head in _with_turns(_heads(busy, running_of)):
        best = next_of.get(head.room_id)
        if best is None or head.turn_in_room < best.turn_in_room:
            next_of[head.room_id] = head
    in_order = sorted(next_of.values(), key=lambda head: (running_of[head.requester_id], head.last_turn, head.reply_id))
    return in_order[:_CANDIDATES]


def _heads(busy: Collection[int], running_of: Counter[int | None]) -> list[int]:
    """Return the oldest reply of each person in each free room; of people with many rooms, not more than they may win."""
    oldest: dict[tuple[int, int | None], tuple[int, int]] = {}
    waiting = Reply.objects.filter(state=ReplyState.QUEUED).order_by("pk")
    for pk, room_id, requester_id, change in waiting.values_list("pk", "room", "requested_by", "change"):
        key = (room_id, requester_id)
        if room_id not in busy and (key not in oldest or change < oldest[key][0]):
            oldest[key] = (change, pk)
    taken = running_of.copy()
    ranked: list[tuple[int, int]] = []
    for (_, asker_id), (_, pk) in sorted(oldest.items(), key=lambda each: each[1][1]):
        ranked.append((taken[asker_id], pk))
        taken[asker_id] += 1
    return [pk for _, pk in sorted(ranked)[:_HEADS_AT_MOST]]


def _with_turns(reply_ids: list[int]) -> list[Head]:
    """Look up the last turns: three look-ups in an index for each reply, in one query."""
    if not reply_ids:
        return []
    started = Reply.objects.filter(started_at__isnull=False).order_by("-started_at").values("started_at")
    person, room = Q(requested_by=OuterRef("requested_by")), Q(room=OuterRef("room"))
    last: dict[str, Subquery] = {
        "turn_in_room": Subquery(started.filter(person & room)[:1]),
        "turn_of_person": Subquery(started.filter(person)[:1]),
        "turn_of_room": Subquery(started.filter(room)[:1]),
    }
    replies = Reply.objects.filter(pk__in=reply_ids).order_by().annotate(**last)
    return [Head(*row) for row in replies.values_list("pk", "room", "requested_by", "change", *last)]
