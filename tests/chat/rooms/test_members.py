"""Coming, going and roles: who may do what to whom, and how everyone hears of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.access import Actor
from chat.models import Membership, Message, Role, Room, RoomKind
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import joining, members
from tests.chat.conftest import Listening, Told, person
from tests.chat.fixtures import in_threads, refused, room_of, rows_of, say

pytestmark = pytest.mark.django_db

ROLES = ("owner", "moderator", "member")


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    return room_of(alice, "den", members=[bob])


def roles_in(slug: str) -> dict[str, str]:
    return dict(Membership.objects.filter(room__slug=slug).values_list("user__username", "role"))


def add(by: User, user: str, role: Any = "member", slug: str = "den") -> wire.MembershipFact:
    return members.add_member(Actor.of(by), requests.AddMember(slug, user, role))


def remove(by: User, user: str, slug: str = "den") -> wire.MembershipFact:
    return members.remove_member(Actor.of(by), requests.RemoveMember(slug, user))


def set_role(by: User, user: str, role: Any, slug: str = "den") -> wire.MembershipFact:
    return members.set_role(Actor.of(by), requests.SetRole(slug, user, role))


def leave(user: User, slug: str = "den") -> wire.MembershipFact:
    return members.quit_room(Actor.of(user), requests.QuitRoom(slug))


def outcome(work: Callable[[], Any]) -> str:
    try:
        work()
    except ProtocolError as error:
        return str(error.code)
    return "done"


# --- The matrix of roles -------------------------------------------------------------------------------------------------


@pytest.fixture
def ranks(alice: User) -> dict[str, User]:
    """One of each role in a room that has a second owner, so that the first may go."""
    people = {name: person(name) for name in (*ROLES, "other-owner", "other-moderator", "other-member", "nobody")}
    room = room_of(people["other-owner"], "den")
    for name, user in people.items():
        if name not in ("other-owner", "nobody"):
            room.memberships.create(user=user, role=name.removeprefix("other-"))
    return people


# Who may add someone as what, remove whom, and turn whom into what: everything else is UNAUTHORIZED.
MAY_ADD = {"owner": set(ROLES), "moderator": {"moderator", "member"}, "member": set[str]()}
MAY_REMOVE = MAY_ADD
MAY_SET = {
    "owner": {(old, new) for old in ROLES for new in ROLES},
    "moderator": {(old, new) for old in ROLES[1:] for new in ROLES[1:]},
    "member": set[tuple[str, str]](),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("new", ROLES)
def test_who_may_add_somebody_as_what(ranks: dict[str, User], role: str, new: str) -> None:
    allowed = new in MAY_ADD[role]
    assert outcome(lambda: add(ranks[role], "nobody", new)) == ("done" if allowed else "UNAUTHORIZED")
    assert roles_in("den").get("nobody") == (new if allowed else None)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("target", ROLES)
def test_who_may_remove_whom(ranks: dict[str, User], role: str, target: str) -> None:
    allowed = target in MAY_REMOVE[role]
    assert outcome(lambda: remove(ranks[role], f"other-{target}")) == ("done" if allowed else "UNAUTHORIZED")
    assert (f"other-{target}" in roles_in("den")) != allowed


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("old", ROLES)
@pytest.mark.parametrize("new", ROLES)
def test_who_may_turn_whom_into_what(ranks: dict[str, User], role: str, old: str, new: str) -> None:
    allowed = (old, new) in MAY_SET[role]
    assert outcome(lambda: set_role(ranks[role], f"other-{old}", new)) == ("done" if allowed else "UNAUTHORIZED")
    assert roles_in("den")[f"other-{old}"] == (new if allowed else old)


@pytest.mark.parametrize("role", ROLES)
def test_everybody_may_remove_themselves(ranks: dict[str, User], role: str) -> None:
    remove(ranks[role], role)
    assert role not in roles_in("den")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("new", ROLES)
def test_nobody_rises_by_themselves(ranks: dict[str, User], role: str, new: str) -> None:
    outcome(lambda: set_role(ranks[role], role, new))
    assert Role(roles_in("den")[role]).rank <= Role(role).rank


# --- Owners --------------------------------------------------------------------------------------------------------------


def test_the_last_owner_cannot_go_nor_step_down_while_others_are_there(alice: User, den: Room) -> None:
    for work in (
        lambda: leave(alice),
        lambda: remove(alice, "alice"),
        lambda: set_role(alice, "alice", "member"),
        lambda: set_role(alice, "alice", "moderator"),
    ):
        assert outcome(work) == "REQUEST_FAILED"
    assert roles_in("den") == {"alice": "owner", "bob": "member"}
    set_role(alice, "bob", "owner")
    leave(alice)
    assert roles_in("den") == {"bob": "owner"}


def test_the_last_one_may_leave_an_empty_room(alice: User, bob: User, den: Room) -> None:
    leave(bob)
    leave(alice)
    assert roles_in("den") == {} and Room.objects.filter(slug="den").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
def test_two_owners_who_leave_in_the_same_moment_do_not_both_go(alice: User, bob: User, carol: User) -> None:
    for number in range(4):
        slug = f"room-{number}"
        room = room_of(alice, slug, members=[carol])
        room.memberships.create(user=bob, role="owner")
        results = in_threads(partial(leave, alice, slug), partial(leave, bob, slug))
        assert sum(isinstance(result, ProtocolError) for result in results) == 1
        assert sum(role == "owner" for role in roles_in(slug).values()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
def test_one_person_added_and_entering_at_once_is_one_member_with_one_notice(alice: User, bob: User) -> None:
    room_of(alice, "square", "open")
    join = partial(joining.open_room, Actor.of(bob), requests.JoinRoom("square"))
    results = in_threads(join, partial(add, alice, "bob", slug="square"), join, join)
    assert not any(isinstance(result, Exception) for result in results), results
    assert [row.kind for row in rows_of("square")] == ["join"] and len(roles_in("square")) == 2


# --- What is told --------------------------------------------------------------------------------------------------------


def notice(heard: Told) -> tuple[str, str, str]:
    (event,) = heard.of("new_message", "room:den")
    message = event["message"]
    return message["kind"], message["author"]["username"], message["content"]


def test_who_is_added_is_told_of_and_told(alice: User, mallory: User, den: Room, told: Listening) -> None:
    with told() as heard:
        fact = add(alice, "mallory", "moderator")
    assert (fact.room, fact.user.username, fact.role) == ("den", "mallory", "moderator")
    assert notice(heard) == ("join", "mallory", "alice")
    assert [each["role"] for each in heard.of("member_updated", "room:den")] == ["moderator"]
    assert heard.of("notification", f"user:{mallory.pk}") == [{"kind": "added", "room": "den"}]
    assert Membership.objects.get(user=mallory).last_read_seq == Room.objects.get(slug="den").change


def test_the_notice_says_how_both_are_called(alice: User, mallory: User, den: Room, told: Listening) -> None:
    User.objects.filter(pk=alice.pk).update(display_name="Alice Moreau")
    with told() as heard:
        add(alice, "mallory")
    (event,) = heard.of("new_message", "room:den")
    refs = event["message"]["author"], event["message"]["by"]
    assert refs == (
        {"id": str(mallory.pk), "username": "mallory"},
        {"id": str(alice.pk), "username": "alice", "displayName": "Alice Moreau"},
    )


def test_adding_a_member_again_changes_nothing(alice: User, bob: User, den: Room, told: Listening) -> None:
    with told() as heard:
        assert add(alice, str(bob.pk), "owner").role == "member"
        assert add(alice, "BOB").role == "member"
    assert heard == Told([], []) and rows_of("den") == []


@pytest.mark.parametrize("by_themselves", [True, False])
def test_who_goes_loses_access_everywhere_at_once(
    alice: User, bob: User, den: Room, told: Listening, by_themselves: bool
) -> None:
    with told() as heard:
        fact = leave(bob) if by_themselves else remove(alice, "bob")
    assert fact.role is None
    assert notice(heard) == ("leave", "bob", "" if by_themselves else "alice")
    assert [each["role"] for each in heard.of("member_updated", "room:den")] == [None]
    assert heard.of("notification", f"user:{bob.pk}") == [{"kind": "removed", "room": "den"}]
    assert heard.orders == [("access", bob.pk, "den")]


def test_a_new_role_is_told_without_a_notice(alice: User, bob: User, den: Room, told: Listening) -> None:
    with told() as heard:
        assert set_role(alice, "bob", "moderator").role == "moderator"
    assert [each["role"] for each in heard.of("member_updated", "room:den")] == ["moderator"]
    assert rows_of("den") == [] and heard.orders == []


def test_what_is_refused_is_not_told(alice: User, bob: User, den: Room, told: Listening) -> None:
    with told() as heard:
        for work in (lambda: remove(bob, "alice"), lambda: leave(alice), lambda: add(alice, "ghost")):
            assert outcome(work) in ("UNAUTHORIZED", "REQUEST_FAILED", "NOT_FOUND")
    assert heard == Told([], [])


# --- Special rooms -------------------------------------------------------------------------------------------------------


def test_a_direct_room_always_has_the_same_two_people(alice: User, bob: User, carol: User) -> None:
    room_of(alice, "direct-1", RoomKind.DIRECT, members=[bob])
    for work in (
        lambda: add(alice, "carol", slug="direct-1"),
        lambda: remove(alice, "bob", "direct-1"),
        lambda: leave(bob, "direct-1"),
        lambda: set_role(alice, "bob", "owner", "direct-1"),
    ):
        assert outcome(work) == "REQUEST_FAILED"
    assert set(roles_in("direct-1")) == {"alice", "bob"}


def test_nobody_is_added_to_an_archived_room_but_everybody_may_go(alice: User, bob: User, den: Room) -> None:
    person("dave")
    Room.objects.update(archived_at=timezone.now())
    assert outcome(lambda: add(alice, "dave")) == "REQUEST_FAILED"
    assert outcome(lambda: leave(bob)) == "done"


def test_people_who_are_not_there_are_not_found(alice: User, mallory: User, den: Room) -> None:
    person("retired", is_active=False)
    for name in ("ghost", "retired", "99999999", "99999999999999999999999", "٣"):
        with refused(ErrorCode.NOT_FOUND):
            add(alice, name)
    for work in (partial(remove, alice, "mallory"), partial(set_role, alice, "mallory", "member")):
        with refused(ErrorCode.NOT_FOUND):
            work()


# --- Joining -------------------------------------------------------------------------------------------------------------


def test_opening_an_open_room_makes_one_a_member(mallory: User, alice: User, told: Listening) -> None:
    room_of(alice, "square", "open")
    say(alice, "square", "before")
    with told() as heard:
        opened = joining.open_room(Actor.of(mallory), requests.JoinRoom("square"))
    assert opened.role == "member" and opened.last_read_seq == opened.room.change == 2
    assert [message.kind for message in opened.messages] == ["text", "join"]
    assert len(heard.of("new_message")) == 1
    again = joining.open_room(Actor.of(mallory), requests.JoinRoom("square"))
    assert again.room.change == 2 and Message.objects.filter(kind="join").count() == 1


def test_an_archived_open_room_takes_nobody_in_but_shows_its_members_everything(alice: User, mallory: User) -> None:
    room_of(alice, "square", "open")
    Room.objects.update(archived_at=timezone.now())
    with refused(ErrorCode.REQUEST_FAILED):
        joining.open_room(Actor.of(mallory), requests.JoinRoom("square"))
    assert joining.open_room(Actor.of(alice), requests.JoinRoom("square")).role == "owner"


@pytest.mark.parametrize("kind", ["closed", "direct", "session"])
def test_other_rooms_cannot_be_entered_nor_told_from_none(alice: User, mallory: User, kind: str) -> None:
    room_of(alice, "den", kind)
    said = []
    for slug in ("den", "nowhere"):
        with refused(ErrorCode.NOT_FOUND) as caught:
            joining.open_room(Actor.of(mallory), requests.JoinRoom(slug))
        said.append(caught.value.message)
    assert said[0] == said[1]
