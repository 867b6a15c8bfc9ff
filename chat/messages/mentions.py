"""Who a message mentions: one rule for what is posted, for edits, and for an earlier text that is shown again.

A text mentions members of its room, and Claude. Those alone are shown as mentions, and the members are told, but for the
author. Claude's replies mention no one. An edit changes who is mentioned, and so the counts of unread mentions.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple

from django.db.models import FilteredRelation, Q

from accounts.models import User
from accounts.names import CLAUDE
from chat.markdown import Meanings, candidates
from chat.models import Mention, Message, Room

AT_MOST: Final = 50


class People(NamedTuple):
    """The people who have the names that were looked up. members: their ids, by room and name."""

    asked: Collection[str]
    existing: Collection[str]
    members: dict[tuple[int, str], int]

    def settle(self, html: str, room_id: int, author_id: int | None) -> "Settled":
        """Find out whom HTML with candidates mentions. At most AT_MOST are told, and never the author."""
        means = Meanings(self.asked, self.existing)
        here = {name: self.members.get((room_id, name)) for name in means.names_in(html)}
        members = {name: user_id for name, user_id in here.items() if user_id is not None}
        others = ((name, user_id) for name, user_id in members.items() if user_id != author_id)
        told = dict(islice(others, AT_MOST))
        shown = {name for name in here if name == CLAUDE or name in told or members.get(name, 0) == author_id}
        return Settled(means.settled(html, shown), shown, sorted(told.values()))


class Renewed(NamedTuple):
    """Whom an edit names who wasn't named before, and whom it doesn't name any more."""

    named: list[int]
    dropped: list[int]

    def recount(self, seq: int) -> tuple[int, ...]:
        """Return whose counts of unread mentions have changed, as an event has it."""
        return (seq, *self.named, *self.dropped) if self.named or self.dropped else ()


class Settled(NamedTuple):
    """A text whose mentions are known. names: those that it shows. told: the ids of the people to tell."""

    html: str
    names: Collection[str]
    told: list[int]


def look_up(names: Collection[str], rooms: Collection[Room]) -> People:
    """Find the people who have these names, and which of them are members of these rooms."""
    if not names:
        return People((), (), {})
    here = FilteredRelation("memberships", condition=Q(memberships__room__in=[room.pk for room in rooms]))
    found = User.objects.filter(username__in=names).annotate(here=here).values_list("here__room", "username", "pk")
    rows = list(found)
    members = {(room_id, name): user_id for room_id, name, user_id in rows if room_id is not None}
    # Claude can be called before its first reply, which is when its account is made.
    return People(names, {CLAUDE, *(name for _room, name, _user in rows)}, members)


def store(told: Iterable[tuple[Message, Sequence[int]]]) -> None:
    """Store who is told of new messages."""
    Mention.objects.bulk_create(_rows(told))


def renew(message: Message, room: Room, html: str) -> Renewed:
    """Give a message of a locked room its HTML, and store who is mentioned in it now. The caller saves the message."""
    message.html, _names, told = look_up(candidates(html), [room]).settle(html, room.pk, message.author_id)
    before = set(message.mentions.values_list("user", flat=True))
    renewed = Renewed(sorted({*told} - before), sorted(before - {*told}))
    if renewed.dropped:
        message.mentions.filter(user__in=renewed.dropped).delete()
    if renewed.named:
        store([(message, renewed.named)])
    return renewed


def _rows(told: Iterable[tuple[Message, Sequence[int]]]) -> list[Mention]:
    return [
        Mention(message=message, user_id=user_id, room_id=message.room_id, seq=message.seq)
        for message, user_ids in told
        for user_id in user_ids
    ]
