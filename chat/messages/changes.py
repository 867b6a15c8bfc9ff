"""What happens to a message after it was posted: edits, deletion, reactions. Posting itself is the writer's."""

from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chat import access
from chat.access import Actor
from chat.files import attachments
from chat.limits import rates
from chat.limits.rates import rated
from chat.messages import memory, mentions, replies, reply_rows
from chat.messages.emoji import canonical_emoji
from chat.messages.notices import take_change
from chat.models import Kind, Membership, Message, Reaction, Room
from chat.models.plain_sql import rows_of
from chat.presenter import present_message
from chat.protocol import requests, wire
from chat.protocol.errors import failed, invalid, not_found, unauthorized
from chat.realtime.events import durable, ephemeral, user_group
from chat.realtime.layer.publishing import publish_after_commit

_EMOJI_KINDS_AT_MOST: Final = 20
_REACTIONS_OF_ONE_AT_MOST: Final = 10


class Edited(NamedTuple):
    """An edited message, and those whom it names who weren't named in it before."""

    message: wire.Message
    named: list[int]


@transaction.atomic
def edit_message(actor: Actor, message_id: str, content: str, html: str, *, forget: bool = False) -> Edited:
    """Change one's own message to content that was checked, and formatted outside the transaction: that takes long.

    People whom it names now are told so, as by a new message: an edit counts against a rate of its own.

    forget: of a prompt, nothing is kept of what it said before, not even for its author.
    """
    room, membership, message = _living(actor, message_id)
    if not access.may("edit", actor, membership, message):
        raise unauthorized("Only its author may edit a message.")
    if content == message.content:
        if forget:
            replies.forget_earlier_texts(message)
        return Edited(
            reply_rows.presented(room, message), []
        )  # Claude would be asked, and paid, for the same once more
    replies.check_editable(message)
    message.content, message.edited_at = content, timezone.now()
    renewed = mentions.renew(message, room, html)
    message.change = take_change(room)
    message.save(update_fields=["content", "html", "edited_at", "change"])
    memory.forget(room, message)
    if forget:
        replies.forget_earlier_texts(message)
    edited = _publish(room, message, renewed.recount(message.seq)).message
    if renewed.named:
        fact = wire.Notification("mention", room=room.slug, message=edited)
        publish_after_commit(*(ephemeral(user_group(user_id), "notification", fact) for user_id in renewed.named))
    replies.prompt_edited(room, message, actor)
    return Edited(edited, renewed.named)


@rated(rates.CHANGES)
@transaction.atomic
def delete_message(actor: Actor, request: requests.DeleteMessage) -> wire.MessageResponse:
    """Delete one's own message, Claude's reply to it, or, as a moderator, any. A tombstone stays. Idempotent."""
    room, membership, message = access.locked_message_for(actor, request.message)
    if not access.may("delete", actor, membership, message):
        raise unauthorized("Only its author or a moderator may delete a message.")
    if message.kind != Kind.TEXT:
        raise failed("A notice cannot be deleted.")
    if message.deleted_at is not None:
        return _response(room, message)
    _delete(room, message, actor.id)
    return _publish(room, message, (message.seq,))


def _delete(room: Room, message: Message, by_user_id: int) -> None:
    """Make a tombstone of a message, and of the reply that waited for it."""
    withdrawn = replies.before_deletion(room, message, by_user_id)
    if withdrawn is not None:
        bury(room, withdrawn, by_user_id)
        _publish(room, withdrawn, (withdrawn.seq,))
    memory.forget(room, message)
    bury(room, message, by_user_id)


def bury(room: Room, message: Message, by_user_id: int) -> None:
    """Turn a message of a locked room into a tombstone."""
    message.content = message.html = ""
    message.deleted_at, message.deleted_by_id = timezone.now(), by_user_id
    message.change = take_change(room)
    message.save(update_fields=["content", "html", "deleted_at", "deleted_by", "change"])
    message.reactions.all().delete()
    message.mentions.all().delete()
    reply_rows.wipe(message)
    attachments.release(message)


def delete_as_operator(message: Message, operator: Actor) -> None:
    """Delete a message on the operators' word, from the admin site."""
    with transaction.atomic():
        room = Room.objects.select_for_update(no_key=True).get(pk=message.room_id)
        message.refresh_from_db()
        if message.kind == Kind.TEXT and message.deleted_at is None:
            _delete(room, message, operator.id)
            _publish(room, message, (message.seq,))


@rated(rates.CHANGES)
@transaction.atomic
def add_reaction(actor: Actor, request: requests.AddReaction) -> wire.MessageResponse:
    """Put an emoji on a message; a second time changes nothing."""
    emoji = checked_emoji(request.emoji)
    room, _membership, message = _living(actor, request.message)
    present = list(message.reactions.values_list("user", "emoji"))
    if (actor.id, emoji) in present:
        return _response(room, message)
    _check_reactions(actor, emoji, present)
    Reaction.objects.create(message=message, user_id=actor.id, emoji=emoji)
    return _changed(room, message)


def _check_reactions(actor: Actor, emoji: str, present: list[tuple[int, str]]) -> None:
    """Raise REQUEST_FAILED where a message has enough: each one is sent to all members again with every further one."""
    kinds = {each for _user, each in present}
    if emoji not in kinds and len(kinds) >= _EMOJI_KINDS_AT_MOST:
        raise failed(f"This message has {_EMOJI_KINDS_AT_MOST} different reactions, the most there can be. Join one.")
    if sum(user_id == actor.id for user_id, _emoji in present) >= _REACTIONS_OF_ONE_AT_MOST:
        raise failed(f"You have put {_REACTIONS_OF_ONE_AT_MOST} reactions on this message. Remove one first.")
    if 0 < settings.REACTIONS_PER_MESSAGE <= len(present):
        raise failed(f"This message has {settings.REACTIONS_PER_MESSAGE:,} reactions, the most there can be.")


@rated(rates.CHANGES)
@transaction.atomic
def remove_reaction(actor: Actor, request: requests.RemoveReaction) -> wire.MessageResponse:
    """Take one's emoji off a message; a second time changes nothing."""
    room, _membership, message = _living(actor, request.message)
    forms = {request.emoji, canonical_emoji(request.emoji) or request.emoji}  # rows may be older than the list
    gone, _by_model = message.reactions.filter(user=actor.id, emoji__in=forms).delete()
    return _changed(room, message) if gone else _response(room, message)


def own_reactions(actor: Actor, request: requests.OwnReactions) -> wire.OwnEmoji:
    """Return the emoji that the actor has put on a message, oldest first. Raises NOT_FOUND."""
    message = Message.objects.filter(pk=int(request.message)).only("room").select_related("room").first()
    if message is None or access.membership_in(actor, message.room) is None:
        raise not_found("message")
    return wire.OwnEmoji(
        request.message, [emoji for (emoji,) in rows_of(Reaction, "emoji", message=message.pk, user=actor.id)]
    )


def checked_emoji(emoji: str) -> str:
    """Return the emoji in its one form. Raises VALIDATION_ERROR for text: a reaction is no way around the message rules."""
    found = canonical_emoji(emoji)
    if found is None:
        raise invalid("A reaction is one emoji.", "$.emoji")
    return found


def _living(actor: Actor, message_id: str) -> tuple[Room, Membership, Message]:
    room, membership, message = access.locked_message_for(actor, message_id)
    if message.kind != Kind.TEXT:
        raise failed("A notice cannot be changed.")
    if message.deleted_at is not None:
        raise failed("This message was deleted.")
    access.check_writable(room)
    return room, membership, message


def _changed(room: Room, message: Message) -> wire.MessageResponse:
    message.change = take_change(room)
    message.save(update_fields=["change"])
    return _publish(room, message)


def _publish(room: Room, message: Message, recount: tuple[int, ...] = ()) -> wire.MessageResponse:
    response = _response(room, message)
    publish_after_commit(durable(response.message, recount=recount))
    return response


def _response(room: Room, message: Message) -> wire.MessageResponse:
    fresh = Message.objects.get(pk=message.pk)
    return wire.MessageResponse(present_message(room.slug, fresh))
