"""What changed since a cursor: each row once, in its newest state, in order; or, honestly, the last page and a reset."""

import random
from typing import Any

import pytest

from accounts.models import User
from chat.access import Actor
from chat.actions import messages
from chat.models import Message, Reply, ReplyState, Room
from chat.protocol import requests, wire
from chat.realtime import recovery
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
    messages.edit_message(Actor.of(user), message.id, content, "")


def test_each_row_comes_once_in_its_newest_state_in_order_of_change(alice: User, den: Room) -> None:
    one, two, three = say(alice, "den", "1", "2", "3")
    edit(alice, one, "1b")
    edit(alice, two, "2b")
    edit(alice, one, "1c")
    messages.delete_message(Actor.of(alice), requests.DeleteMessage(three.id))
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
            messages.add_reaction(
                Actor.of(alice), requests.AddReaction(chance.choice(posted).id, chr(0x1F600 + number))
            )
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


def test_an_answer_that_moves_on_while_it_is_read_is_left_to_its_event(
    alice: User, den: Room, monkeypatch: Any
) -> None:
    """Sent here as well, a stream of server-sent events heard the same change twice."""
    say(alice, "den", "one")
    answer = Message.objects.get(room=den, seq=1)
    answer.shown = Reply.objects.create(message=answer, room=den, version=1, change=1, state=ReplyState.RUNNING)
    answer.save()
    say(alice, "den", "two")
    changed = recovery._changed

    def changed_and_then_ended(room: Room, after: int, limit: int | None) -> list[Message]:
        rows = changed(room, after, limit)
        Message.objects.filter(pk=answer.pk).update(change=3)
        Reply.objects.update(change=3, state=ReplyState.COMPLETE)
        return rows

    monkeypatch.setattr(recovery, "_changed", changed_and_then_ended)
    found = since(den, 0)
    assert [(each.seq, each.change) for each in found.messages] == [(2, 2)] and found.room.change == 2


def test_recovery_costs_a_pinned_number_of_queries(alice: User, den: Room, django_assert_num_queries: Any) -> None:
    for count in (3, 40):
        say(alice, "den", *(f"{n}" for n in range(count)))
        for after in (0, None):
            # The room, messages, what points to them, people.
            with django_assert_num_queries(4):
                since(den, after)
    with django_assert_num_queries(1):  # nothing was missed: the room tells
        since(den, 43)


# --- What the hub asks ---------------------------------------------------------------------------------------------------


def test_the_hub_reads_what_it_is_missing(alice: User, den: Room) -> None:
    say(alice, "den", *(f"{n}" for n in range(5)))
    found = recovery.changes_after("den", 2, 2)
    assert found is not None and found[0] == 5 and [each.change for each in found[1]] == [3, 4]
    assert recovery.changes_after("nowhere", 0, 5) is None


def test_the_heads_of_many_rooms_are_one_query(alice: User, den: Room, django_assert_num_queries: Any) -> None:
    other = room_of(alice, "other")
    say(alice, "den", "1", "2")
    with django_assert_num_queries(1):
        found = recovery.heads(["den", "other", "nowhere"])
    assert found == {"den": (2, den.epoch), "other": (0, other.epoch)}


def test_members_are_told_from_those_who_only_share_a_room_or_a_user(
    alice: User, bob: User, den: Room, django_assert_num_queries: Any
) -> None:
    room_of(alice, "attic")
    asked = {("den", alice.pk), ("den", bob.pk), ("attic", alice.pk), ("attic", bob.pk), ("nowhere", alice.pk)}
    with django_assert_num_queries(1):
        members = recovery.members_among(asked)
    assert members == {("den", alice.pk), ("den", bob.pk), ("attic", alice.pk)}
    assert not Message.objects.exists()
