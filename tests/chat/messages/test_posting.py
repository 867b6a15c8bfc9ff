"""Storing messages: each once, in its room's order, with what belongs to it; a refusal spoils no one else's."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from msgspec import UNSET

from accounts.models import User
from chat.messages.posting import Stored, store
from chat.models import Mention, Message, Room
from chat.presenter import present_message
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.events import durable
from tests.chat.conftest import person
from tests.chat.fixtures import a_client_id, a_post, codes, room_of, rows_of, say, stored

pytestmark = pytest.mark.django_db

# lock the rooms, the memberships, insert, count up; on SQLite and PostgreSQL alike. The rest opens the transaction.
QUERIES_OF_A_ROUND = 4


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    return room_of(alice, "den", members=[bob])


def test_a_message_takes_the_rooms_next_change_as_its_place(alice: User, bob: User, den: Room) -> None:
    messages = stored(store([a_post(alice, "den", "one"), a_post(bob, "den", "two"), a_post(alice, "den", "three")]))
    assert [(each.seq, each.change, each.content) for each in messages] == [
        (1, 1, "one"),
        (2, 2, "two"),
        (3, 3, "three"),
    ]
    assert [each.author.username for each in messages if each.author] == ["alice", "bob", "alice"]
    den.refresh_from_db()
    assert den.change == 3 and den.last_message_at is not None
    assert [(row.seq, row.change) for row in rows_of("den")] == [(1, 1), (2, 2), (3, 3)]


def test_the_response_is_what_reading_the_row_would_give(alice: User, bob: User, den: Room) -> None:
    (first,) = say(bob, "den", "*first* ~~thing~~")
    post = a_post(alice, "den", "hi @bob", client_id="c", reply_to=int(first.id))
    (response,) = stored(store([post]))
    row = Message.objects.get(pk=int(response.id))
    assert present_message("den", row) == response
    assert response.clientId == "c" and response.replyTo is not UNSET and response.replyTo.id == first.id
    event = durable(response)
    assert (event.group, event.change, event.author_id, event.counts) == ("room:den", 2, alice.pk, True)
    assert event.mentions == (bob.pk,)


def test_fifty_messages_cost_a_pinned_number_of_queries(alice: User, den: Room, django_assert_num_queries: Any) -> None:
    for count in (1, 50):
        posts = [a_post(alice, "den", f"message {n}", client_id=a_client_id()) for n in range(count)]
        with django_assert_num_queries(QUERIES_OF_A_ROUND + 2):  # and the savepoint's beginning and end
            store(posts)


def test_mentions_and_replies_cost_no_query_for_each_message(
    alice: User, bob: User, den: Room, django_assert_max_num_queries: Any
) -> None:
    (first,) = say(bob, "den", "first")
    posts = [a_post(alice, "den", f"@bob {n}", client_id=a_client_id(), reply_to=int(first.id)) for n in range(50)]
    with django_assert_max_num_queries(QUERIES_OF_A_ROUND + 2 + 3):  # people, mentions, messages replied to
        stored(store(posts))
    assert Mention.objects.filter(user=bob).count() == 50


def test_one_round_may_concern_many_rooms(alice: User, bob: User, django_assert_num_queries: Any) -> None:
    for number in range(10):
        room_of(alice, f"room-{number}", members=[bob])
    posts = [a_post(author, f"room-{n % 10}", f"{n}") for n in range(30) for author in (alice, bob)]
    with django_assert_num_queries(QUERIES_OF_A_ROUND + 2):
        results = store(posts)
    for number in range(10):
        mine = [each for each in stored(results) if each.room == f"room-{number}"]
        assert [each.seq for each in mine] == list(range(1, 7))
        assert Room.objects.get(slug=f"room-{number}").change == 6


def test_rooms_are_locked_in_the_order_of_their_ids(alice: User) -> None:
    """In any other order two processes could wait for each other forever: too seldom for a test that lets them race."""
    for number in range(3):
        room_of(alice, f"room-{number}")
    with CaptureQueriesContext(connection) as captured:
        store([a_post(alice, f"room-{number}") for number in (2, 0, 1)])
    (locking,) = [
        query["sql"] for query in captured if query["sql"].startswith("SELECT") and 'FROM "chat_room"' in query["sql"]
    ]
    assert 'ORDER BY "id"' in locking
    assert "FOR NO KEY UPDATE" in locking or connection.vendor == "sqlite", (
        "SQLite locks the whole file as the transaction begins"
    )


# --- Sent twice ----------------------------------------------------------------------------------------------------------


def test_a_resend_in_the_same_round_shares_the_row_of_the_first(alice: User, den: Room) -> None:
    post = a_post(alice, "den", "once", client_id="c")
    first, second, third = store([post, post, a_post(alice, "den", "other", client_id="d")])
    assert isinstance(first, Stored) and isinstance(second, Stored) and isinstance(third, Stored)
    assert first.message == second.message and (first.is_first, second.is_first) == (True, False)
    assert [row.content for row in rows_of("den")] == ["once", "other"] and third.message.seq == 2


def test_a_resend_in_a_later_round_gets_the_first(alice: User, bob: User, den: Room) -> None:
    post = a_post(alice, "den", "once, @bob", client_id="c")
    (first,) = store([post])
    (_, again, other) = store([a_post(bob, "den", "between"), post, a_post(bob, "den", "after")])
    assert isinstance(first, Stored) and isinstance(again, Stored) and isinstance(other, Stored)
    assert again.message == first.message and not again.is_first
    assert [row.content for row in rows_of("den")] == ["once, @bob", "between", "after"]
    assert other.message.seq == 3, "the transaction that was tried in vain has left no hole"


@pytest.mark.parametrize("round_", ["same", "later"])
def test_another_message_under_the_same_client_id_is_a_conflict(alice: User, bob: User, den: Room, round_: str) -> None:
    room_of(alice, "attic")
    (target,) = say(bob, "den", "target")
    first = a_post(alice, "den", "one thing", client_id="c")
    others = [
        a_post(alice, "den", "another thing", client_id="c"),
        a_post(alice, "attic", "one thing", client_id="c"),
        a_post(alice, "den", "one thing", client_id="c", reply_to=int(target.id)),
    ]
    if round_ == "same":
        assert codes(store([first, *others])) == ["", *["CONFLICT"] * 3]
    else:
        store([first])
        assert codes(store(others)) == ["CONFLICT"] * 3
    assert [row.content for row in rows_of("den")] == ["target", "one thing"] and rows_of("attic") == []


def test_a_client_id_belongs_to_its_author(alice: User, bob: User, den: Room) -> None:
    assert codes(store([a_post(alice, "den", "a", client_id="c"), a_post(bob, "den", "b", client_id="c")])) == ["", ""]
    assert codes(store([a_post(bob, "den", "b", client_id="c"), a_post(alice, "den", "a", client_id="c")])) == ["", ""]
    assert len(rows_of("den")) == 2


def test_without_a_client_id_the_same_text_is_another_message(alice: User, den: Room) -> None:
    assert len({message.id for message in stored(store([a_post(alice, "den", "a")] * 3))}) == 3


def test_an_edit_does_not_make_a_late_resend_look_like_another_message(alice: User, den: Room) -> None:
    post = a_post(alice, "den", "typo", client_id="c")
    (first,) = stored(store([post]))
    Message.objects.filter(pk=int(first.id)).update(content="right", html="", edited_at=timezone.now())
    (again,) = store([post])
    assert isinstance(again, Stored) and again.message.content == "right" and again.message.id == first.id
    assert codes(store([a_post(alice, "den", "right", client_id="c")])) == ["CONFLICT"]


@pytest.mark.parametrize("kind", ["closed", "open"])
def test_a_resend_shows_nothing_to_an_author_who_is_no_member_any_more(alice: User, bob: User, kind: str) -> None:
    """A round with any resend in it looks up all of them: that must be no way around the rights of the others."""
    den = room_of(alice, "den", kind, members=[bob])
    room_of(bob, "own")
    asked, other = a_post(bob, "den", "@claude hello", client_id="asked"), a_post(bob, "own", "x", client_id="other")
    assert codes(store([asked, other])) == ["", ""]
    den.memberships.filter(user=bob).delete()
    refusal = "NOT_FOUND" if kind == "closed" else "UNAUTHORIZED"
    assert codes(store([asked])) == [refusal]
    assert codes(store([asked, other])) == [refusal, ""]
    assert codes(store([a_post(bob, "den", "@claude bye", client_id="asked"), other])) == ["CONFLICT", ""]
    den.memberships.create(user=bob)
    (again, _) = store([asked, other])
    assert isinstance(again, Stored) and again.reply is not None and not again.is_first


def test_a_refused_message_does_not_use_its_client_id_up(alice: User, mallory: User, den: Room) -> None:
    post = a_post(mallory, "den", "let me in", client_id="c")
    assert codes(store([post, post])) == ["NOT_FOUND", "NOT_FOUND"]
    den.memberships.create(user=mallory)
    assert codes(store([post])) == [""]


# --- Refusals ------------------------------------------------------------------------------------------------------------


def test_refusals_do_not_spoil_the_round(alice: User, bob: User, mallory: User, den: Room) -> None:
    room_of(alice, "square", "open")
    room_of(alice, "ruin", members=[bob])
    Room.objects.filter(slug="ruin").update(archived_at=timezone.now())
    (elsewhere,) = say(alice, "square", "elsewhere")
    posts = [
        a_post(alice, "den", "1"),
        a_post(mallory, "den", "outsider of a closed room"),
        a_post(alice, "nowhere", "no room"),
        a_post(mallory, "square", "not joined yet"),
        a_post(bob, "den", "2"),
        a_post(bob, "ruin", "archived"),
        a_post(bob, "den", "no such message", reply_to=2**50),
        a_post(bob, "den", "a message of another room", reply_to=int(elsewhere.id)),
        a_post(alice, "den", "3", client_id="c"),
        a_post(alice, "den", "not 3", client_id="c"),
    ]
    results = store(posts)
    assert codes(results) == [
        "", "NOT_FOUND", "NOT_FOUND", "UNAUTHORIZED", "", "REQUEST_FAILED", "NOT_FOUND", "NOT_FOUND", "", "CONFLICT",
    ]  # fmt: skip
    assert [(row.seq, row.content) for row in rows_of("den")] == [(1, "1"), (2, "2"), (3, "3")]
    assert [room.change for room in Room.objects.order_by("slug")] == [3, 0, 1]


def test_a_round_of_refusals_only_stores_nothing(mallory: User, den: Room) -> None:
    assert codes(store([a_post(mallory, "den"), a_post(mallory, "nowhere")])) == ["NOT_FOUND", "NOT_FOUND"]
    assert not Message.objects.exists()


def test_an_outsider_cannot_tell_a_closed_room_from_none(mallory: User, den: Room) -> None:
    closed, none = store([a_post(mallory, "den"), a_post(mallory, "nowhere")])
    assert isinstance(closed, ProtocolError) and isinstance(none, ProtocolError)
    assert (closed.code, closed.message, closed.details) == (none.code, none.message, none.details)
    assert closed.code is ErrorCode.NOT_FOUND


# --- Mentions ------------------------------------------------------------------------------------------------------------


def test_only_members_of_the_room_are_mentioned(alice: User, bob: User, mallory: User, den: Room) -> None:
    room_of(mallory, "cave", members=[alice])
    in_den, in_cave = stored(
        store([a_post(alice, "den", "@Bob @mallory @stranger"), a_post(alice, "cave", "@bob @mallory")])
    )
    assert in_den.mentions == [str(bob.pk)] and in_cave.mentions == [str(mallory.pk)]
    rows = Mention.objects.values_list("message_id", "user_id", "room__slug", "seq")
    assert set(rows) == {(int(in_den.id), bob.pk, "den", 1), (int(in_cave.id), mallory.pk, "cave", 1)}


def test_naming_somebody_twice_is_one_mention(alice: User, bob: User, den: Room) -> None:
    (message,) = say(alice, "den", "@bob @BOB, yes @bob")
    assert message.mentions == [str(bob.pk)]


def test_nobody_mentions_themselves(alice: User, bob: User, den: Room) -> None:
    (message,) = say(alice, "den", "@alice and @bob")
    assert message.mentions == [str(bob.pk)] and Mention.objects.count() == 1


def test_mentions_are_bounded(alice: User, den: Room) -> None:
    crowd = [person(f"guest-{n}") for n in range(60)]
    for each in crowd:
        den.memberships.create(user=each)
    (message,) = say(alice, "den", " ".join(f"@{each.username}" for each in crowd))
    assert len(message.mentions) == 50 == Mention.objects.count()


def test_a_text_full_of_names_holds_up_nobody_elses_message(alice: User, bob: User, den: Room) -> None:
    """Each name would be a parameter of one statement for the whole round, and SQLite takes 32,766."""
    floods = [" ".join(f"@{n * 3000 + name:x}" for name in range(2800)) for n in range(200)]
    posts = [a_post(alice, "den")._replace(content=content, html="") for content in floods]
    with CaptureQueriesContext(connection) as captured:
        results = store([*posts, a_post(bob, "den", "@alice hello")])
    assert set(codes(results)) == {""}
    assert stored(results)[-1].mentions == [str(alice.pk)]
    lookup = next(query["sql"] for query in captured.captured_queries if "username" in query["sql"])
    assert lookup.count(",") < 32_766


def test_the_response_to_a_reply_shows_what_is_left_of_its_target(alice: User, bob: User, den: Room) -> None:
    (first,) = say(bob, "den", "word " * 100)
    (reply,) = stored(store([a_post(alice, "den", "yes", reply_to=int(first.id))]))
    assert reply.replyTo is not UNSET and len(reply.replyTo.excerpt) <= 140 and reply.replyTo.excerpt.endswith("…")
    Message.objects.filter(pk=int(first.id)).update(content="", html="", deleted_at=timezone.now())
    (late,) = stored(store([a_post(alice, "den", "hm", reply_to=int(first.id))]))
    assert late.replyTo is not UNSET and late.replyTo.deleted and late.replyTo.excerpt == ""
