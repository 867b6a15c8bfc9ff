"""People who are gone: they can be taken out of rooms, own nothing, and are not written to. Refusals name people."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.access import Actor
from chat.messages.posting import store
from chat.models import Attachment, Draft, Membership, Message, Room
from chat.people import lookup
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.protocol.room_settings import ClaudeOptions
from chat.rooms import archiving, leaving, members, rooms
from chat.rooms.bans import ban_member, unban_member
from tests.chat.conftest import person
from tests.chat.fixtures import a_post, codes, refused, room_of, rows_of, say
from tests.reports.people import DIRECT, OWNERS, STATES, TEXTS, UNKNOWN, Direct, Owners, State, Unknown

pytestmark = pytest.mark.django_db


def someone(name: str, state: State) -> User:
    return put_into(person(name), state)


def put_into(user: User, state: State) -> User:
    user.is_active = state.is_active
    if state.is_banned:
        user.banned_at = timezone.now()
        user.ban_ends_at = None if state.lasts is None else timezone.now() + state.lasts
    user.save()
    return user


def quit_(owner: Actor) -> None:
    members.quit_room(owner, requests.QuitRoom("den"))


def quit_among_others(owner: Actor) -> None:
    left = leaving.leave(owner, "den")
    if not left.left:
        raise ProtocolError(ErrorCode(left.error.code), left.error.message)  # type: ignore[union-attr]


def step_down(owner: Actor) -> None:
    members.set_role(owner, requests.SetRole("den", str(owner.id), "member"))


def remove_oneself(owner: Actor) -> None:
    members.remove_member(owner, requests.RemoveMember("den", owner.username))


@pytest.mark.parametrize("way", [quit_, quit_among_others, step_down, remove_oneself])
@pytest.mark.parametrize("case", OWNERS, ids=lambda case: case.kind)
def test_a_room_of_active_people_keeps_an_active_owner(alice: User, case: Owners, way: Callable[[Actor], None]) -> None:
    room = room_of(alice, "den")
    for number, (role, state) in enumerate(case.others):
        Membership.objects.create(room=room, user=someone(f"other-{number}", state), role=role)
    if case.may_leave:
        way(Actor.of(alice))
    else:
        with refused(ErrorCode.REQUEST_FAILED):
            way(Actor.of(alice))
        assert room.memberships.get(user=alice).role == "owner"


@pytest.mark.parametrize("key", ["name", "id", "capitals"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_whoever_is_in_a_room_can_be_demoted_banned_and_removed(alice: User, state: State, key: str) -> None:
    user = someone("zoe", state)
    room_of(alice, "den", moderators=[user])
    asked = {"name": "zoe", "id": str(user.pk), "capitals": "ZOE"}[key]
    owner = Actor.of(alice)
    assert members.set_role(owner, requests.SetRole("den", asked, "member")).role == "member"
    members.remove_member(owner, requests.RemoveMember("den", asked))
    assert not Membership.objects.filter(user=user).exists()
    ban_member(owner, requests.BanMember("den", asked))
    unban_member(owner, requests.UnbanMember("den", asked))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("case", DIRECT, ids=lambda case: case.state.name)
def test_a_direct_message_is_refused_to_those_who_can_never_read_it(
    alice: User, bob: User, case: Direct, text: str
) -> None:
    slug = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"])).room.slug
    room_of(alice, "den", members=[bob])
    put_into(bob, case.state)
    results = store([a_post(alice, slug, text), a_post(alice, "den", "to all")])
    assert codes(results) == ["" if case.is_stored else "REQUEST_FAILED", ""]
    assert bool(rows_of(slug)) == case.is_stored, "neither the message nor a reply of Claude's"
    if not case.is_stored:
        assert "@bob can't use Parley any more" in str(results[0])
    shown = rooms.present(Room.objects.get(slug=slug))
    assert (shown.unreachable is True) == (not case.is_stored)


def test_what_is_sent_again_is_confirmed_although_the_person_has_gone_meanwhile(alice: User, bob: User) -> None:
    slug = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"])).room.slug
    post = a_post(alice, slug, "hello", client_id="once")
    assert codes(store([post])) == [""]
    put_into(bob, STATES[1])
    assert codes(store([post])) == [""] and Message.objects.count() == 1


REQUESTS: dict[str, Callable[[Actor, str], object]] = {
    "add": lambda actor, key: members.add_member(actor, requests.AddMember("den", key)),
    "remove": lambda actor, key: members.remove_member(actor, requests.RemoveMember("den", key)),
    "role": lambda actor, key: members.set_role(actor, requests.SetRole("den", key, "member")),
    "ban": lambda actor, key: ban_member(actor, requests.BanMember("den", key)),
    "unban": lambda actor, key: unban_member(actor, requests.UnbanMember("den", key)),
    "look up": lambda actor, key: lookup.get_user(actor, requests.GetUser(key)),
    "direct": lambda actor, key: rooms.create_room(actor, requests.CreateRoom(kind="direct", members=[key])),
    "create": lambda actor, key: rooms.create_room(actor, requests.CreateRoom(name="x", members=[key])),
}


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("case", UNKNOWN, ids=lambda case: ascii(case.typed))
def test_a_refusal_names_the_person_who_was_not_found(alice: User, what: str, case: Unknown) -> None:
    room_of(alice, "den")
    with refused(ErrorCode.NOT_FOUND) as caught:
        REQUESTS[what](Actor.of(alice), case.typed)
    assert caught.value.message == f"Person not found: {case.named}."


def test_all_who_were_not_found_are_named_and_a_stranger_to_the_room_is_another_matter(alice: User, bob: User) -> None:
    room_of(alice, "den")
    with refused(ErrorCode.NOT_FOUND) as caught:
        rooms.create_room(Actor.of(alice), requests.CreateRoom(name="x", members=["ghost", "bob", "4711"]))
    assert caught.value.message == "People not found: @ghost, 4711."
    for act, message in (("remove", "Member not found: @bob."), ("unban", "Ban not found: @bob.")):
        with refused(ErrorCode.NOT_FOUND) as caught:
            REQUESTS[act](Actor.of(alice), "bob")
        assert caught.value.message == message


def make_draft(actor: Actor, slug: str) -> None:
    Draft.objects.create(room=Room.objects.get(slug=slug), user=None, content="words", version=1)


def attach(actor: Actor, slug: str) -> None:
    Attachment.objects.create(room=Room.objects.get(slug=slug), uploader_id=actor.id, name="a", size=1)


USES: dict[str, Callable[[Actor, str], object]] = {
    "a prompt": lambda actor, slug: say(User.objects.get(pk=actor.id), slug, "hello"),
    "a draft": make_draft,
    "a file": attach,
    "a name": lambda actor, slug: rooms.update_room(actor, requests.UpdateRoom(slug, name="Plan")),
    "a topic": lambda actor, slug: rooms.update_room(actor, requests.UpdateRoom(slug, topic="Plan")),
    "instructions": lambda actor, slug: rooms.update_room(
        actor, requests.UpdateRoom(slug, claude=ClaudeOptions(instructions="Be brief."))
    ),
    "a tool": lambda actor, slug: Room.objects.filter(slug=slug).update(claude_tools=["clock"]),
    "another member": lambda actor, slug: members.add_member(actor, requests.AddMember(slug, "bob")),
    "the archive": lambda actor, slug: archiving.archive_room(actor, requests.ArchiveRoom(slug)),
    "leaving it": lambda actor, slug: members.quit_room(actor, requests.QuitRoom(slug)),
}


def test_clicks_on_new_session_lead_to_one_room(alice: User, bob: User) -> None:
    first = rooms.new_session(Actor.of(alice))
    assert {rooms.new_session(Actor.of(alice)) for _ in range(5)} == {first} and Room.objects.count() == 1
    assert rooms.new_session(Actor.of(bob)) != first


@pytest.mark.parametrize("use", USES)
def test_a_session_that_has_been_used_is_left_alone(alice: User, bob: User, settings: Any, use: str) -> None:
    settings.ASK_BEFORE_ADDING = "never"
    first = rooms.new_session(Actor.of(alice))
    USES[use](Actor.of(alice), first)
    second = rooms.new_session(Actor.of(alice))
    assert second != first and rooms.new_session(Actor.of(alice)) == second
