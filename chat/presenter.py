"""Rows to wire: what a room, a message or a person looks like to a client."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypedDict
from urllib.parse import quote

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, prefetch_related_objects
from msgspec import UNSET, UnsetType

from accounts.models import User
from chat.model_choice import is_demo_model, model_of
from chat.models import Attachment, Kind, Mention, Message, Reaction, Reply, Room
from chat.protocol import wire

EXCERPT_CHARS: Final = 140
# What stands for a message that is files alone where it is quoted.
ATTACHMENT: Final = "Attachment"


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
    return wire.Room(
        **room_fields(room), members=UNSET if people is None else people, claude=present_claude_settings(room)
    )


def present_claude_settings(room: Room) -> wire.ClaudeSettings:
    return wire.ClaudeSettings(model_of(room), room.claude_instructions, room.claude_every_message, room.claude_tools)


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
    """Fetch what presenting needs along with the rows: three queries for any number of messages.

    Whether a message has attachments is found out with the rows: only if there are any is there a query for them.
    """
    has_attachments = Exists(Attachment.objects.filter(message=OuterRef("pk")))
    return (
        messages.annotate(has_attachments=has_attachments)
        .select_related("author", "reply_to__author", "shown__requested_by", "shown__stopped_by")
        .prefetch_related(
            Prefetch("reactions", Reaction.objects.select_related("user")), Prefetch("mentions", Mention.objects.all())
        )
    )


def present_messages(slug: str, messages: Iterable[Message]) -> list[wire.Message]:
    return [present_message(slug, message) for message in with_attachments(messages)]


def with_attachments(messages: Iterable[Message]) -> list[Message]:
    """Fetch the attachments of rows that came with everything: one query if there are any, else none."""
    rows = list(messages)
    having = [row for row in rows if getattr(row, "has_attachments", False)]
    if having:
        prefetch_related_objects(having, "attachments")
    return rows


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
        reply=UNSET if message.shown is None else present_reply(message.shown, message.version_count),
        attachments=_present_attachments(message),
    )


def _present_attachments(message: Message) -> list[wire.Attachment] | UnsetType:
    # Who has stored a message just now has not looked for any, and knows what it came with.
    if not getattr(message, "has_attachments", False):
        return UNSET
    return [present_attachment(row) for row in message.attachments.all()]


def present_attachment(row: Attachment) -> wire.Attachment:
    return wire.Attachment(
        id=row.public_id,
        name=row.name,
        contentType=row.content_type,
        size=row.size,
        url=f"/attachments/{row.public_id}/{quote(row.name, safe='')}",
        width=UNSET if row.width is None else row.width,
        height=UNSET if row.height is None else row.height,
    )


def present_reply(reply: Reply, versions: int) -> wire.Reply:
    has_run = reply.input_tokens or reply.output_tokens or not reply.is_open
    return wire.Reply(
        state=reply.state,
        change=reply.change,
        version=reply.version,
        versions=versions,
        attempt=reply.attempt,
        n=reply.n,
        model=reply.model,
        demo=is_demo_model(reply.model),
        requestedBy=None if reply.requested_by is None else user_ref(reply.requested_by),
        prompt=UNSET if reply.prompt_id is None else str(reply.prompt_id),
        thinking=reply.thinking or UNSET,
        tools=[wire.ToolUse(**tool) for tool in reply.tools] or UNSET,
        usage=present_usage(reply) if has_run else UNSET,
        cost=reply.cost_microusd if has_run else UNSET,
        stopReason=reply.stop_reason or UNSET,
        stoppedBy=UNSET if reply.stopped_by is None else user_ref(reply.stopped_by),
        error=reply.error or UNSET,
        contextFrom=UNSET if reply.context_from is None else reply.context_from,
        summarised=reply.has_summary or UNSET,
        startedAt=_optional_millis(reply.started_at),
        endedAt=_optional_millis(reply.ended_at),
    )


def present_usage(reply: Reply) -> wire.Usage:
    return wire.Usage(
        reply.input_tokens, reply.output_tokens, reply.cache_creation_input_tokens, reply.cache_read_input_tokens
    )


def present_reply_to(message: Message) -> wire.ReplyTo:
    return wire.ReplyTo(
        str(message.pk),
        message.seq,
        None if message.author is None else user_ref(message.author),
        excerpt_of(message.content) or _excerpt_without_text(message),
        message.deleted_at is not None,
    )


def _excerpt_without_text(message: Message) -> str:
    """A message without a text has files; only tombstones and Claude's answers have neither at times."""
    is_persons = message.kind == Kind.TEXT and message.shown_id is None
    return ATTACHMENT if is_persons and message.deleted_at is None else ""


def _present_reactions(reactions: Iterable[Reaction]) -> list[wire.Reaction]:
    by_emoji: dict[str, list[wire.UserRef]] = {}
    for reaction in reactions:
        by_emoji.setdefault(reaction.emoji, []).append(user_ref(reaction.user))
    return [wire.Reaction(emoji, users) for emoji, users in by_emoji.items()]
