"""Rows to wire: what a room, a message or a person looks like to a client."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypedDict

from django.db.models import Prefetch, QuerySet
from msgspec import UNSET, UnsetType

from accounts.models import User
from chat.models import Mention, Message, Reaction, Room
from chat.protocol import wire

EXCERPT_CHARS: Final = 140


def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _optional_millis(moment: datetime | None) -> int | UnsetType:
    return UNSET if moment is None else millis(moment)


def user_ref(user: User) -> wire.UserRef:
    return wire.UserRef(str(user.pk), user.username)


def excerpt_of(content: str) -> str:
    """Return the beginning of a message on one line."""
    line = " ".join(content.split())
    return line if len(line) <= EXCERPT_CHARS else line[: EXCERPT_CHARS - 1] + "…"


def present_room(room: Room, people: list[wire.UserRef] | None = None) -> wire.Room:
    """`people` is given for direct rooms only: they have no other name."""
    return wire.Room(**room_fields(room), members=UNSET if people is None else people)


class RoomFields(TypedDict):
    """What every shape of a room has."""

    slug: str
    name: str
    kind: str
    topic: str
    change: int
    epoch: str
    createdAt: int
    archivedAt: int | UnsetType
    lastMessageAt: int | UnsetType


def room_fields(room: Room) -> RoomFields:
    return {
        "slug": room.slug,
        "name": room.name,
        "kind": room.kind,
        "topic": room.topic,
        "change": room.change,
        "epoch": room.epoch,
        "createdAt": millis(room.created_at),
        "archivedAt": _optional_millis(room.archived_at),
        "lastMessageAt": _optional_millis(room.last_message_at),
    }


def with_everything(messages: "QuerySet[Message]") -> "QuerySet[Message]":
    """Fetch what presenting needs along with the rows: three queries for any number of messages."""
    return messages.select_related("author", "reply_to__author").prefetch_related(
        Prefetch("reactions", Reaction.objects.select_related("user")), Prefetch("mentions", Mention.objects.all())
    )


def present_messages(slug: str, messages: Iterable[Message]) -> list[wire.Message]:
    return [present_message(slug, message) for message in messages]


def present_message(slug: str, message: Message) -> wire.Message:
    return wire.Message(
        id=str(message.pk),
        room=slug,
        seq=message.seq,
        change=message.change,
        kind=message.kind,
        author=None if message.author is None else user_ref(message.author),
        content=message.content,
        html=message.html,
        createdAt=millis(message.created_at),
        reactions=_present_reactions(message.reactions.all()),
        mentions=[str(mention.user_id) for mention in message.mentions.all()],
        clientId=UNSET if message.client_id is None else message.client_id,
        replyTo=UNSET if message.reply_to is None else present_reply_to(message.reply_to),
        editedAt=_optional_millis(message.edited_at),
        deletedAt=_optional_millis(message.deleted_at),
    )


def present_reply_to(message: Message) -> wire.ReplyTo:
    return wire.ReplyTo(
        str(message.pk),
        message.seq,
        None if message.author is None else user_ref(message.author),
        excerpt_of(message.content),
        message.deleted_at is not None,
    )


def _present_reactions(reactions: Iterable[Reaction]) -> list[wire.Reaction]:
    by_emoji: dict[str, list[wire.UserRef]] = {}
    for reaction in reactions:
        by_emoji.setdefault(reaction.emoji, []).append(user_ref(reaction.user))
    return [wire.Reaction(emoji, users) for emoji, users in by_emoji.items()]
