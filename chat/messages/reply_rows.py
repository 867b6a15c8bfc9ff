"""The rows of Claude's replies: made with their prompts, queued, ended. In a transaction that holds the room's lock."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils import timezone

from accounts.claude import account
from accounts.names import CLAUDE
from chat import known_models
from chat.access import Actor
from chat.billing import spending
from chat.messages import findings, memory
from chat.messages.notices import take_change
from chat.model_choice import AS_THE_ROOM, Chosen, model_of
from chat.models import Charge, Kind, Membership, Message, Reply, ReplyState, Room
from chat.presenter import present_message, present_new, present_reply, user_ref
from chat.protocol import wire
from chat.protocol.errors import failed
from chat.realtime.events import NO_REQUESTER, Requester, durable
from chat.realtime.layer import bus
from chat.realtime.layer.publishing import publish_after_commit, signal

# So many times CLAUDE_REPLY_TOKENS is the most that a retry may write.
_MOST_ROOM: Final = 4


def calls_claude(room: Room, mentioned: Collection[str]) -> bool:
    """Whether a message in this room is a prompt: every one in a session, elsewhere those that mention Claude."""
    if room.is_session and room.claude_every_message:
        return True
    return CLAUDE in mentioned


def request_id_of(request_id: str | int | None) -> str:
    """Return a frame's id as JSON, for the events that belong to its request."""
    return "" if request_id is None else json.dumps(request_id)


class Asked(NamedTuple):
    """A wish for a reply: whose, for which call of a socket, and what was chosen for it."""

    actor: Actor
    requester: Requester = NO_REQUESTER
    chosen: Chosen = AS_THE_ROOM


class NewReplies:
    """The replies that one round of stored messages begins: planned beside their prompts, inserted after them."""

    def __init__(self) -> None:
        self._planned: list[tuple[Message, Message, Charge, Asked]] = []
        self.by_prompt: dict[int, wire.Message] = {}

    def plan(self, room: Room, prompt: Message, asked: Asked, now: datetime) -> Message:
        """Reserve the money and return the reply's message, to be inserted with its prompt.

        Raises QUOTA_EXCEEDED, and REQUEST_FAILED when too much waits for Claude in this room.
        """
        waiting = [asked.actor.id for _, message, _, asked in self._planned if message.room_id == room.pk]
        _check_queue(room, asked.actor, waiting)
        charge = spending.reserve(asked.actor.id, room.pk, model_of(room, asked.chosen), web_uses=room.web_uses)
        room.change += 1
        message = Message(
            room_id=room.pk,
            seq=room.change,
            change=room.change,
            kind=Kind.TEXT,
            author=account(),
            version_count=1,
            created_at=now,
        )
        self._planned.append((prompt, message, charge, asked))
        return message

    def insert(self, slugs: dict[int, str]) -> None:
        """Store the replies, whose messages have been inserted."""
        for prompt, message, charge, asked in self._planned:
            reply = _queue(message, prompt, charge, asked)
            message.save(update_fields=["shown"])
            self.by_prompt[id(prompt)] = _present_new(slugs[message.room_id], message, reply, asked.actor)


def _check_queue(room: Room, actor: Actor, planned: Sequence[int] = ()) -> None:
    """Raise REQUEST_FAILED where Claude has more prompts to reply to than anyone would wait for.

    planned: whose prompts of the same room the same round stores before this one.
    """
    most, most_own = settings.PROMPTS_PER_ROOM, settings.PROMPTS_PER_PERSON
    if not (most or most_own):
        return
    # One of them may be under way: it gets a reply, but does not wait.
    open_replies = Reply.objects.filter(room=room, state__in=(ReplyState.QUEUED, ReplyState.RUNNING))
    askers = [*planned, *open_replies.values_list("requested_by", flat=True)]
    own = askers.count(actor.id)
    if 0 < most_own <= own:
        raise failed(
            f"Claude has {own} prompts of yours to reply to here already. Let it reply to some, or take one back."
        )
    if 0 < most <= len(askers):
        raise failed(
            f"Claude has {len(askers)} prompts to reply to here already. Let it reply to some, or take one back."
        )


def _queue(message: Message, prompt: Message | None, charge: Charge, asked: Asked) -> Reply:
    """Store the newest version of a reply, and have the message show it; the message is still to be saved."""
    reply = Reply.objects.create(
        message=message,
        room_id=message.room_id,
        prompt=prompt,
        prompt_content="" if prompt is None else prompt.content,
        version=message.version_count,
        change=message.change,
        requested_by_id=asked.actor.id,
        requester=asked.requester.connection,
        request_id=asked.requester.request_id,
        model=charge.model,
        chosen=dict(asked.chosen),
    )
    spending.attach(charge, reply.pk)
    message.shown = reply
    return reply


def _present_new(slug: str, message: Message, reply: Reply, actor: Actor) -> wire.Message:
    """Return a fresh reply without reading it again: everything in it is known here."""
    assert message.author is not None  # noqa: S101 - for the type checker
    shown = present_reply(reply, message.version_count, {actor.id: actor.ref})
    return present_new(slug, message, user_ref(message.author), reply=shown)


def presented(room: Room, message: Message) -> wire.Message:
    """Return a message as it is in the database now."""
    return present_message(room.slug, Message.objects.get(pk=message.pk))


def to_prompt(prompt: Message) -> Message | None:
    """Return Claude's message that replies to a prompt, if there is one."""
    reply = Reply.objects.filter(prompt=prompt).select_related("message__shown").order_by("pk").first()
    return None if reply is None else reply.message


def queue_version(room: Room, message: Message, prompt: Message | None, asked: Asked) -> wire.Message:
    """Queue another version of a reply that has ended, and show it. Raises QUOTA_EXCEEDED and REQUEST_FAILED."""
    _check_queue(room, asked.actor)
    charge = spending.reserve(asked.actor.id, room.pk, model_of(room, asked.chosen), web_uses=room.web_uses)
    message.version_count += 1
    message.content = message.html = ""
    message.change = take_change(room)
    _queue(message, prompt, charge, asked)
    message.save(update_fields=["version_count", "content", "html", "change", "shown"])
    memory.forget(room, message)
    return tell(room, message)


def queue_again(room: Room, message: Message, reply: Reply, asked: Asked, *, is_fresh: bool = False) -> wire.Message:
    """Queue a version that has ended once more, to go on with the text it has. Raises QUOTA_EXCEEDED and REQUEST_FAILED.

    is_fresh: it begins again. That is for one that says nothing: it is not worth keeping beside another version.
    """
    forgotten: dict[str, Any] = {"text": "", "thinking": "", "tools": []} if is_fresh else {}
    _check_queue(room, asked.actor)
    if is_fresh and reply.stop_reason == "max_tokens":
        forgotten["max_tokens"] = more_room(reply)
    max_tokens = forgotten.get("max_tokens") or reply.max_tokens or 0
    charge = spending.reserve(
        asked.actor.id,
        room.pk,
        model_of(room, asked.chosen),
        attempt=reply.attempt + 1,
        reply_id=reply.pk,
        writing_tokens=max_tokens,
        web_uses=room.web_uses,
    )
    message.change = take_change(room)
    _update(
        reply,
        state=ReplyState.QUEUED,
        change=message.change,
        attempt=reply.attempt + 1,
        requested_by_id=asked.actor.id,
        requester=asked.requester.connection,
        request_id=asked.requester.request_id,
        model=charge.model,
        chosen=dict(asked.chosen),
        stop_reason="",
        stopped_by_id=None,
        error="",
        error_detail="",
        ended_at=None,
        **forgotten,
    )
    if is_fresh:
        message.content = message.html = ""
        findings.drop(reply=reply)
    message.save(update_fields=["content", "html", "change"])
    return tell(room, message)


def more_room(reply: Reply) -> int:
    """Return what the next attempt may write after one that thought for so long that no room was left for the reply."""
    usual: int = settings.CLAUDE_REPLY_TOKENS
    return min(2 * (reply.max_tokens or usual), _MOST_ROOM * usual, known_models.of(reply.model).most_output)


def withdraw_waiting(room: Room, user_id: int, by_user_id: int) -> None:
    """End what waits for Claude on the word of a person who is no longer a member of this locked room."""
    for reply in Reply.objects.filter(room=room, requested_by=user_id, state=ReplyState.QUEUED).select_related(
        "message"
    ):
        end_waiting(room, reply.message, reply, by_user_id)


def is_still_wanted(reply: Reply) -> bool:
    """Whether the person who asked for a reply may still ask: it was theirs to pay for, and for their eyes."""
    return Membership.objects.active().filter(room=reply.room_id, user=reply.requested_by_id or 0).exists()


def end_waiting(room: Room, message: Message, reply: Reply, by_user_id: int | None) -> wire.Message:
    """End a reply whose turn has not come: it was stopped, or its prompt withdrawn. by_user_id: None for the program."""
    spending.release(reply.pk, reply.attempt)
    message.change = take_change(room)
    _update(
        reply,
        state=ReplyState.STOPPED,
        change=message.change,
        stop_reason="stopped",
        stopped_by_id=by_user_id,
        ended_at=timezone.now(),
        epoch=reply.epoch + 1,
    )
    message.save(update_fields=["change"])
    return tell(room, message, Requester(reply.requester, reply.request_id))


def wipe(message: Message) -> None:
    """Forget the words of all versions of a deleted reply or prompt: a tombstone has none."""
    Reply.objects.filter(message=message).update(text="", thinking="", tools=[])
    findings.drop(reply__message=message)
    Reply.objects.filter(prompt=message).update(prompt_content="")


def tell(room: Room, message: Message, requester: Requester = NO_REQUESTER) -> wire.Message:
    """Publish the newest state of a message after commit, and wake those who run replies.

    The start that follows a retry or continue carries no request id: it may be there before the response is.
    """
    shown = presented(room, message)
    publish_after_commit(durable(shown, requester))
    signal(bus.Wake())
    return shown


def _update(reply: Reply, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(reply, name, value)
    reply.save(update_fields=list(fields))
