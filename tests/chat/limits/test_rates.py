"""How often one person may do what costs others something: in each process, by page and socket together."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.access import Actor
from chat.limits import buckets, rates
from chat.messages import changes, drafts, reading
from chat.models import Membership, Message, Room
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import invitations, joining, members, rooms
from chat.search import search
from tests.chat.conftest import person
from tests.chat.fixtures import in_threads, refused, room_of, say
from tests.chat.realtime.clock import Clock, clock_in

pytestmark = pytest.mark.django_db

SETTINGS: Final = [rate for rate in vars(rates).values() if isinstance(rate, rates.Rate) and rate.setting]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    rates.forget()
    yield clock_in(monkeypatch, buckets)
    rates.forget()


def create(user: User, name: str = "Room", **fields: Any) -> str:
    return rooms.create_room(Actor.of(user), requests.CreateRoom(name=name, **fields)).room.slug


def test_half_of_an_hours_rooms_come_at_once_and_then_one_after_the_other(
    alice: User, bob: User, settings: Any, clock: Clock
) -> None:
    settings.ROOMS_PER_HOUR = 60
    for number in range(30):
        create(alice, kind="session" if number % 2 else "closed")
    with refused(ErrorCode.RATE_LIMITED) as caught:
        create(alice)
    assert caught.value.message == "You are creating rooms too fast. Try again in 60 seconds."
    assert caught.value.retry_after == 60_000
    assert Room.objects.count() == 30
    create(bob)
    clock.now += 60
    create(alice)
    with refused(ErrorCode.RATE_LIMITED):
        create(alice)


def test_direct_rooms_count_only_when_they_are_new(alice: User, bob: User, carol: User, settings: Any) -> None:
    settings.ROOMS_PER_HOUR = 2
    made = create(alice, kind="direct", members=["bob"])
    assert [create(alice, kind="direct", members=["bob"]) for _ in range(5)] == [made] * 5
    with refused(ErrorCode.RATE_LIMITED):
        create(alice, kind="direct", members=["carol"])
    assert Room.objects.count() == 1


def test_people_named_for_a_new_room_count_as_added(alice: User, bob: User, carol: User, settings: Any) -> None:
    settings.MEMBERS_ADDED_PER_HOUR = 6
    create(alice, members=["bob", "carol"])
    with refused(ErrorCode.RATE_LIMITED) as caught:
        create(alice, members=["bob", "carol"])
    assert caught.value.message.startswith("You are adding people too fast. Try again in 10 minutes")
    create(alice, members=["bob"])
    room_of(alice, "den")
    with refused(ErrorCode.RATE_LIMITED):
        members.add_member(Actor.of(alice), requests.AddMember("den", "bob"))
    assert Membership.objects.filter(user=bob).count() == 2


def test_more_people_than_come_at_once_are_added_to_a_new_room_and_owed(
    alice: User, settings: Any, clock: Clock
) -> None:
    settings.MEMBERS_ADDED_PER_HOUR = 4
    names = [person(f"p{number}").username for number in range(6)]
    create(alice, members=names)
    with refused(ErrorCode.RATE_LIMITED):
        create(alice, members=names[:1])
    clock.now += 5 * 900
    create(alice, members=names[:1])


def test_those_who_run_the_installation_are_not_slowed_down(ruth: User, bob: User, settings: Any) -> None:
    settings.ROOMS_PER_HOUR = settings.MEMBERS_ADDED_PER_HOUR = 1
    for _ in range(5):
        create(ruth, members=["bob"])
    ruth.is_active = False
    ruth.save()
    with refused(ErrorCode.RATE_LIMITED):
        create(ruth)


NAMES: Final = ("p0", "p1", "p2", "p3")


def change(alice: Actor, message: str) -> list[tuple[str, Callable[[int], object]]]:
    return [
        ("CHANGES_PER_MINUTE", lambda n: members.remove_member(alice, requests.RemoveMember("den", NAMES[n]))),
        ("CHANGES_PER_MINUTE", lambda n: changes.add_reaction(alice, requests.AddReaction(message, "👍"))),
        ("CHANGES_PER_MINUTE", lambda n: changes.remove_reaction(alice, requests.RemoveReaction(message, "👍"))),
        ("CHANGES_PER_MINUTE", lambda n: rooms.update_room(alice, requests.UpdateRoom("den", name=f"Den {n}"))),
        ("CHANGES_PER_MINUTE", lambda n: members.set_role(alice, requests.SetRole("den", "bob", "moderator"))),
        ("SAVES_PER_MINUTE", lambda n: rooms.mute_room(alice, requests.MuteRoom("den", bool(n % 2)))),
        ("SAVES_PER_MINUTE", lambda n: reading.mark_read(alice, requests.MarkRead("den", n))),
        ("SAVES_PER_MINUTE", lambda n: drafts.save_draft(alice, requests.SaveDraft("den", "x", n + 1))),
        ("SEARCHES_PER_MINUTE", lambda n: search.search_messages(alice, requests.SearchMessages("hello"))),
        ("INVITATIONS_PER_HOUR", lambda n: invitations.create(alice, "den", 7, None)),
    ]


@pytest.mark.parametrize("number", range(10))
def test_what_others_pay_for_is_counted_and_refused_with_the_time_to_wait(
    alice: User, bob: User, settings: Any, number: int
) -> None:
    room_of(alice, "den", members=[bob, *map(person, NAMES)])
    (message,) = say(alice, "den", "hello")
    setting, act = change(Actor.of(alice), message.id)[number]
    setattr(settings, setting, 6)
    for turn in range(3):
        act(turn)
    before = Message.objects.get(pk=message.id).change
    with CaptureQueriesContext(connection) as asked, refused(ErrorCode.RATE_LIMITED) as caught:
        act(3)
    assert caught.value.retry_after and caught.value.message.endswith((" seconds.", " minutes."))
    assert Message.objects.get(pk=message.id).change == before
    assert len(asked) <= 1, "a refusal asks at most whether the person is staff, and locks nothing"


def test_coming_into_open_rooms_and_leaving_again_is_bounded_by_coming(alice: User, bob: User, settings: Any) -> None:
    settings.CHANGES_PER_MINUTE = 6
    room_of(alice, "hall", "open")
    actor = Actor.of(bob)
    for _ in range(3):
        joining.open_room(actor, requests.JoinRoom("hall"))
        members.quit_room(actor, requests.QuitRoom("hall"))
    with refused(ErrorCode.RATE_LIMITED):
        joining.open_room(actor, requests.JoinRoom("hall"))
    assert Room.objects.get(slug="hall").change == 6
    settings.CHANGES_PER_MINUTE = 0
    joining.open_room(actor, requests.JoinRoom("hall"))
    settings.CHANGES_PER_MINUTE = 6
    for _ in range(9):
        joining.open_room(actor, requests.JoinRoom("hall"))  # a member's tabs come back as often as they like


def test_threads_at_the_same_time_take_no_turn_twice(alice: User, settings: Any) -> None:
    settings.SAVES_PER_MINUTE = 200

    def passed() -> int:
        return sum(may_take(Actor.of(alice), rates.SAVES) for _ in range(100))

    assert sum(count for count in in_threads(*[passed] * 8) if isinstance(count, int)) == 100


def may_take(actor: Actor, rate: rates.Rate) -> bool:
    try:
        rates.take(actor, rate)
    except ProtocolError:
        return False
    return True


@pytest.mark.parametrize("rate", SETTINGS, ids=lambda rate: rate.setting)
def test_zero_is_no_limit(alice: User, settings: Any, rate: rates.Rate) -> None:
    setattr(settings, rate.setting, 0)
    for _ in range(2000):
        rates.take(Actor.of(alice), rate)


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (1, "1 second"),
        (1001, "2 seconds"),
        (119_000, "119 seconds"),
        (119_001, "2 minutes"),
        (120_001, "3 minutes"),
        (3_600_000, "60 minutes"),
    ],
)
def test_a_wait_is_said_in_words_that_are_never_too_short(milliseconds: int, words: str) -> None:
    assert rates.in_words(milliseconds) == words
