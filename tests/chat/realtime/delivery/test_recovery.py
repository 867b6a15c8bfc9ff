"""What changed since a cursor: each row once, in its newest state, in order; or, honestly, the last page and a reset."""

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.access import Actor
from chat.messages import changes
from chat.models import Message, Reply, ReplyState, Room, plain_sql, weights
from chat.models.weights import lightest
from chat.protocol import frames, requests, wire
from chat.realtime.delivery import recovery
from tests.chat.fixtures import room_of, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    return room_of(alice, "den", members=[bob])


def since(room: Room, after: int | None, epoch: str | None = None) -> recovery.Since:
    """Recover as a tab does that opens the room now."""
    now = Room.objects.get(pk=room.pk)
    return recovery.since(now, after, room.epoch if epoch is None and after is not None else epoch)


def edit(user: User, message: wire.Message, content: str) -> None:
    changes.edit_message(Actor.of(user), message.id, content, "")


def test_each_row_comes_once_in_its_newest_state_in_order_of_change(alice: User, den: Room) -> None:
    one, two, three = say(alice, "den", "1", "2", "3")
    edit(alice, one, "1b")
    edit(alice, two, "2b")
    edit(alice, one, "1c")
    changes.delete_message(Actor.of(alice), requests.DeleteMessage(three.id))
    found = since(den, 3)
    assert [(each.seq, each.change, each.content) for each in found.messages] == [
        (2, 5, "2b"),
        (1, 6, "1c"),
        (3, 7, ""),
    ]
    assert found.messages[2].deletedAt and not found.reset and found.room.change == 7
    assert [each.change for each in since(den, 5).messages] == [6, 7]
    assert since(den, 7).messages == [] and not since(den, 7).reset


def test_whoever_applies_what_came_since_any_cursor_sees_what_a_fresh_load_shows(alice: User, den: Room) -> None:
    chance = random.Random(7)
    states: list[dict[int, wire.Message]] = [{}]
    posted: list[wire.Message] = []
    for number in range(40):
        if chance.random() < 0.5 or not posted:
            posted += say(alice, "den", f"{number}")
        elif chance.random() < 0.7:
            edit(alice, chance.choice(posted), f"edited {number}")
        else:
            changes.add_reaction(Actor.of(alice), requests.AddReaction(chance.choice(posted).id, chr(0x1F600 + number)))
        states.append({each.seq: each for each in since(den, 0).messages})
    for cursor, state in enumerate(states):
        merged = {**state, **{each.seq: each for each in since(den, cursor).messages}}
        assert merged == states[-1], f"from {cursor}"


def test_without_a_cursor_comes_the_last_page_and_no_reset(alice: User, den: Room) -> None:
    assert since(den, None).messages == [] and not since(den, None).has_more
    say(alice, "den", *(f"{n}" for n in range(50)))
    assert len(since(den, None).messages) == 50 and not since(den, None).has_more
    say(alice, "den", "one more")
    found = since(den, None)
    assert [each.seq for each in found.messages] == list(range(2, 52)) and found.has_more and not found.reset


def test_a_cursor_of_another_epoch_or_from_the_future_is_never_half_honoured(alice: User, den: Room) -> None:
    say(alice, "den", *(f"{n}" for n in range(60)))
    for after, epoch in ((30, "another"), (30, ""), (61, den.epoch), (2**53 - 1, den.epoch), (0, "another")):
        found = since(den, after, epoch)
        assert found.reset and found.has_more and [each.seq for each in found.messages] == list(range(11, 61))
    assert not since(den, 60).reset


def test_a_cursor_without_its_epoch_is_not_honoured(alice: User, den: Room) -> None:
    say(alice, "den", "1", "2")
    assert recovery.since(den, 1, None).reset


def test_too_much_to_catch_up_with_is_a_reset(alice: User, den: Room, settings: Any) -> None:
    settings.RECOVERY_ROWS = 10
    say(alice, "den", *(f"{n}" for n in range(20)))
    assert [each.seq for each in since(den, 10).messages] == list(range(11, 21)) and not since(den, 10).reset
    found = since(den, 9)
    assert found.reset and [each.seq for each in found.messages] == list(range(1, 21)) and not found.has_more


def test_rows_and_cursor_belong_together_while_others_write(alice: User, den: Room, monkeypatch: Any) -> None:
    say(alice, "den", "1", "2")

    def read_late(function: Any) -> Any:
        def late(*args: Any) -> Any:
            say(alice, "den", "meanwhile")
            return function(*args)

        return late

    for name, after in (("_changed", 1), ("_page_up_to", None)):
        with monkeypatch.context() as patch:
            patch.setattr(recovery, name, read_late(getattr(recovery, name)))
            found = since(den, after)
        assert found.messages[-1].change == found.room.change < Room.objects.get().change


def test_a_reply_that_moves_on_while_it_is_read_is_left_to_its_event(alice: User, den: Room, monkeypatch: Any) -> None:
    """Sent here as well, a stream of server-sent events heard the same change twice."""
    say(alice, "den", "one")
    message = Message.objects.get(room=den, seq=1)
    message.shown = Reply.objects.create(message=message, room=den, version=1, change=1, state=ReplyState.RUNNING)
    message.save()
    say(alice, "den", "two")
    changed = recovery._changed

    def changed_and_then_ended(*which: Any) -> tuple[list[Message], bool]:
        found = changed(*which)
        Message.objects.filter(pk=message.pk).update(change=3)
        Reply.objects.update(change=3, state=ReplyState.COMPLETE)
        return found

    monkeypatch.setattr(recovery, "_changed", changed_and_then_ended)
    found = since(den, 0)
    assert [(each.seq, each.change) for each in found.messages] == [(2, 2)] and found.room.change == 2


def test_recovery_costs_a_pinned_number_of_queries(alice: User, den: Room, django_assert_num_queries: Any) -> None:
    for count in (3, 40):
        say(alice, "den", *(f"{n}" for n in range(count)))
        for after in (0, None):
            # The room, the messages' weights, messages, what points to them, people.
            with django_assert_num_queries(5):
                since(den, after)
    with django_assert_num_queries(1):  # nothing was missed: the room tells
        since(den, 43)


# --- In bytes ------------------------------------------------------------------------------------------------------------


def test_rows_that_are_too_heavy_to_catch_up_with_are_a_reset_to_the_newest_that_fit(
    alice: User, den: Room, settings: Any
) -> None:
    settings.PAGE_BYTES = 10_000
    say(alice, "den", *("x" * 900 for _ in range(20)))
    whole = since(den, 16)
    assert [each.seq for each in whole.messages] == [17, 18, 19, 20] and not whole.reset and not whole.is_cut
    found = since(den, 5)
    assert found.reset and found.has_more and found.is_cut
    seqs = [each.seq for each in found.messages]
    assert seqs == list(range(seqs[0], 21)) and 1 < len(seqs) < 6
    assert frames.size_of(found.messages) <= 10_000


def test_the_first_page_of_a_room_is_bounded_in_bytes_and_says_that_there_is_more(
    alice: User, den: Room, settings: Any
) -> None:
    settings.PAGE_BYTES = 10_000
    say(alice, "den", *("x" * 900 for _ in range(20)))
    found = since(den, None)
    assert found.has_more and not found.reset and found.messages[-1].seq == 20
    assert frames.size_of(found.messages) <= 10_000


@pytest.mark.parametrize("after", [None, 1])
def test_one_message_that_is_heavier_than_a_page_still_comes(
    alice: User, den: Room, settings: Any, after: int | None
) -> None:
    settings.PAGE_BYTES = 1000
    say(alice, "den", "1", "x" * 5000)
    assert [each.seq for each in since(den, after).messages] == [2]


@pytest.mark.parametrize("text", ["\x01" * 900, '"' * 900, "é" * 900, "\n" * 900])
def test_what_grows_when_it_is_encoded_counts_as_it_is_encoded(
    alice: User, den: Room, settings: Any, text: str
) -> None:
    settings.PAGE_BYTES = 20_000
    Message.objects.bulk_create(
        Message(room=den, seq=n, change=n, author=alice, content=text, html=text) for n in range(1, 31)
    )
    Room.objects.filter(pk=den.pk).update(change=30)
    assert frames.size_of(since(den, None).messages) <= 20_000
    assert frames.size_of(since(den, 0).messages) <= 20_000


def test_what_claude_thought_and_looked_up_counts_too(alice: User, den: Room, settings: Any) -> None:
    settings.PAGE_BYTES = 10_000
    say(alice, "den", *(f"{n}" for n in range(10)))
    tools = [{"name": "search_history", "input": "{}", "result": "x" * 2000}]
    for message in Message.objects.filter(room=den):
        message.shown = Reply.objects.create(
            message=message, room=den, version=1, change=message.change, state=ReplyState.COMPLETE,
            thinking="x" * 2000, tools=tools,
        )  # fmt: skip
        message.save()
    found = since(den, None)
    assert 1 <= len(found.messages) <= 2 and found.has_more


def test_rows_without_a_bound_in_number_are_bounded_in_bytes(alice: User, den: Room, settings: Any) -> None:
    settings.RECOVERY_ROWS, settings.PAGE_BYTES = 0, 30_000
    say(alice, "den", *(f"{n}" for n in range(300)))
    assert since(den, 0).reset and not since(den, 260).reset


def test_no_more_rows_are_read_than_may_be_sent(alice: User, den: Room, settings: Any) -> None:
    """To read all of 500 rows of a quarter of a megabyte and throw most away took 3.8 GB for 20 tabs."""
    settings.PAGE_BYTES = 10_000
    say(alice, "den", *("x" * 900 for _ in range(20)))
    with CaptureQueriesContext(connection) as queries:
        rows, has_more = lightest("-seq", "room_id = %s", den.pk, at_most=50, budget=10_000)
    assert has_more and 1 < len(rows) < 7 and len(queries) == 2
    assert [row.seq for row in rows] == list(range(20, 20 - len(rows), -1))


def test_a_row_that_moves_on_between_the_two_looks_draws_no_other_one_in(
    alice: User, den: Room, monkeypatch: Any
) -> None:
    one, *_ = say(alice, "den", "1", "2", "3", "4")
    read = plain_sql.objects_of

    def late(*asked: Any) -> Any:
        edit(alice, one, "moved")
        return read(*asked)

    monkeypatch.setattr(weights, "objects_of", late)
    rows, has_more = lightest("change", "room_id = %s AND change > %s", den.pk, 0, at_most=2, budget=10**6)
    assert [row.change for row in rows] == [2] and has_more


def test_the_hub_reads_on_where_the_bytes_of_a_page_ended(alice: User, den: Room, settings: Any) -> None:
    settings.PAGE_BYTES = 10_000
    say(alice, "den", *("x" * 900 for _ in range(20)))
    heard: list[int] = []
    while True:
        found = recovery.changes_after("den", heard[-1] if heard else 0, 500)
        assert found is not None and found.messages and frames.size_of(found.messages) <= 10_000
        heard += [each.change for each in found.messages]
        if not found.has_more:
            break
    assert heard == list(range(1, 21))


# --- What the hub asks ---------------------------------------------------------------------------------------------------


def test_the_hub_reads_what_it_is_missing(alice: User, den: Room) -> None:
    say(alice, "den", *(f"{n}" for n in range(5)))
    found = recovery.changes_after("den", 2, 2)
    assert found is not None and found.head == 5 and [each.change for each in found.messages] == [3, 4]
    assert found.has_more
    rest = recovery.changes_after("den", 4, 2)
    assert rest is not None and [each.change for each in rest.messages] == [5] and not rest.has_more
    assert recovery.changes_after("nowhere", 0, 5) is None


def test_the_heads_of_many_rooms_are_one_query(alice: User, den: Room, django_assert_num_queries: Any) -> None:
    other = room_of(alice, "other")
    say(alice, "den", "1", "2")
    with django_assert_num_queries(1):
        found = recovery.heads(["den", "other", "nowhere"])
    assert found == {"den": (2, den.epoch), "other": (0, other.epoch)}


def test_the_heads_of_more_rooms_than_a_statement_takes_are_read_all_the_same(den: Room) -> None:
    found = recovery.heads([*(f"room-{number}" for number in range(260_000)), "den"])
    assert found == {"den": (0, den.epoch)}


def test_members_are_told_from_those_who_only_share_a_room_or_a_user(
    alice: User, bob: User, den: Room, django_assert_num_queries: Any
) -> None:
    room_of(alice, "attic")
    asked = {("den", alice.pk), ("den", bob.pk), ("attic", alice.pk), ("attic", bob.pk), ("nowhere", alice.pk)}
    with django_assert_num_queries(1):
        members = recovery.members_among(asked)
    assert members == {("den", alice.pk), ("den", bob.pk), ("attic", alice.pk)}
    assert not Message.objects.exists()
