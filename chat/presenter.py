"""Rows to wire: what a room, a message or a person looks like to a client."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple, TypedDict
from urllib.parse import quote

from msgspec import UNSET, UnsetType

from accounts.models import User
from chat.model_choice import is_demo_model, model_of
from chat.models import (
    Attachment,
    Kind,
    MemberInvitation,
    Mention,
    Message,
    Reaction,
    Reply,
    Room,
    RoomBan,
)
from chat.models.plain_sql import rows_of_any, rows_of_each
from chat.protocol import wire
from chat.protocol.room_settings import ClaudeSettings
from chat.quotes import Quoted, present_reply_to, quoted_messages

# So many people are named with each emoji on a message; all of them would go to everyone again with each further reaction.
REACTION_NAMES: Final = 20
_READ_AGAIN_AT_MOST: Final = 3
_POINTING_TO_MESSAGES: Final = (
    (Reaction, ("message", "user", "emoji")),
    (Mention, ("message", "user")),
    (Attachment, ("message",)),
)
# Notices whose content is the user name of who did it, or nothing when people did it themselves.
_BY_WHOM: Final = frozenset({Kind.JOIN.value, Kind.LEAVE.value})


def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _optional_millis(moment: datetime | None) -> int | UnsetType:
    return UNSET if moment is None else millis(moment)


def user_ref(user: User) -> wire.UserRef:
    return wire.UserRef.of(user.pk, user.username, user.display_name)


def present_room(room: Room, people: list[wire.UserRef] | None = None) -> wire.Room:
    """`people` is given for direct rooms only: they have no other name."""
    return wire.Room(
        **room_fields(room), members=UNSET if people is None else people, claude=present_claude_settings(room)
    )


def present_claude_settings(room: Room) -> ClaudeSettings:
    return ClaudeSettings(**{**room.claude_settings, "model": model_of(room)})


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
    deletesAt: int | UnsetType
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
        "deletesAt": _optional_millis(room.deletes_at),
        "lastMessageAt": _optional_millis(room.last_message_at),
    }


class _Related(NamedTuple):
    """What messages show beside their own row, by the ids by which they point to it."""

    people: dict[int, wire.UserRef]
    named: dict[str, wire.UserRef]
    quoted: dict[int, Quoted]
    replies: dict[int, Reply]
    reactions: dict[int, dict[str, list[int]]]  # message -> emoji -> people, oldest first
    mentions: dict[int, list[int]]
    attachments: dict[int, list[Attachment]]


def present_messages(slug: str, messages: Iterable[Message]) -> list[wire.Message]:
    """Present rows of one room: as many queries as there are kinds of things in them."""
    return present_in_rooms((slug, message) for message in messages)


def present_message(slug: str, message: Message) -> wire.Message:
    return present_messages(slug, [message])[0]


def present_new(
    slug: str,
    message: Message,
    author: wire.UserRef,
    *,
    mentions: Iterable[int] = (),
    reply_to: wire.ReplyTo | UnsetType = UNSET,
    attachments: Iterable[Attachment] = (),
    reply: wire.Reply | UnsetType = UNSET,
) -> wire.Message:
    """Present a text that has just been stored without reading anything: all that it shows is given."""
    return wire.Message(
        id=str(message.pk),
        room=slug,
        seq=message.seq,
        change=message.change,
        kind=Kind.TEXT.value,
        author=author,
        content=message.content,
        html=message.html,
        createdAt=millis(message.created_at),
        reactions=[],
        mentions=[str(user_id) for user_id in mentions],
        clientId=UNSET if message.client_id is None else message.client_id,
        replyTo=reply_to,
        reply=reply,
        attachments=[present_attachment(row) for row in attachments] or UNSET,
    )


def present_in_rooms(messages: Iterable[tuple[str, Message]]) -> list[wire.Message]:
    """Present rows of any rooms, each with the slug of its own."""
    rows = list(messages)
    related = _related_to([message for _, message in rows])
    return [_present(slug, message, related) for slug, message in rows]


def _related_to(messages: list[Message]) -> _Related:
    """Read what the messages point to: not by joins, for most point to nothing but their author."""
    replies = _replies_shown_by(messages)
    ids = [message.pk for message in messages]
    quoted_ids = {message.reply_to_id for message in messages if message.reply_to_id is not None}
    quoted = quoted_messages(quoted_ids)
    reaction_rows, mention_rows, attachment_rows = rows_of_each(_POINTING_TO_MESSAGES, "message", ids)
    reactions: dict[int, dict[str, list[int]]] = {}
    for message_id, user_id, emoji in reaction_rows:
        reactions.setdefault(message_id, {}).setdefault(emoji, []).append(user_id)
    mentions: dict[int, list[int]] = {}
    for message_id, user_id, _ in mention_rows:
        mentions.setdefault(message_id, []).append(user_id)
    attachments: dict[int, list[Attachment]] = {}
    having = [message_id for message_id, _, _ in attachment_rows]
    for attachment in Attachment.objects.filter(message__in=having) if having else ():
        attachments.setdefault(attachment.message_id or 0, []).append(attachment)
    people = {message.author_id for message in messages} | {message.author_id for message in quoted.values()}
    people |= {user_id for reply in replies.values() for user_id in (reply.requested_by_id, reply.stopped_by_id)}
    people |= {
        user_id for by_emoji in reactions.values() for ids in by_emoji.values() for user_id in ids[:REACTION_NAMES]
    }
    refs = _refs(people, {message.content for message in messages if message.kind in _BY_WHOM and message.content})
    named = {ref.username: ref for ref in refs.values()}
    return _Related(refs, named, quoted, replies, reactions, mentions, attachments)


def _replies_shown_by(messages: list[Message]) -> dict[int, Reply]:
    """Read the versions that Claude's messages show. Where one has moved on since its message was read, read that again:
    a finished reply without its text would look empty.
    """
    replies: dict[int, Reply] = {}
    wanted = [message for message in messages if message.shown_id is not None]
    for _try in range(_READ_AGAIN_AT_MOST):
        if not wanted:
            break
        # Its words are the message's content already.
        shown = Reply.objects.defer("text", "prompt_content", "error_detail")
        replies |= shown.in_bulk({message.shown_id for message in wanted})
        wanted = [each for each in wanted if each.shown_id in replies and replies[each.shown_id].change > each.change]
        for message in wanted:
            with suppress(Message.DoesNotExist):  # it went, with its room, while we were reading
                message.refresh_from_db()
    return replies


def _refs(user_ids: set[int | None], usernames: set[str]) -> dict[int, wire.UserRef]:
    """Return people by id: those with these ids or user names, by one query."""
    wanted = [user_id for user_id in user_ids if user_id is not None]
    found = rows_of_any(User, ("id", "username", "display_name"), id=wanted, username=usernames)
    return {row[0]: wire.UserRef.of(*row) for row in found}


def _present(slug: str, message: Message, related: _Related) -> wire.Message:
    attachments = related.attachments.get(message.pk)
    return wire.Message(
        id=str(message.pk),
        room=slug,
        seq=message.seq,
        change=message.change,
        kind=message.kind,
        author=None if message.author_id is None else related.people.get(message.author_id),
        content=message.content,
        html=message.html,
        createdAt=millis(message.created_at),
        reactions=_present_reactions(related.reactions.get(message.pk, {}), related.people),
        mentions=[str(user_id) for user_id in related.mentions.get(message.pk, ())],
        clientId=UNSET if message.client_id is None else message.client_id,
        replyTo=UNSET if message.reply_to_id is None else _present_quoted(message.reply_to_id, related),
        editedAt=_optional_millis(message.edited_at),
        deletedAt=_optional_millis(message.deleted_at),
        reply=_present_shown(message, related),
        attachments=UNSET if attachments is None else [present_attachment(row) for row in attachments],
        by=related.named.get(message.content, UNSET) if message.kind in _BY_WHOM else UNSET,
    )


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


def _present_shown(message: Message, related: _Related) -> wire.Reply | UnsetType:
    reply = related.replies.get(message.shown_id or 0)
    return UNSET if reply is None else present_reply(reply, message.version_count, related.people)


def present_reply(reply: Reply, versions: int, people: Mapping[int, wire.UserRef]) -> wire.Reply:
    """Present a version of a reply. people: those who asked for it and stopped it, by id."""
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
        effort=reply.effort or UNSET,
        withoutThinking=reply.without_thinking or UNSET,
        goneModel=_gone_model(reply) or UNSET,
        requestedBy=None if reply.requested_by_id is None else people.get(reply.requested_by_id),
        prompt=UNSET if reply.prompt_id is None else str(reply.prompt_id),
        thinking=reply.thinking or UNSET,
        tools=list(map(wire.ToolUse.of, reply.tools)) or UNSET,
        usage=present_usage(reply) if has_run else UNSET,
        cost=reply.cost_microusd if has_run else UNSET,
        stopReason=reply.stop_reason or UNSET,
        stoppedBy=UNSET if reply.stopped_by_id is None else people[reply.stopped_by_id],
        error=reply.error or UNSET,
        contextFrom=UNSET if reply.context_from is None else reply.context_from,
        summarised=reply.has_summary or UNSET,
        startedAt=_optional_millis(reply.started_at),
        endedAt=_optional_millis(reply.ended_at),
    )


def _gone_model(reply: Reply) -> str:
    """Return the model that was chosen for a prompt, where another one replies because it isn't offered any more."""
    chosen = str(reply.chosen.get("model", ""))
    return "" if is_demo_model(reply.model) or chosen == reply.model else chosen


def present_usage(reply: Reply) -> wire.Usage:
    used = reply.usage
    return wire.Usage(
        used.input_tokens,
        used.output_tokens,
        used.cache_creation_input_tokens,
        used.cache_read_input_tokens,
        used.cache_creation_1h_input_tokens or UNSET,
        used.web_search_requests or UNSET,
    )


def present_invitation(invitation: MemberInvitation, by: wire.UserRef | None = None) -> wire.Invitation:
    """`by` is given where it is known without another query."""
    if by is None and invitation.invited_by is not None:
        by = user_ref(invitation.invited_by)
    room = invitation.room
    return wire.Invitation(room.slug, room.name, room.kind, invitation.role, by, millis(invitation.at))


def present_ban(ban: RoomBan) -> wire.Ban:
    return wire.Ban(
        id=str(ban.pk),
        user=user_ref(ban.user),
        reason=ban.reason,
        by=None if ban.created_by is None else user_ref(ban.created_by),
        createdAt=millis(ban.created_at),
        endsAt=_optional_millis(ban.ends_at),
    )


def _present_quoted(message_id: int, related: _Related) -> wire.ReplyTo | UnsetType:
    message = related.quoted.get(message_id)
    if message is None:  # it went, with its room, while we were reading
        return UNSET
    return present_reply_to(message, related.people.get(message.author_id or 0))


def _present_reactions(by_emoji: Mapping[str, list[int]], people: Mapping[int, wire.UserRef]) -> list[wire.Reaction]:
    shown = []
    for emoji, user_ids in by_emoji.items():
        users = [people[user_id] for user_id in user_ids[:REACTION_NAMES] if user_id in people]
        shown.append(wire.Reaction(emoji, users, len(user_ids) if len(user_ids) > REACTION_NAMES else UNSET))
    return [reaction for reaction in shown if reaction.users]
