"""What people do with Claude's replies: stop, retry, continue, show another version; and edits and deletions of prompts."""

from typing import Final

import msgspec
from django.db import transaction
from msgspec import UNSET

from chat import access
from chat.access import Actor
from chat.markdown import names_in, without_mentions
from chat.messages import memory, mentions, reply_rows
from chat.messages.choosing import chosen_in
from chat.messages.notices import take_change
from chat.messages.reply_rows import Asked
from chat.models import Membership, Message, Reply, ReplyState, Room
from chat.models.plain_sql import rows_of
from chat.protocol import requests, wire
from chat.protocol.errors import failed, not_found, unauthorized
from chat.realtime.events import NO_REQUESTER, Requester, durable
from chat.realtime.layer import bus
from chat.realtime.layer.publishing import publish_after_commit, signal

# A reply that is this long, with what Claude thought, is not continued: whole, it goes to each tab that comes.
CONTINUED_UP_TO_CHARS: Final = 100_000
_BUSY = "Claude is replying. Stop it first."


@transaction.atomic
def stop_reply(actor: Actor, request: requests.StopReply) -> wire.ReplyResponse:
    """Ask for the end of a reply. One that waits ends here; a running one ends where it runs, soon. Idempotent."""
    room, _membership, message, reply = _locked_reply(actor, request.message, "stop")
    if reply.state == ReplyState.QUEUED:
        return _response(reply_rows.end_waiting(room, message, reply, actor.id))
    if reply.state == ReplyState.RUNNING:
        # The runner finds this at its next checkpoint even if the signal is lost.
        Reply.objects.filter(pk=reply.pk, stopped_by=None).update(stopped_by=actor.id)
        signal(bus.StopReply(reply.pk))
    return _response(reply_rows.presented(room, message))


def state_of(actor: Actor, message_id: str) -> wire.ReplyResponse:
    """Return where a reply is now. Raises NOT_FOUND."""
    room, message = _readable(actor, message_id)
    return _response(reply_rows.presented(room, message))


@transaction.atomic
def retry_reply(actor: Actor, request: requests.RetryReply, requester: Requester = NO_REQUESTER) -> wire.ReplyResponse:
    """Have Claude reply again. Raises REQUEST_FAILED while it still replies, QUOTA_EXCEEDED without money."""
    room, _membership, message, reply = _locked_reply(actor, request.message, "retry")
    asked = Asked(actor, requester, chosen_in(request.claude, reply.chosen))
    if reply.is_blank and reply.state != ReplyState.STOPPED:
        return _response(reply_rows.queue_again(room, message, reply, asked, is_fresh=True))
    return _response(reply_rows.queue_version(room, message, reply.prompt, asked))


@transaction.atomic
def continue_reply(
    actor: Actor, request: requests.ContinueReply, requester: Requester = NO_REQUESTER
) -> wire.ReplyResponse:
    """Have Claude go on in the same message. Raises REQUEST_FAILED when there is nothing to go on with."""
    room, _membership, message, reply = _locked_reply(actor, request.message, "continue")
    was_cut = reply.state == ReplyState.COMPLETE and reply.stop_reason == "max_tokens"
    if not reply.text or not (was_cut or reply.state in (ReplyState.INTERRUPTED, ReplyState.STOPPED)):
        raise failed("There is nothing to continue.")
    if len(reply.text) + len(reply.thinking) > CONTINUED_UP_TO_CHARS:
        raise failed("This reply is as long as a reply can be. Ask for the rest in a new prompt.")
    return _response(reply_rows.queue_again(room, message, reply, Asked(actor, requester, reply.chosen)))


def version_text(actor: Actor, request: requests.ShowVersion) -> tuple[str, str]:
    """Return the texts of a version and of the prompt that it replied to, to be formatted outside the transaction."""
    _room, message = _readable(actor, request.message)
    version = message.versions.filter(version=request.version).first()
    if version is None:
        raise not_found("version")
    return version.text, version.prompt_content


@transaction.atomic
def show_version(actor: Actor, request: requests.ShowVersion, html: str, prompt_html: str) -> wire.MessageResponse:
    """Show another version of a reply; to the prompt's author alone it brings back what they had asked then.

    What an author has edited out is theirs: others would read it, or put it back for all to read. Raises REQUEST_FAILED
    while Claude replies.
    """
    room, membership, message, reply = _locked_reply(actor, request.message, "show version")
    version = message.versions.filter(version=request.version).first()
    if version is None:
        raise not_found("version")
    # Also where another member shows this version already: they could not bring the words back.
    if access.may("restore prompt", actor, membership, message):
        _restore_prompt(room, version, prompt_html)
    if version.pk == reply.pk:
        return wire.MessageResponse(reply_rows.presented(room, message))
    message.shown, message.content, message.html = version, version.text, without_mentions(html)
    message.change = take_change(room)
    message.save(update_fields=["shown", "content", "html", "change"])
    memory.forget(room, message)
    shown = reply_rows.presented(room, message)
    publish_after_commit(durable(shown))
    return wire.MessageResponse(shown)


def _restore_prompt(room: Room, version: Reply, html: str) -> None:
    prompt = version.prompt
    if prompt is None or prompt.deleted_at is not None or version.prompt_content in ("", prompt.content):
        return
    prompt.content, prompt.change = version.prompt_content, take_change(room)
    renewed = mentions.renew(prompt, room, html)  # people were told when they were named first
    prompt.save(update_fields=["content", "html", "change"])
    memory.forget(room, prompt)
    publish_after_commit(durable(reply_rows.presented(room, prompt), recount=renewed.recount(prompt.seq)))


def forget_earlier_texts(prompt: Message) -> None:
    """Keep nothing of what a prompt said before. Earlier versions of the reply stay, and are shown beside its new text."""
    Reply.objects.filter(prompt=prompt).update(prompt_content="")


def check_editable(prompt: Message) -> None:
    """Raise REQUEST_FAILED while Claude replies to this prompt."""
    message = reply_rows.to_prompt(prompt)
    if message is not None and message.shown is not None and message.shown.state == ReplyState.RUNNING:
        raise failed(_BUSY)


def prompt_edited(room: Room, prompt: Message, actor: Actor) -> None:
    """Have Claude reply to the new text: a waiting reply will see it anyway, an ended one gets another version."""
    message = reply_rows.to_prompt(prompt)
    if message is None or message.shown is None or message.deleted_at is not None:
        return
    if message.shown.state == ReplyState.QUEUED:
        Reply.objects.filter(pk=message.shown.pk).update(prompt_content=prompt.content)
    elif reply_rows.calls_claude(room, names_in(prompt.html)):
        reply_rows.queue_version(room, message, prompt, Asked(actor, chosen=message.shown.chosen))


def before_deletion(room: Room, message: Message, by_user_id: int) -> Message | None:
    """Withdraw what waits for a message that is about to be deleted; return a reply that must go with its prompt.

    Raises REQUEST_FAILED while Claude replies to it.
    """
    own = message.shown
    reply_message = message if own is not None else reply_rows.to_prompt(message)
    reply = None if reply_message is None else reply_message.shown
    if reply_message is None or reply is None or reply_message.deleted_at is not None:
        return None
    if reply.state == ReplyState.RUNNING:
        raise failed(_BUSY)
    if reply.state != ReplyState.QUEUED:
        return None
    reply_rows.end_waiting(room, reply_message, reply, by_user_id)
    has_earlier = bool(reply.text) or reply.version > 1
    return None if own is not None or has_earlier else reply_message


def keyframe_of(actor: Actor, request: requests.GetStream) -> tuple[wire.Keyframe, str]:
    """Return a reply's checkpoint, or its final text, and its room's slug. Raises NOT_FOUND."""
    room, message = _readable(actor, request.message)
    assert message.shown is not None  # noqa: S101 - `_readable` has seen to it
    return checkpoint_of(message.shown), room.slug


def running_in(room: Room) -> list[wire.Keyframe]:
    """Return the checkpoints of the replies that run in a room."""
    running = [pk for (pk,) in rows_of(Reply, "id", room=room.pk, state=ReplyState.RUNNING.value)]
    # Few rooms have one at any moment, and it is a long row.
    return [checkpoint_of(reply) for reply in Reply.objects.filter(pk__in=running)] if running else []


def with_newest_words(checkpoint: wire.Keyframe) -> wire.Keyframe:
    """Return a keyframe with what is written of the same attempt now. Its state stays: the end follows as an event."""
    now = Reply.objects.filter(message=int(checkpoint.messageId), version=checkpoint.version).first()
    if now is None or now.attempt != checkpoint.attempt or now.n < checkpoint.n:
        return checkpoint
    return msgspec.structs.replace(checkpoint_of(now), state=checkpoint.state)


def checkpoint_of(reply: Reply) -> wire.Keyframe:
    return wire.Keyframe(
        messageId=str(reply.message_id),
        version=reply.version,
        attempt=reply.attempt,
        n=reply.n,
        text=reply.text,
        thinking=reply.thinking,
        state=reply.state,
        tools=list(map(wire.ToolUse.of, reply.tools)) or UNSET,
    )


def _readable(actor: Actor, message_id: str) -> tuple[Room, Message]:
    message = Message.objects.filter(pk=int(message_id)).select_related("room", "shown").first()
    if message is None or message.shown is None or access.membership_in(actor, message.room) is None:
        raise not_found("reply")
    return message.room, message


def _locked_reply(actor: Actor, message_id: str, what: str) -> tuple[Room, Membership, Message, Reply]:
    """Return a reply that the actor may do this to, its room locked. Raises UNAUTHORIZED, NOT_FOUND, REQUEST_FAILED."""
    room, membership, message = access.locked_message_for(actor, message_id)
    reply = message.shown
    if reply is None or message.deleted_at is not None:
        raise not_found("reply")
    if not access.may(what, actor, membership, message):
        raise unauthorized()
    access.check_writable(room)
    if what != "stop" and reply.is_open:
        raise failed(_BUSY)
    return room, membership, message, reply


def _response(message: wire.Message) -> wire.ReplyResponse:
    return wire.ReplyResponse(message, "" if message.reply is UNSET else message.reply.state)
