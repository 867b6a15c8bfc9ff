"""What happens to people and rooms from outside the servers, in the database that they share.

Runs in `people_process`; the names of its functions are the commands of `People.tell`.
"""

import time
from datetime import timedelta
from typing import Any
from unittest import mock

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts import tickets
from accounts.credentials import Credential
from accounts.models import ApiToken, PushSubscription, User
from chat.access import Actor
from chat.models import Announcement, Charge, Draft, Membership, Message, Reaction, Reply, Room, RoomSummary, Spending
from chat.rooms import members

SIGN_IN_BACKEND = "accounts.backends.AuthenticationBackend"


def create(usernames: list[str]) -> list[dict[str, str]]:
    people = []
    for username in usernames:
        # No password: hashing one takes longer than the rest of most tests.
        user = User.objects.create(username=username, password=make_password(None))
        _token, secret = ApiToken.issue(user, "tests")
        people.append({"id": str(user.pk), "username": username, "token": secret})
    return people


def many_rooms(slug: str, names: list[str], usernames: list[str]) -> list[str]:
    """Make rooms of these people, each a minute older than the one before, and return their slugs."""
    now = timezone.now()
    made = Room.objects.bulk_create(
        Room(slug=f"{slug}-{n}", name=name, kind="closed", created_at=now - timedelta(days=1, minutes=n))
        for n, name in enumerate(names)
    )
    for user in User.objects.filter(username__in=usernames):
        Membership.objects.bulk_create(Membership(room=room, user=user, joined_at=room.created_at) for room in made)
    return [room.slug for room in made]


def set_password(username: str, password: str) -> None:
    user = User.objects.get(username=username)
    user.set_password(password)
    user.save()


def set_display_name(username: str, name: str) -> None:
    user = User.objects.get(username=username)
    user.display_name = name
    user.save(update_fields=["display_name"])


def make_admin(username: str) -> None:
    User.objects.filter(username=username).update(is_staff=True, is_superuser=True)


def sign_in(username: str) -> str:
    """Return the key of a new session, as the sign-in page makes one."""
    user = User.objects.get(username=username)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = SIGN_IN_BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def ticket_of_age(username: str, seconds: int) -> str:
    """Return a ticket that was issued some time ago."""
    token = ApiToken.objects.get(user__username=username)
    credential = Credential(token.user_id, username, "token", str(token.pk))
    with mock.patch("time.time", return_value=time.time() - seconds):
        return tickets.issue(credential)


def issue_tickets(usernames: list[str], count: int) -> list[str]:
    """Return so many tickets for each of them, one person's after the other's."""
    tokens = ApiToken.objects.filter(user__username__in=usernames).select_related("user")
    found = {token.user.username: token for token in tokens}
    credentials = [Credential(found[name].user_id, name, "token", str(found[name].pk)) for name in usernames]
    return [tickets.issue(credential) for credential in credentials for _ in range(count)]


def end_session(key: str) -> None:
    Session.objects.get(session_key=key).delete()


def end_sessions_silently(key: str) -> None:
    """As when the database is cleaned by hand: no signal tells the servers."""
    Session.objects.filter(session_key=key)._raw_delete(using="default")


def revoke_tokens(username: str) -> None:
    for token in ApiToken.objects.filter(user__username=username):
        token.delete()


def deactivate(username: str) -> None:
    user = User.objects.get(username=username)
    user.is_active = False
    user.save()


def remove_member(room: str, username: str) -> None:
    """As in the administration: another program, which serves no sockets."""
    membership = Membership.objects.get(room__slug=room, user__username=username)
    members.expel(membership, Actor(membership.user_id, username))


def is_free(rooms: list[str]) -> bool:
    """Whether these rooms can be written to soon: a frozen process may hold a lock."""
    is_sqlite = connection.vendor == "sqlite"
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout=300" if is_sqlite else "SET lock_timeout = '300ms'")
        with transaction.atomic():
            # As the program locks them: a full lock would wait for every transaction that stores a row of the room.
            list(Room.objects.select_for_update(no_key=True).filter(slug__in=rooms))
    except OperationalError:
        return False
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout=20000" if is_sqlite else "RESET lock_timeout")
    return True


def announce_silently(text: str) -> None:
    Announcement.objects.create(text=text)


def delete_membership_silently(room: str, username: str) -> None:
    Membership.objects.filter(room__slug=room, user__username=username)._raw_delete(using="default")


def add_silently(room: str, username: str) -> None:
    Membership.objects.create(room=Room.objects.get(slug=room), user=User.objects.get(username=username))


def fill_room(room: str, usernames: list[str]) -> None:
    """Make people who are members of a room already."""
    found = Room.objects.get(slug=room)
    people = User.objects.bulk_create(User(username=name) for name in usernames)
    Membership.objects.bulk_create(Membership(room=found, user=person) for person in people)


def fill_with_messages(rooms: list[str], count: int, text: str, html_chars: int) -> None:
    """Store messages of any weight: what was stored before there was a bound is still there."""
    author = User.objects.order_by("pk").values_list("pk", flat=True)[0]
    for slug in rooms:
        room = Room.objects.get(slug=slug)
        numbers = range(room.change + 1, room.change + 1 + count)
        Message.objects.bulk_create(
            Message(room=room, seq=n, change=n, author_id=author, content=text[:20_000], html="x" * html_chars)
            for n in numbers
        )
        Room.objects.filter(pk=room.pk).update(change=numbers[-1])


def react_to_all(room: str, messages: int, members: int) -> None:
    """Put twenty emoji of so many people each on a room's newest messages."""
    people = User.objects.bulk_create(
        User(username=f"{room}-r{number}", display_name=f"A person with a long name {number}")
        for number in range(members)
    )
    rows = Message.objects.filter(room__slug=room).order_by("-seq")[:messages]
    Reaction.objects.bulk_create(
        Reaction(message=row, user=person, emoji=chr(0x1F600 + kind))
        for row in rows for kind in range(20) for person in people
    )  # fmt: skip


def epoch_of(room: str) -> str:
    return str(Room.objects.get(slug=room).epoch)


def messages(room: str) -> list[dict[str, Any]]:
    rows = Message.objects.filter(room__slug=room).order_by("seq")
    return [dict(row) for row in rows.values("id", "seq", "change", "kind", "content", "client_id")]


def replies(rooms: list[str]) -> list[dict[str, Any]]:
    rows = Reply.objects.filter(message__room__slug__in=rooms).order_by("pk")
    return [{"state": str(row.state), "content": row.message.content} for row in rows.select_related("message")]


def bill(reply: str) -> list[dict[str, Any]]:
    """Return the lines of the bill for one reply, the first attempt first, in millionths of a dollar and tokens."""
    rows = Charge.objects.filter(reply__message=int(reply)).order_by("reply", "attempt", "pk")
    columns = ("attempt", "purpose", "state", "reserved_microusd", "cost_microusd", "input_tokens", "output_tokens")
    return [dict(row) for row in rows.values(*columns)]


def counters() -> dict[str, list[int]]:
    """Return what each counter of money holds, `all ever` say: what is reserved, and what is spent."""
    return {
        f"{row.subject} {row.period}": [row.reserved_microusd, row.spent_microusd] for row in Spending.objects.all()
    }


def reply_of(message: str) -> dict[str, Any]:
    """Return what stands in the database of the version that a message shows, and who runs it."""
    row = Reply.objects.get(pk=Message.objects.values_list("shown", flat=True).get(pk=int(message)))
    columns = ("state", "text", "n", "owner", "attempt", "error", "error_detail", "cost_microusd", "model")
    return {name: getattr(row, name) for name in columns}


def notes(room: str) -> str:
    """Return what Claude keeps in place of messages that no longer fit, as stored."""
    return RoomSummary.objects.filter(room__slug=room).values_list("text", flat=True).first() or ""


def manage(arguments: list[str]) -> None:
    """Run a management command, as a shell beside the servers would, without the second that Python takes to start."""
    call_command(*arguments)


def token_ids(username: str) -> list[int]:
    return list(ApiToken.objects.filter(user__username=username).values_list("pk", flat=True))


def push_subscriptions(username: str) -> int:
    """Return how many browsers are told when they are away."""
    return PushSubscription.objects.filter(user__username=username).count()


def membership_id(room: str, username: str) -> int:
    return int(Membership.objects.get(room__slug=room, user__username=username).pk)


def role(room: str, username: str) -> str | None:
    found = Membership.objects.filter(room__slug=room, user__username=username).first()
    return None if found is None else str(found.role)


def drafts(room: str) -> list[dict[str, Any]]:
    rows = Draft.objects.filter(room__slug=room)
    return [dict(row) for row in rows.values("user__username", "content", "version")]


def renew_epoch(room: str) -> str:
    """As a restored backup does."""
    Room.objects.filter(slug=room).update(epoch="restored")
    return "restored"


COMMANDS = {
    function.__name__: function
    for function in (
        create,
        many_rooms,
        set_display_name,
        set_password,
        make_admin,
        sign_in,
        ticket_of_age,
        issue_tickets,
        end_session,
        end_sessions_silently,
        revoke_tokens,
        deactivate,
        announce_silently,
        delete_membership_silently,
        remove_member,
        is_free,
        fill_room,
        add_silently,
        fill_with_messages,
        react_to_all,
        epoch_of,
        bill,
        counters,
        reply_of,
        notes,
        messages,
        replies,
        manage,
        token_ids,
        push_subscriptions,
        membership_id,
        role,
        drafts,
        renew_epoch,
    )
}
