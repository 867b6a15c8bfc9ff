"""Storing messages, many in one transaction. Called by the writer only, on its own thread."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from msgspec import UNSET, UnsetType

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.files import attachments
from chat.markdown import candidates
from chat.messages import mentions, reply_rows
from chat.messages.naming import name_from, name_session
from chat.messages.reply_rows import Asked, NewReplies, calls_claude
from chat.model_choice import AS_THE_ROOM, Chosen
from chat.models import Kind, Membership, Message, Room
from chat.models.plain_sql import insert_all, locked, new, rows_of
from chat.presenter import present_message, present_new, user_ref
from chat.protocol import wire
from chat.protocol.errors import ErrorCode, ProtocolError, failed, not_found, unavailable
from chat.quotes import Quoted, present_reply_to, quotable
from chat.realtime.events import NO_REQUESTER, Requester

_TRIES: Final = 4
_DIGEST_BYTES: Final = 16


class Post(NamedTuple):
    """One message to store; everything about its text is ready, since nothing may be computed while rooms are locked.

    html: with what may be a mention marked. candidates: the names that it may mention.
    session_name: what a session without a name is called after it. chars: how much memory its texts take, about.
    must_reply: Claude replies whatever it says. chosen: how, where that isn't as in the room.
    """

    actor: Actor
    slug: str
    content: str
    html: str
    candidates: Sequence[str]
    session_name: str
    chars: int
    client_id: str | None
    reply_to: int | None
    must_reply: bool
    requester: Requester
    attachments: tuple[str, ...]
    chosen: Chosen

    @classmethod
    def of(
        cls,
        actor: Actor,
        slug: str,
        content: str,
        html: str,
        *,
        may_name: bool = True,
        client_id: str | None = None,
        reply_to: int | None = None,
        must_reply: bool = False,
        requester: Requester = NO_REQUESTER,
        attachments: tuple[str, ...] = (),
        chosen: Chosen = AS_THE_ROOM,
    ) -> "Post":
        """Return the post of a text, with everything that is read from it. may_name: the room may be a session."""
        name = name_from(content) if may_name else ""
        names, chars = candidates(html) if "@" in content else (), len(content) + len(html)
        return cls(
            actor,
            slug,
            content,
            html,
            names,
            name,
            chars,
            client_id,
            reply_to,
            must_reply,
            requester,
            attachments,
            chosen,
        )

    @property
    def digest(self) -> bytes:
        """What the client id stands for: the same id with another digest is a CONFLICT."""
        parts = f"{self.slug}\0{self.reply_to or ''}\0{self.content}"
        if self.attachments:
            parts = "\0".join((parts, *self.attachments))
        return blake2b(parts.encode(), digest_size=_DIGEST_BYTES).digest()

    @property
    def asked(self) -> Asked:
        return Asked(self.actor, self.requester, self.chosen)

    @property
    def key(self) -> tuple[int, str] | None:
        return None if self.client_id is None else (self.actor.id, self.client_id)


class Stored(NamedTuple):
    """`reply` is Claude's message, if it was called.

    `is_first` is False when the same message had been stored before: it goes to the sender, and is not published again.
    `direct_to` is the other person of a direct room.
    """

    message: wire.Message
    is_first: bool
    reply: wire.Message | None = None
    requester: Requester = NO_REQUESTER
    direct_to: int | None = None


Result = Stored | ProtocolError


def store(posts: Sequence[Post]) -> list[Result]:
    """Store what may be stored, in order, and commit; return a result for each post.

    Idempotency rests on the unique constraint: only when that speaks up are the earlier messages looked up, and the
    transaction is tried again without them.
    """
    earlier: dict[tuple[int, str], Message] = {}
    for _try in range(_TRIES):
        try:
            with transaction.atomic():
                return _store(posts, earlier)
        except IntegrityError:
            earlier = _stored_before(posts)
    raise unavailable()


def _stored_before(posts: Sequence[Post]) -> dict[tuple[int, str], Message]:
    keys = {post.key for post in posts if post.key is not None}
    authors, client_ids = {author for author, _ in keys}, {client_id for _, client_id in keys}
    found = Message.objects.filter(author__in=authors, client_id__in=client_ids).select_related("room")
    by_key = {(message.author_id, message.client_id): message for message in found}
    return {key: by_key[key] for key in keys if key in by_key}


def _store(posts: Sequence[Post], earlier: dict[tuple[int, str], Message]) -> list[Result]:
    # In id order: two processes that lock the same rooms in another order would wait for each other forever.
    wanted = locked(Room, "slug", {post.slug for post in posts})
    round_ = _Round(posts, {room.slug: room for room in wanted}, earlier)
    for post in posts:
        round_.take(post)
    return round_.results()


class _Round:
    """One transaction's worth of posts: first what becomes of each, then the rows, then the results."""

    def __init__(self, posts: Sequence[Post], rooms: dict[str, Room], earlier: dict[tuple[int, str], Message]) -> None:
        self._posts = posts
        self._rooms = rooms
        self._earlier = earlier
        self._members = _members(rooms, posts)
        self._replied_to = _replied_to(posts)
        self._gone = _gone_from(rooms)
        self._claims = attachments.claims_of(public_id for post in posts for public_id in post.attachments)
        self._people = mentions.look_up({name for post in posts for name in post.candidates}, rooms.values())
        self._mentioned: dict[int, list[int]] = {}  # by the id of a new message's object: it has no key yet
        self._now = timezone.now()
        self._new_replies = NewReplies()
        self._outcome: list[Result | Message] = []
        self._fresh: list[Message] = []
        self._firsts: dict[tuple[int, str], int] = {}

    def take(self, post: Post) -> None:
        """Decide what becomes of a post: a row, or a result at once."""
        if post.key is not None and post.key in self._earlier:
            self._outcome.append(self._again(post, self._earlier[post.key]))
            return
        if post.key is not None and post.key in self._firsts:
            # A resend in the same round: it shares the row of the first.
            first = self._firsts[post.key]
            same = post.digest == self._posts[first].digest
            self._outcome.append(self._outcome[first] if same else _conflict())
            return
        if post.key is not None:
            self._firsts[post.key] = len(self._outcome)
        refusal = self._refusal(post, self._rooms.get(post.slug))
        if refusal is None:
            self._outcome.append(self._begin(self._rooms[post.slug], post))
            return
        # What was stored while it was allowed stays stored: its resend must not look like a failure.
        may_be_stored = post.key is not None and post.slug in self._rooms
        earlier = _stored_before([post]) if may_be_stored else {}
        self._outcome.append(self._again(post, *earlier.values()) if earlier else refusal)

    def _refusal(self, post: Post, room: Room | None) -> ProtocolError | None:
        refusal = _refusal(post, room, self._members, self._replied_to, self._claims)
        if refusal is None and room is not None and room.other_than(post.actor.id) in self._gone:
            username = self._gone[room.other_than(post.actor.id)]
            return failed(f"@{username} can't use Parley any more, so your message would not be read.")
        return refusal

    def _again(self, post: Post, message: Message) -> Result:
        """Return what is stored for a resend: to members only, for it shows what became of the message, and the reply."""
        if message.client_digest is None or bytes(message.client_digest) != post.digest:
            return _conflict()
        if (message.room_id, post.actor.id) not in self._members:
            return access.refuse_stranger(post.actor.id, message.room)
        reply_message = reply_rows.to_prompt(message)
        shown = None if reply_message is None else reply_rows.presented(message.room, reply_message)
        return Stored(present_message(message.room.slug, message), is_first=False, reply=shown)

    def _begin(self, room: Room, post: Post) -> Result | Message:
        text = mentions.Settled(post.html, (), [])
        if post.candidates:
            text = self._people.settle(post.html, room.pk, post.actor.id)
        calls = post.must_reply or calls_claude(room, text.names)
        before = room.change
        message = _next_message(room, post, text.html, self._now)
        self._fresh.append(message)
        if calls:
            try:
                reply_message = self._new_replies.plan(room, message, post.asked, self._now)
            except ProtocolError as error:
                self._fresh.pop()
                room.change = before
                return error
            self._fresh.append(reply_message)
        if text.told:
            self._mentioned[id(message)] = text.told
        if room.is_session:
            name_session(room, post.session_name)
        attachments.claim(post.attachments, self._claims, message)
        return message

    def results(self) -> list[Result]:
        """Insert the rows and return a result for each post."""
        if not self._fresh:
            return [result for result in self._outcome if not isinstance(result, Message)]
        _insert(self._fresh, {room.pk: room for room in self._rooms.values()}, self._now)
        if self._claims:
            attachments.store_claims(self._claims, self._fresh)
        if self._mentioned:
            mentions.store((message, self._mentioned.get(id(message), ())) for message in self._fresh)
        self._new_replies.insert({room.pk: room.slug for room in self._rooms.values()})
        presented: dict[int, Stored] = {}
        results: list[Result] = []
        for post, result in zip(self._posts, self._outcome, strict=True):
            if not isinstance(result, Message):
                results.append(result)
            elif result.pk in presented:
                results.append(presented[result.pk]._replace(is_first=False))
            else:
                shown = _present(post, result, self._replied_to, self._mentioned.get(id(result), ()), self._claims)
                reply = self._new_replies.by_prompt.get(id(result))
                direct_to = self._rooms[post.slug].other_than(post.actor.id)
                presented[result.pk] = Stored(shown, True, reply, post.requester, direct_to)
                results.append(presented[result.pk])
        return results


def _members(rooms: dict[str, Room], posts: Sequence[Post]) -> set[tuple[int, int]]:
    room_ids, user_ids = [room.pk for room in rooms.values()], {post.actor.id for post in posts}
    return {(room, user) for room, user in rows_of(Membership, "room", "user", room=room_ids, user=user_ids)}


def _gone_from(rooms: dict[str, Room]) -> dict[int | None, str]:
    """Return the names of people, by id, who can't come back to these direct rooms; no query for rooms of other kinds."""
    people = {int(key) for room in rooms.values() if room.direct_key for key in room.direct_key.split(":")}
    found = rows_of(User, "id", "username", "is_active", "banned_at", "ban_ends_at", id=people)
    return {
        user_id: username
        for user_id, username, is_active, banned_at, ban_ends_at in found
        if not is_active or (banned_at is not None and ban_ends_at is None)
    }


def _replied_to(posts: Sequence[Post]) -> dict[int, Message]:
    ids = {post.reply_to for post in posts if post.reply_to is not None}
    return quotable(Message.objects.select_related("author")).in_bulk(ids) if ids else {}


def _refusal(
    post: Post,
    room: Room | None,
    members: set[tuple[int, int]],
    replied_to: dict[int, Message],
    claims: attachments.Claims,
) -> ProtocolError | None:
    if room is None:
        return not_found("room")
    if (room.pk, post.actor.id) not in members:
        return access.refuse_stranger(post.actor.id, room)
    if room.archived_at is not None:
        return access.archived()
    if post.reply_to is not None:
        target = replied_to.get(post.reply_to)
        if target is None or target.room_id != room.pk:
            return not_found("message")
    return attachments.refusal(post.attachments, claims, room=room, actor=post.actor, client_id=post.client_id)


def _conflict() -> ProtocolError:
    return ProtocolError(ErrorCode.CONFLICT, "Another message was sent under this id.")


def _next_message(room: Room, post: Post, html: str, now: datetime) -> Message:
    room.change += 1
    return new(
        Message,
        room_id=room.pk,
        seq=room.change,
        change=room.change,
        kind=Kind.TEXT,
        author_id=post.actor.id,
        content=post.content,
        html=html,
        client_id=post.client_id,
        client_digest=None if post.client_id is None else post.digest,
        reply_to_id=post.reply_to,
        created_at=now,
    )


def _insert(fresh: list[Message], rooms: dict[int, Room], now: datetime) -> None:
    insert_all(fresh)
    moment = connection.ops.adapt_datetimefield_value(now)
    touched = sorted({message.room_id for message in fresh})
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE chat_room SET change = %s, last_message_at = %s WHERE id = %s",
            [(rooms[room_id].change, moment, room_id) for room_id in touched],
        )


def _present(
    post: Post,
    message: Message,
    replied_to: dict[int, Message],
    mentioned: Sequence[int],
    claims: attachments.Claims,
) -> wire.Message:
    """Return the stored message without reading it again: everything in it is known here."""
    reply_to: wire.ReplyTo | UnsetType = UNSET
    if post.reply_to is not None:
        target = replied_to[post.reply_to]
        reply_to = present_reply_to(Quoted.of(target), None if target.author is None else user_ref(target.author))
    files = [claims[public_id] for public_id in post.attachments]
    return present_new(post.slug, message, post.actor.ref, mentions=mentioned, reply_to=reply_to, attachments=files)
