"""Asking people before a stranger puts them into a room: who counts as a stranger, and what yes and no lead to."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.access import Actor
from chat.models import MemberInvitation, Membership, Role, Room
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import accepting, archiving, asking, bans, invitations, joining, members, rooms
from tests.chat.conftest import Listening, person
from tests.chat.fixtures import in_threads, refused, room_of, rows_of, say

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asks(settings: Any) -> Any:
    settings.ASK_BEFORE_ADDING = "strangers"
    return settings


@pytest.fixture
def den(alice: User) -> Room:
    return room_of(alice, "den")


def add(by: User, user: str, role: Any = "member", slug: str = "den") -> wire.MembershipFact:
    return members.add_member(Actor.of(by), requests.AddMember(slug, user, role))


def waiting(user: User) -> list[wire.Invitation]:
    return accepting.list_invitations(Actor.of(user), requests.ListInvitations()).invitations


def accept(user: User, slug: str = "den") -> wire.MembershipFact:
    return accepting.accept_invitation(Actor.of(user), requests.AcceptInvitation(slug))


def decline(user: User, slug: str = "den") -> wire.MembershipFact:
    return accepting.decline_invitation(Actor.of(user), requests.DeclineInvitation(slug))


def rooms_of(user: User) -> set[str]:
    return set(Membership.objects.filter(user=user).values_list("room__slug", flat=True))


# --- Strangers are asked -------------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_and_nothing_of_the_room_is_theirs_yet(
    alice: User, bob: User, den: Room, told: Listening
) -> None:
    with told() as heard:
        fact = add(alice, "bob", "moderator")
    assert fact == wire.MembershipFact("den", Actor.of(bob).ref, None, pending=True)
    assert rooms_of(bob) == set() and rows_of("den") == []
    (news,) = heard.of("notification", f"user:{bob.pk}")
    by = {"id": str(alice.pk), "username": "alice"}
    shown = {"room": "den", "name": "Den", "kind": "closed", "role": "moderator", "by": by}
    assert news["kind"] == "invited" and {**news["invitation"], **shown} == news["invitation"]
    assert len(heard.events) == 1, "the room hears of members only"
    (invitation,) = waiting(bob)
    assert (invitation.room, invitation.role, invitation.by) == ("den", "moderator", Actor.of(alice).ref)
    with told() as heard:
        assert add(alice, "bob") == wire.MembershipFact("den", Actor.of(bob).ref, None, pending=True)
    assert heard.events == [] and waiting(bob) == [invitation], "asking again changes nothing"


def test_who_accepts_is_a_member_with_the_role_that_was_offered(
    alice: User, bob: User, den: Room, told: Listening
) -> None:
    add(alice, "bob", "moderator")
    with told() as heard:
        assert accept(bob) == wire.MembershipFact("den", Actor.of(bob).ref, "moderator")
    kinds = [news["kind"] for news in heard.of("notification", f"user:{bob.pk}")]
    assert sorted(kinds) == ["added", "uninvited"]
    assert [(row.kind, row.content) for row in rows_of("den")] == [("join", "")], "they came on their own"
    assert waiting(bob) == []
    with refused(ErrorCode.NOT_FOUND):
        accept(bob)


def test_who_declines_hears_no_more_of_that_room_for_a_week(alice: User, bob: User, den: Room, told: Listening) -> None:
    add(alice, "bob")
    with told() as heard:
        assert decline(bob) == wire.MembershipFact("den", Actor.of(bob).ref, None)
    assert [news["kind"] for news in heard.of("notification", f"user:{bob.pk}")] == ["uninvited"]
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        add(alice, "bob")
    assert "@bob declined an invitation to this room. You can ask again on " in caught.value.message
    Membership.objects.create(room=den, user=person("carol"), role=Role.OWNER)
    with refused(ErrorCode.REQUEST_FAILED):
        add(User.objects.get(username="carol"), "bob")
    MemberInvitation.objects.update(at=timezone.now() - timedelta(days=7, seconds=1))
    assert add(alice, "bob").pending is True
    accept(bob)


def test_a_declined_room_can_still_be_entered_by_a_link_of_ones_own_will(alice: User, bob: User, den: Room) -> None:
    add(alice, "bob")
    decline(bob)
    link = invitations.create(Actor.of(alice), "den", 7, None)
    assert invitations.accept(Actor.of(bob), link.token) == "den"
    assert MemberInvitation.objects.count() == 0


@pytest.mark.parametrize("kind", ["open", "closed", "session"])
def test_people_named_for_a_new_room_are_asked_as_well(alice: User, bob: User, carol: User, kind: Any) -> None:
    room_of(alice, "ours", members=[carol])
    made = rooms.create_room(
        Actor.of(alice), requests.CreateRoom(kind=kind, name="New", room="new", members=["bob", "carol", "alice"])
    )
    assert made.invited == [Actor.of(bob).ref]
    assert set(Membership.objects.filter(room__slug="new").values_list("user__username", flat=True)) == {
        "alice",
        "carol",
    }
    assert [invitation.kind for invitation in waiting(bob)] == [kind]
    assert accept(bob, "new").role == "member"


# --- Who is no stranger --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["closed", "session"])
def test_people_who_share_a_private_room_are_added_at_once(alice: User, bob: User, den: Room, kind: str) -> None:
    room_of(bob, "ours", kind, members=[alice])
    assert add(alice, "bob").role == "member" and rooms_of(bob) == {"den", "ours"}


def test_an_open_room_makes_nobody_known(alice: User, bob: User, den: Room) -> None:
    room_of(bob, "hall", "open", members=[alice])
    assert add(alice, "bob").pending is True


def test_a_direct_room_counts_once_the_other_has_written_in_it(alice: User, bob: User, den: Room) -> None:
    room = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"])).room.slug
    say(alice, room, "Hello?", "Anybody there?")
    assert add(alice, "bob").pending is True
    decline(bob)
    say(bob, room, "Hello")
    room_of(alice, "other")
    assert add(alice, "bob", slug="other").role == "member"


def test_staff_add_whom_they_want(ruth: User, bob: User, settings: Any) -> None:
    room_of(ruth, "den")
    for setting in ("strangers", "always"):
        settings.ASK_BEFORE_ADDING = setting
        assert add(ruth, "bob").role == "member"
        members.remove_member(Actor.of(ruth), requests.RemoveMember("den", "bob"))


def test_the_setting_asks_everybody_or_nobody(alice: User, bob: User, den: Room, settings: Any) -> None:
    room_of(bob, "ours", members=[alice])
    settings.ASK_BEFORE_ADDING = "always"
    assert add(alice, "bob").pending is True
    settings.ASK_BEFORE_ADDING = "never"
    assert add(alice, "bob").role == "member" and waiting(bob) == []


def test_who_has_left_a_room_is_asked_before_they_are_put_back(alice: User, bob: User, den: Room) -> None:
    room_of(bob, "ours", members=[alice])
    add(alice, "bob")
    members.quit_room(Actor.of(bob), requests.QuitRoom("den"))
    assert add(alice, "bob").pending is True and rooms_of(bob) == {"ours"}
    accept(bob)
    members.remove_member(Actor.of(alice), requests.RemoveMember("den", "bob"))
    assert add(alice, "bob").role == "member", "who was removed did not go on their own"


def removed(by: User, slug: str = "den") -> None:
    members.remove_member(Actor.of(by), requests.RemoveMember(slug, "bob"))


def ban_and_lift(by: User, slug: str = "den") -> None:
    bans.ban_member(Actor.of(by), requests.BanMember(slug, "bob"))
    bans.unban_member(Actor.of(by), requests.UnbanMember(slug, "bob"))


@pytest.mark.parametrize("way", [removed, ban_and_lift])
def test_no_detour_puts_back_a_person_who_has_left(alice: User, bob: User, den: Room, way: Any) -> None:
    room_of(bob, "ours", members=[alice])
    add(alice, "bob")
    members.quit_room(Actor.of(bob), requests.QuitRoom("den"))
    for _again in range(2):
        assert add(alice, "bob").pending is True
        way(alice)
        assert waiting(bob) == []
    assert add(alice, "bob").pending is True and rooms_of(bob) == {"ours"}
    accept(bob)
    assert MemberInvitation.objects.count() == 0, "by their own will they are back"


def test_a_ban_that_is_lifted_does_not_forget_that_a_person_declined(alice: User, bob: User, den: Room) -> None:
    add(alice, "bob")
    decline(bob)
    ban_and_lift(alice)
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        add(alice, "bob")
    assert "declined" in caught.value.message


def test_coming_back_by_oneself_forgets_the_leaving(alice: User, bob: User) -> None:
    room_of(alice, "hall", "open")
    actor = Actor.of(bob)
    joining.open_room(actor, requests.JoinRoom("hall"))
    members.quit_room(actor, requests.QuitRoom("hall"))
    assert MemberInvitation.objects.count() == 1
    joining.open_room(actor, requests.JoinRoom("hall"))
    assert MemberInvitation.objects.count() == 0


# --- What an invitation is worth -----------------------------------------------------------------------------------------


def test_an_invitation_is_worth_as_much_as_the_person_who_made_it(alice: User, bob: User, carol: User) -> None:
    room = room_of(alice, "den", moderators=[carol])
    add(carol, "bob", "moderator")
    members.set_role(Actor.of(alice), requests.SetRole("den", "carol", "member"))
    assert waiting(bob) == []
    with refused(ErrorCode.NOT_FOUND):
        accept(bob)
    assert add(alice, "bob", "owner").pending is True, "another one replaces it"
    Membership.objects.filter(room=room, user=alice).update(role=Role.MODERATOR)
    assert accept(bob).role == "moderator"


def test_an_invitation_of_a_person_who_lost_the_right_does_not_come_back_with_it(
    alice: User, bob: User, carol: User, told: Listening
) -> None:
    room_of(alice, "den", moderators=[carol])
    add(carol, "bob")
    with told() as heard:
        members.set_role(Actor.of(alice), requests.SetRole("den", "carol", "member"))
    assert [news["kind"] for news in heard.of("notification", f"user:{bob.pk}")] == ["uninvited"]
    members.set_role(Actor.of(alice), requests.SetRole("den", "carol", "moderator"))
    assert waiting(bob) == []
    add(carol, "bob")
    members.remove_member(Actor.of(alice), requests.RemoveMember("den", "carol"))
    add(alice, "carol")
    accept(carol)
    members.set_role(Actor.of(alice), requests.SetRole("den", "carol", "moderator"))
    assert waiting(bob) == []


def test_invitations_end_with_the_room_and_after_a_month(alice: User, bob: User, den: Room) -> None:
    add(alice, "bob")
    archiving.archive_room(Actor.of(alice), requests.ArchiveRoom("den"))
    assert waiting(bob) == []
    with refused(ErrorCode.NOT_FOUND):
        accept(bob)
    room_of(alice, "other")
    add(alice, "bob", slug="other")
    MemberInvitation.objects.update(at=timezone.now() - timedelta(days=31))
    assert waiting(bob) == []
    assert add(alice, "bob", slug="other").pending is True and len(waiting(bob)) == 1


def test_moderators_withdraw_an_invitation_and_others_do_not(
    alice: User, bob: User, carol: User, den: Room, told: Listening
) -> None:
    Membership.objects.create(room=den, user=carol)
    add(alice, "bob")
    with refused(ErrorCode.UNAUTHORIZED):
        members.remove_member(Actor.of(carol), requests.RemoveMember("den", "bob"))
    with told() as heard:
        members.remove_member(Actor.of(alice), requests.RemoveMember("den", "bob"))
    assert [(type_, data["kind"]) for _group, type_, data in heard.events] == [("notification", "uninvited")]
    with refused(ErrorCode.NOT_FOUND):
        accept(bob)
    assert add(alice, "bob").pending is True, "a withdrawn invitation is no declined one"


def test_the_banned_are_not_invited_and_a_ban_takes_the_invitation_away(alice: User, bob: User, den: Room) -> None:
    add(alice, "bob")
    bans.ban_member(Actor.of(alice), requests.BanMember("den", "bob"))
    assert waiting(bob) == []
    with refused(ErrorCode.REQUEST_FAILED):
        add(alice, "bob")


def test_what_was_never_asked_can_be_neither_accepted_nor_declined(alice: User, bob: User, den: Room) -> None:
    errors = []
    for slug in ("den", "nowhere"):
        for act in (accept, decline):
            with refused(ErrorCode.NOT_FOUND) as caught:
                act(bob, slug)
            errors.append(caught.value.message)
    assert len(set(errors)) == 1, "a closed room is not told of"


# --- Bounds --------------------------------------------------------------------------------------------------------------


def test_one_person_has_three_invitations_to_another_declined_ones_too(alice: User, bob: User) -> None:
    for number in range(4):
        room_of(alice, f"den-{number}")
    for number in range(3):
        add(alice, "bob", slug=f"den-{number}")
    decline(bob, "den-0")
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        add(alice, "bob", slug="den-3")
    sentence = "You have invited @bob 3 times lately. Wait before you invite them again, or send them a link."
    assert caught.value.message == sentence
    with refused(ErrorCode.REQUEST_FAILED):
        rooms.create_room(Actor.of(alice), requests.CreateRoom(name="New", room="new", members=["bob"]))
    assert not Room.objects.filter(slug="new").exists()
    accept(bob, "den-1")
    assert add(alice, "bob", slug="den-3").role == "member", "a person who accepts knows them"


def test_the_invitations_of_all_people_together_are_bounded(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PENDING_AT_MOST", 3)
    owners = [person(f"owner{number}") for number in range(4)]
    for owner in owners:
        room_of(owner, f"room-of-{owner.username}")
    for owner in owners[:3]:
        add(owner, "bob", slug=f"room-of-{owner.username}")
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        add(owners[3], "bob", slug="room-of-owner3")
    assert caught.value.message == "@bob has 3 invitations to accept or decline. Send them a link instead."
    assert len(waiting(bob)) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
def test_invitations_made_and_accepted_at_the_same_time_count_once(alice: User, bob: User) -> None:
    for number in range(6):
        room_of(alice, f"den-{number}")
    results = in_threads(*[partial(add, alice, "bob", slug=f"den-{number}") for number in range(6)])
    assert sum(isinstance(each, ProtocolError) for each in results) == 3
    assert len(waiting(bob)) == 3
    slug = waiting(bob)[0].room
    outcomes = in_threads(*[partial(accept, bob, slug)] * 4, *[partial(decline, bob, slug)] * 2)
    done = [each for each in outcomes if not isinstance(each, Exception)]
    assert len(done) >= 1
    assert all(
        isinstance(each, ProtocolError) and each.code == ErrorCode.NOT_FOUND for each in outcomes if each not in done
    )
    assert len(done) == 1, "the first choice counts"
    assert (slug in rooms_of(bob)) == (len(rows_of(slug)) == 1)
