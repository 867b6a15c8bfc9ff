"""Who a message mentions: one rule for what is posted, for edits, and for an earlier text that is shown again.

Claude's answers mention no one. An edit changes who is mentioned, and so the counts of unread mentions.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from accounts.models import User
from chat.markdown import mentioned_names
from chat.models import Mention, Message

AT_MOST: Final = 50
# A text has room for thousands of names that no one has, and each is a parameter of the statement by which a whole round of
# messages is looked up: SQLite takes 32,766, and more held up everyone else's messages for a minute.
_LOOKED_UP_AT_MOST: Final = 100


def store(fresh: Collection[Message], names: Mapping[int, Sequence[str]]) -> dict[int, list[int]]:
    """Store who is mentioned in new messages; return their ids by message.

    names: by message, those that its text mentions, read before its room was locked.
    """
    found = _of(fresh, names)
    Mention.objects.bulk_create(_rows(fresh, found))
    return found


class Renewed(NamedTuple):
    """Whom an edit names who wasn't named before, and whom it doesn't name any more."""

    named: list[int]
    dropped: list[int]

    def recount(self, seq: int) -> tuple[int, ...]:
        """Return whose counts of unread mentions have changed, as an event has it."""
        return (seq, *self.named, *self.dropped) if self.named or self.dropped else ()


def renew(message: Message) -> Renewed:
    """Store who is mentioned in a message of a locked room whose text has changed."""
    now = set(_of([message], {message.pk: mentioned_names(message.content)}).get(message.pk, ()))
    before = set(message.mentions.values_list("user", flat=True))
    renewed = Renewed(sorted(now - before), sorted(before - now))
    if renewed.dropped:
        message.mentions.filter(user__in=renewed.dropped).delete()
    if renewed.named:
        Mention.objects.bulk_create(_rows([message], {message.pk: renewed.named}))
    return renewed


def _of(messages: Collection[Message], names: Mapping[int, Sequence[str]]) -> dict[int, list[int]]:
    """Return the ids of up to AT_MOST people for each message: members of its room, its author left out."""
    names = {message_id: some[:_LOOKED_UP_AT_MOST] for message_id, some in names.items()}
    wanted = set().union(*names.values())
    if not wanted:
        return {}
    room_ids = {message.room_id for message in messages}
    people = User.objects.filter(username__in=wanted, memberships__room__in=room_ids)
    found = {
        (room_id, name): user_id for room_id, name, user_id in people.values_list("memberships__room", "username", "pk")
    }
    mentioned: dict[int, list[int]] = {}
    for message in messages:
        ids = {found[message.room_id, name] for name in names.get(message.pk, ()) if (message.room_id, name) in found}
        ids.discard(message.author_id or 0)
        mentioned[message.pk] = sorted(ids)[:AT_MOST]
    return mentioned


def _rows(messages: Collection[Message], found: dict[int, list[int]]) -> list[Mention]:
    return [
        Mention(message=message, user_id=user_id, room_id=message.room_id, seq=message.seq)
        for message in messages
        for user_id in found.get(message.pk, ())
    ]
