"""Fills rooms with history, in the environment of a site: `python -m bench.browser.history COUNT ROOM...`.

All get the same texts. Every eighth message is a reply of Claude's, the others are of the room's people in turn, who
have read everything. Prints the `seq` of each room's first message.
"""

import os
import sys
from datetime import timedelta
from typing import Final, NamedTuple

import django

_REPLY_EVERY: Final = 8
_ROWS_AT_ONCE: Final = 500
_MINUTES_APART: Final = 7


class _Text(NamedTuple):
    content: str
    html: str
    is_reply: bool


def main() -> None:
    count, *slugs = sys.argv[1:]
    django.setup()
    # Rendered once for all rooms: that takes longer than storing.
    history = [_text(number) for number in range(int(count))]
    sys.stdout.write(" ".join(str(_fill(slug, history)) for slug in slugs))


def _text(number: int) -> _Text:
    from bench.browser import texts
    from chat.markdown import render

    is_reply = number % _REPLY_EVERY == _REPLY_EVERY - 1
    content = texts.reply(1, number) if is_reply else texts.said(number)
    return _Text(content, render(content), is_reply)


def _fill(slug: str, history: list[_Text]) -> int:
    """Append these messages to a room; return the first one's seq."""
    from django.db import transaction
    from django.db.models import F
    from django.utils import timezone

    from accounts.claude import account
    from chat.model_choice import model_of
    from chat.models import Membership, Message, Reply, ReplyState, Room

    claude, now, count = account(), timezone.now(), len(history)
    with transaction.atomic():
        room = Room.objects.select_for_update().get(slug=slug)
        first = room.change + 1
        members = Membership.objects.filter(room=room)
        people = [member.user for member in members.exclude(user=claude).select_related("user").order_by("pk")]
        rows = [
            Message(
                room=room,
                seq=first + number,
                change=first + number,
                author=claude if text.is_reply else people[number % len(people)],
                content=text.content,
                html=text.html,
                version_count=int(text.is_reply),
                created_at=now - timedelta(minutes=_MINUTES_APART * (count - number)),
            )
            for number, text in enumerate(history)
        ]
        Message.objects.bulk_create(rows, batch_size=_ROWS_AT_ONCE)
        reply_messages = Message.objects.filter(room=room, author=claude, seq__gte=first)
        replies = Reply.objects.bulk_create(
            Reply(
                message=each,
                room=room,
                state=ReplyState.COMPLETE,
                change=each.change,
                requested_by=people[0],
                model=model_of(room),
                text=each.content,
                stop_reason="end_turn",
                input_tokens=1_200,
                output_tokens=350,
                ended_at=each.created_at,
            )
            for each in reply_messages
        )
        for reply in replies:
            reply.message.shown = reply
        Message.objects.bulk_update([reply.message for reply in replies], ["shown"], batch_size=_ROWS_AT_ONCE)
        Room.objects.filter(pk=room.pk).update(change=F("change") + count, last_message_at=now)
        members.update(last_read_seq=room.change + count)
    return first


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
