"""Fair turns: a person with many prompts waiting, in one room or in fifty, keeps no one else waiting."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.claude.prompt import context
from chat.claude.run import lease, turns
from chat.models import Membership, Reply, ReplyState, Room
from tests.chat.claude import talk
from tests.chat.claude.talk import ends, says, texts
from tests.chat.fixtures import room_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return User.objects.create(username="alice")


@pytest.fixture
def bob() -> User:
    return User.objects.create(username="bob")


@pytest.fixture
def carol() -> User:
    return User.objects.create(username="carol")


def room(owner: User, slug: str = "den") -> Room:
    room_of(owner, slug)
    return Room.objects.get(slug=slug)


def asks(author: User, den: Room, text: str) -> Reply:
    """Add a prompt of a member's, which waits."""
    Membership.objects.get_or_create(room=den, user=author)
    return talk.asks(author, den, text)


def claim(den: Room | None = None) -> Reply | None:
    claimed = lease.claim_next("this process")
    if den is not None:
        den.refresh_from_db()
    return claimed


def replied_in_order() -> list[str]:
    """Reply to all that waits, one after the other; return the prompts in the order of their turns."""
    order = []
    while Reply.objects.filter(state=ReplyState.QUEUED).exists():
        reply = claim()
        if reply is not None:  # else one that no one wants any more has been ended
            order.append(reply.prompt_content)
            ends(reply, "Done.")
    return order


def test_in_a_room_the_next_person_waits_for_one_reply_and_not_for_forty(alice: User, bob: User) -> None:
    den = room(alice)
    for number in range(40):
        asks(alice, den, f"a{number}")
    first = claim(den)
    assert first is not None and first.prompt_content == "a0"
    asks(bob, den, "b0")
    ends(first, "Done.")
    assert replied_in_order()[:3] == ["b0", "a1", "a2"]


def test_people_take_turns_and_each_person_s_prompts_keep_their_order(alice: User, bob: User, carol: User) -> None:
    den = room(alice)
    for who, text in [(alice, "a0"), (alice, "a1"), (alice, "a2"), (bob, "b0"), (bob, "b1"), (carol, "c0")]:
        asks(who, den, text)
    assert replied_in_order() == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_a_retry_takes_the_turn_of_the_moment_in_which_it_was_asked_for(alice: User) -> None:
    den = room(alice)
    old = ends(asks(alice, den, "a0"), "Cut", ReplyState.INTERRUPTED)
    asks(alice, den, "a1")
    den.change += 1
    ends(old, "Cut", ReplyState.QUEUED, change=den.change)
    assert replied_in_order() == ["a1", "a0"]


def test_somebody_with_replies_running_in_many_sessions_waits_behind_a_person_with_none(alice: User, bob: User) -> None:
    for number in range(10):
        asks(alice, room(alice, f"session-{number}"), f"a{number}")
    running = [claim() for _ in range(3)]
    asks(bob, room(bob, "bobs"), "b0")
    following = claim()
    assert following is not None and following.prompt_content == "b0"
    assert [reply.prompt_content for reply in running if reply] == ["a0", "a1", "a2"]


def test_with_one_reply_at_a_time_people_take_turns_between_their_sessions(alice: User, bob: User) -> None:
    for number in range(4):
        asks(alice, room(alice, f"alices-{number}"), f"a{number}")
    for number in range(2):
        asks(bob, room(bob, f"bobs-{number}"), f"b{number}")
    assert replied_in_order() == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_a_room_in_which_many_ask_lets_another_room_in_between(alice: User, bob: User) -> None:
    full = room(alice)
    for number in range(5):
        asks(User.objects.create(username=f"person{number}"), full, f"p{number}")
    asks(bob, room(bob, "bobs"), "b0")
    assert replied_in_order() == ["p0", "b0", "p1", "p2", "p3", "p4"]


def test_many_sessions_of_one_person_hide_nobody(alice: User, bob: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(turns, "_HEADS_AT_MOST", 5)
    for number in range(20):
        asks(alice, room(alice, f"alices-{number}"), f"a{number}")
    asks(bob, room(bob, "bobs"), "b0")
    assert replied_in_order()[:2] == ["a0", "b0"]


def test_a_prompt_of_an_account_that_is_gone_holds_nothing_up(alice: User, bob: User) -> None:
    den = room(alice)
    asks(bob, den, "b0")
    asks(alice, den, "a0")
    bob.delete()
    assert replied_in_order() == ["a0"]


@pytest.mark.parametrize("count", [1, 30])
def test_a_turn_takes_the_same_queries_however_many_wait(alice: User, count: int) -> None:
    for number in range(count):
        asks(alice, room(alice, f"session-{number}"), f"a{number}")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        from chat.claude.run import turns

        assert len(turns.in_turn()) == count
    assert len(queries) == 3


def test_claude_is_told_which_prompts_wait_for_their_own_turn(alice: User, bob: User) -> None:
    den = room(alice)
    for number in range(3):
        asks(alice, den, f"a{number}")
    first = claim(den)
    assert first is not None
    asks(bob, den, "b0")
    ends(first, "Reply to a0.")
    second = claim(den)
    assert second is not None and second.prompt_content == "b0"
    (asked, reply, rest) = texts(context.build(second).messages)
    assert asked[1].endswith("> a0") and "later" not in asked[1]
    assert reply == ("assistant", "Reply to a0.")
    heads = [line for line in rest[1].splitlines() if line.startswith("[")]
    assert ["gets a reply of its own later" in line for line in heads] == [True, True, False]


def test_an_earlier_prompt_gets_its_reply_without_what_came_after_it(alice: User, bob: User) -> None:
    den = room(alice)
    asks(alice, den, "a0")
    asks(alice, den, "a1")
    first = claim(den)
    asks(bob, den, "b0")
    assert first is not None
    ends(first, "Reply to a0.")
    second = claim(den)
    assert second is not None
    ends(second, "Reply to b0.")
    says(bob, den, "Thanks")
    third = claim(den)
    assert third is not None and third.prompt_content == "a1"
    spoken = texts(context.build(third).messages)
    assert [role for role, _ in spoken] == ["user", "assistant", "user"]
    assert spoken[-1][1].endswith("> a1") and "b0" not in str(spoken) and "later" not in spoken[-1][1]
    ends(third, "Reply to a1.")
    last = asks(bob, den, "b1")
    assert [role for role, _ in texts(context.build(last).messages)] == ["user", "assistant"] * 3 + ["user"]
