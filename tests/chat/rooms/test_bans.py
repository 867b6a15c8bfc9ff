"""Bans from a room: who may impose them on whom, and every way in that they close until their end."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from msgspec import UNSET

from accounts.claude import account
from accounts.models import User
from chat import access
from chat.access import Actor
from chat.files import attachments
from chat.messages import exporting, history
from chat.messages.posting import store
from chat.models import Attachment, Kind, Membership, Room, RoomBan
from chat.people import lookup
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import bans, browsing, invitations, joining, member_list, members, rooms
from chat.search.search import search_messages
from tests.chat.conftest import Listening, person
from tests.chat.fixtures import a_post, assert_gapless, codes, in_threads, refused, room_of, rows_of, say

REASON = "Advertising"


@pytest.fixture
def plaza(alice: User, bob: User) -> Room:
    """An open room in which alice is the owner and bob a member."""
    return room_of(alice, "plaza", "open", members=[bob])


def ban(by: User, whom: str, room: str = "plaza", **facts: Any) -> Any:
    return bans.ban_member(Actor.of(by), requests.BanMember(room, whom, **facts))


def in_ms(**ahead: float) -> int:
    return int((timezone.now() + timedelta(**ahead)).timestamp() * 1000)


def test_a_ban_ends_the_membership_and_is_told_with_reason_and_end(
    alice: User, bob: User, plaza: Room, told: Listening
) -> None:
    until = in_ms(days=7)
    with told() as heard:
        fact = ban(alice, "bob", reason="  Advertising\n again ", until=until)
    assert (fact.room, fact.ban.user.username, fact.ban.reason, fact.ban.endsAt) == (
        "plaza", "bob", "Advertising again", until,
    )  # fmt: skip
    assert fact.ban.by.username == "alice"
    assert not Membership.objects.filter(user=bob).exists()
    notice = rows_of("plaza")[-1]
    assert (notice.kind, notice.author, notice.content) == (Kind.LEAVE, bob, "alice")
    (news,) = heard.of("notification", f"user:{bob.pk}")
    assert (news["kind"], news["room"]) == ("removed", "plaza")
    assert news["text"].startswith("You are banned from this room until ")
    assert news["text"].endswith(" UTC. Reason: Advertising again")
    assert ("access", bob.pk, "plaza") in heard.orders, "their tabs hear nothing more"


WAYS_IN: dict[str, Callable[[Actor, Any], Any]] = {
    "join": lambda actor, _: joining.open_room(actor, requests.JoinRoom("plaza")),
    "read": lambda actor, _: history.page(actor, requests.GetMessages("plaza")),
    "search in it": lambda actor, _: search_messages(actor, requests.SearchMessages("words", room="plaza")),
    "list people": lambda actor, _: member_list.page(actor, "plaza"),
    "complete names": lambda actor, _: member_list.like(actor, "plaza", "a"),
    "see who is here": lambda actor, _: lookup.room_of_presence(actor, requests.ListPresence("plaza")),
    "open its pages": lambda actor, _: access.room_for(actor, "plaza"),
    "export": lambda actor, _: exporting.room_to_export(actor, "plaza"),
    "upload": lambda actor, _: attachments.check_may_upload(actor, "plaza"),
    "use a link": lambda actor, link: invitations.accept(actor, link.token),
    "lift the ban": lambda actor, _: bans.unban_member(actor, requests.UnbanMember("plaza", actor.username)),
    "list bans": lambda actor, _: bans.list_bans(actor, requests.ListBans("plaza")),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_banned_person_has_no_way_into_an_open_room_and_reads_why(alice: User, plaza: Room, way: str) -> None:
    say(alice, "plaza", "words")
    link = invitations.create(Actor.of(alice), "plaza", 7, None)
    mallory = person("mallory")
    ban(alice, "mallory", reason=REASON)
    with refused(ErrorCode.UNAUTHORIZED) as caught:
        WAYS_IN[way](Actor.of(mallory), link)
    assert caught.value.message == "You are banned from this room. Reason: Advertising"
    assert not Membership.objects.filter(user=mallory).exists()


def test_a_banned_person_posts_nothing_and_gets_no_files_of_an_open_room(alice: User, plaza: Room) -> None:
    (said,) = say(alice, "plaza", "words")
    file = Attachment.objects.create(room=plaza, message_id=int(said.id), uploader=alice, name="a", size=1)
    mallory = person("mallory")
    assert access.attachment_for(Actor.of(mallory), file.public_id) == file
    ban(alice, "mallory", reason=REASON)
    assert codes(store([a_post(mallory, "plaza")])) == ["UNAUTHORIZED"]
    with refused(ErrorCode.NOT_FOUND):
        access.attachment_for(Actor.of(mallory), file.public_id)


def test_a_banned_person_finds_an_open_room_in_no_list(alice: User, plaza: Room) -> None:
    mallory = person("mallory")
    actor = Actor.of(mallory)
    assert [room.slug for room in browsing.browse_rooms(actor, requests.BrowseRooms()).rooms] == ["plaza"]
    ban(alice, "mallory")
    found_open = browsing.browse_rooms(actor, requests.BrowseRooms())
    assert (found_open.rooms, found_open.total) == ([], 0)
    assert not Room.objects.visible_to(mallory.pk).exists()
    found = history.sync(actor, requests.Sync({"plaza": requests.SyncCursor(0, plaza.epoch)}))
    assert found.rooms["plaza"].error == "UNAUTHORIZED"


def test_a_closed_room_tells_a_banned_person_nothing(alice: User, bob: User, lounge: Room) -> None:
    link = invitations.create(Actor.of(alice), "lounge", 7, None)
    ban(alice, "bob", "lounge", reason=REASON)
    with refused(ErrorCode.NOT_FOUND):
        history.page(Actor.of(bob), requests.GetMessages("lounge"))
    with refused(ErrorCode.UNAUTHORIZED) as caught:  # the link has told them of the room
        invitations.accept(Actor.of(bob), link.token)
    assert REASON in caught.value.message


def test_a_refused_link_keeps_its_uses(alice: User, plaza: Room) -> None:
    link = invitations.create(Actor.of(alice), "plaza", 7, 1)
    mallory = person("mallory")
    ban(alice, "mallory")
    with refused(ErrorCode.UNAUTHORIZED):
        invitations.accept(Actor.of(mallory), link.token)
    link.refresh_from_db()
    assert link.uses_left == 1


def test_a_banned_person_is_added_by_no_one_until_the_ban_is_lifted(alice: User, bob: User, plaza: Room) -> None:
    ban(alice, "bob", until=in_ms(days=1))
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        members.add_member(Actor.of(alice), requests.AddMember("plaza", "bob"))
    assert caught.value.message.startswith("@bob is banned from this room until ")
    assert caught.value.message.endswith(" UTC. Lift the ban first.")
    bans.unban_member(Actor.of(alice), requests.UnbanMember("plaza", "bob"))
    members.add_member(Actor.of(alice), requests.AddMember("plaza", "bob"))
    assert Membership.objects.filter(user=bob, room=plaza).exists()


def test_a_ban_is_over_at_its_end_without_anything_having_run(alice: User, bob: User, plaza: Room) -> None:
    ban(alice, "bob", until=in_ms(days=1))
    RoomBan.objects.update(ends_at=timezone.now() - timedelta(milliseconds=1))
    assert bans.list_bans(Actor.of(alice), requests.ListBans("plaza")).bans == []
    assert [room.slug for room in browsing.browse_rooms(Actor.of(bob), requests.BrowseRooms()).rooms] == ["plaza"]
    assert joining.open_room(Actor.of(bob), requests.JoinRoom("plaza")).role == "member"
    with refused(ErrorCode.NOT_FOUND):
        bans.unban_member(Actor.of(alice), requests.UnbanMember("plaza", "bob"))


def test_a_second_ban_replaces_the_first(alice: User, bob: User, plaza: Room) -> None:
    ban(alice, "bob", reason="one", until=in_ms(days=1))
    ban(alice, "bob", reason="two")
    (listed,) = bans.list_bans(Actor.of(alice), requests.ListBans("plaza")).bans
    assert (listed.reason, listed.endsAt) == ("two", UNSET)
    assert [row.kind for row in rows_of("plaza")] == [Kind.LEAVE], "a second ban is no second farewell"


@pytest.mark.parametrize(
    ("by", "whom", "code"),
    [
        ("owner", "moderator", ""),
        ("owner", "member", ""),
        ("owner", "stranger", ""),
        ("owner", "retired", ""),
        ("owner", "co-owner", "UNAUTHORIZED"),
        ("owner", "owner", "REQUEST_FAILED"),
        ("owner", "claude", "REQUEST_FAILED"),
        ("owner", "nobody", "NOT_FOUND"),
        ("moderator", "member", ""),
        ("moderator", "stranger", ""),
        ("moderator", "co-moderator", "UNAUTHORIZED"),
        ("moderator", "owner", "UNAUTHORIZED"),
        ("member", "stranger", "UNAUTHORIZED"),
        ("member", "member-two", "UNAUTHORIZED"),
        ("stranger", "member", "UNAUTHORIZED"),
    ],
)
def test_people_are_banned_by_those_above_them_only(by: str, whom: str, code: str, db: None) -> None:
    names = ("owner", "co-owner", "moderator", "co-moderator", "member", "member-two", "stranger", "retired")
    account()
    cast = {name: person(name, is_active=name != "retired") for name in names}
    room = room_of(
        cast["owner"], "plaza", "open", moderators=[cast["moderator"], cast["co-moderator"]],
        members=[cast["member"], cast["member-two"], cast["retired"]],
    )  # fmt: skip
    room.memberships.create(user=cast["co-owner"], role="owner")
    before = set(Membership.objects.values_list("user__username", flat=True))
    try:
        ban(cast[by], whom)
        found = ""
    except ProtocolError as error:
        found = str(error.code)
    assert found == code
    left = set(Membership.objects.values_list("user__username", flat=True))
    assert left == before - ({whom} if not code else set())
    assert RoomBan.objects.exists() is not bool(code)


def test_no_one_is_banned_from_a_direct_room(alice: User, bob: User) -> None:
    slug = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"])).room.slug
    with refused(ErrorCode.REQUEST_FAILED):
        ban(alice, "bob", slug)


@pytest.mark.parametrize(
    "until", [0, 1, 2**53 - 1, in_ms(days=-1), in_ms(days=4000)], ids=["0", "1", "the most", "ago", "far"]
)
def test_an_end_that_is_over_or_far_away_is_refused(alice: User, plaza: Room, until: int) -> None:
    with refused(ErrorCode.VALIDATION_ERROR) as caught:
        ban(alice, "bob", until=until)
    assert caught.value.details == {"path": "$.until"}
    assert not RoomBan.objects.exists()


def test_bans_are_listed_in_pages_newest_first(alice: User, plaza: Room) -> None:
    for number in range(5):
        person(f"p{number}")
        ban(alice, f"p{number}")
    first = bans.list_bans(Actor.of(alice), requests.ListBans("plaza", limit=3))
    assert ([each.user.username for each in first.bans], first.hasMore) == (["p4", "p3", "p2"], True)
    rest = bans.list_bans(Actor.of(alice), requests.ListBans("plaza", limit=3, before=first.bans[-1].id))
    assert ([each.user.username for each in rest.bans], rest.hasMore) == (["p1", "p0"], False)


def test_a_ban_of_an_account_that_is_gone_by_now_still_holds(alice: User, bob: User, plaza: Room) -> None:
    helper = person("helper")
    plaza.memberships.create(user=helper, role="moderator")
    ban(helper, "bob")
    helper.delete()
    (listed,) = bans.list_bans(Actor.of(alice), requests.ListBans("plaza")).bans
    assert listed.by is None
    with refused(ErrorCode.UNAUTHORIZED):
        joining.open_room(Actor.of(bob), requests.JoinRoom("plaza"))


@pytest.mark.django_db(transaction=True)
def test_joining_and_being_banned_at_the_same_time_never_ends_in_both(silence: list[Any]) -> None:
    owner = person("owner")
    room_of(owner, "plaza", "open")
    for number in range(6):
        guest = person(f"guest{number}")
        in_threads(
            partial(joining.open_room, Actor.of(guest), requests.JoinRoom("plaza")),
            partial(ban, owner, guest.username),
        )
        assert RoomBan.objects.filter(user=guest).exists()
        assert not Membership.objects.filter(user=guest).exists()
    assert_gapless("plaza")


def test_a_moderator_undoes_no_invitation_of_an_owner_by_a_ban(
    alice: User, bob: User, plaza: Room, settings: Any
) -> None:
    settings.ASK_BEFORE_ADDING = "strangers"
    Membership.objects.filter(room=plaza, user=bob).update(role="moderator")
    person("mallory")
    for role in ("owner", "moderator"):
        members.add_member(Actor.of(alice), requests.AddMember("plaza", "mallory", role))
        with refused(ErrorCode.UNAUTHORIZED):
            ban(bob, "mallory")
        members.remove_member(Actor.of(alice), requests.RemoveMember("plaza", "mallory"))
    members.add_member(Actor.of(alice), requests.AddMember("plaza", "mallory"))
    assert ban(bob, "mallory").ban.user.username == "mallory"
