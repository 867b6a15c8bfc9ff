"""Fills a room with history, in the environment of a site: `python -m bench.browser.history ROOM COUNT USERNAME...`.

Every eighth message is an answer of Claude's, the others are of these people in turn. Everybody has read everything.
Prints the `seq` of the first message.
"""

import os
import sys
from datetime import timedelta
from typing import Final

import django

_ANSWER_EVERY: Final = 8
_ROWS_AT_ONCE: Final = 500
_MINUTES_APART: Final = 7


def main() -> None:
    room, count, *usernames = sys.argv[1:]
    django.setup()
    sys.stdout.write(f"{fill(room, int(count), usernames)}\n")


def fill(slug: str, count: int, usernames: list[str]) -> int:
    """Append so many messages to a room; return the first one's seq."""
    from django.db import transaction
    from django.db.models import F
    from django.utils import timezone

    from accounts.claude import account
    from accounts.models import User
    from bench.browser import texts
    from chat.markdown import render
    from chat.model_choice import model_of
    from chat.models import Membership, Message, Reply, ReplyState, Room

    people = [User.objects.get(username=username) for username in usernames]
    claude, now = account(), timezone.now()
    with transaction.atomic():
        room = Room.objects.select_for_update().get(slug=slug)
        first = room.change + 1

        def message(number: int) -> Message:
            is_answer = number % _ANSWER_EVERY == _ANSWER_EVERY - 1
            content = texts.answer(1, number) if is_answer else texts.said(number)
            return Message(
                room=room,
                seq=first + number,
                change=first + number,
                author=claude if is_answer else people[number % len(people)],
                content=content,
                html=render(content),
                version_count=int(is_answer),
                created_at=now - timedelta(minutes=_MINUTES_APART * (count - number)),
            )

        Message.objects.bulk_create([message(number) for number in range(count)], batch_size=_ROWS_AT_ONCE)
        answers = Message.objects.filter(room=room, author=claude, seq__gte=first)
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
            for each in answers
        )
        for reply in replies:
            reply.message.shown = reply
        Message.objects.bulk_update([reply.message for reply in replies], ["shown"], batch_size=_ROWS_AT_ONCE)
        Room.objects.filter(pk=room.pk).update(change=F("change") + count, last_message_at=now)
        Membership.objects.filter(room=room).update(last_read_seq=room.change + count)
    return first


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
