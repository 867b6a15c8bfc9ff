"""How much one person or room may have, also when many requests ask at the same time."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.access import Actor
from chat.files import attachments, uploads
from chat.messages import changes, drafts
from chat.messages.posting import store
from chat.models import Attachment, Draft, Invitation, Membership, Room
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import archiving, invitations, joining, members, operators, rooms
from tests.chat.conftest import person
from tests.chat.fixtures import a_post, in_threads, refused, room_of, say, stored

# Real threads and real commits: what one transaction counts, another may be adding to.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silence")]

THREADS = 6


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def create(user: User, *names: str, kind: Any = "closed") -> str:
    made = rooms.create_room(Actor.of(user), requests.CreateRoom(kind=kind, name="Room", members=list(names)))
    return made.room.slug


def join(user: User, slug: str) -> None:
    joining.open_room(Actor.of(user), requests.JoinRoom(slug))


def refusals(results: list[Any]) -> list[str]:
    """Return the sentences of what was refused. Anything else that went wrong is an error of the test."""
    wrong = [each for each in results if isinstance(each, Exception)]
    assert all(isinstance(each, ProtocolError) and each.code == ErrorCode.REQUEST_FAILED for each in wrong), wrong
    return [str(each) for each in wrong]


def upload(user: User, slug: str, content: bytes) -> None:
    attachments.keep(Actor.of(user), slug, uploads.inspect(io.BytesIO(content), "file.txt"))


# --- Requests at the same time -----------------------------------------------------------------------------------------


def test_rooms_created_at_the_same_time_do_not_pass_the_number(alice: User, settings: Any) -> None:
    settings.ROOMS_CREATED_PER_USER = 2
    works = [partial(create, alice, kind=kind) for kind in ("closed", "session") * (THREADS // 2)]
    said = refusals(in_threads(*works))
    assert said == ["You have created 2 rooms and sessions, the most you can keep. Archive one first."] * (THREADS - 2)
    assert Room.objects.filter(created_by=alice).count() == 2


def test_a_person_is_not_brought_into_too_many_rooms_by_several_at_the_same_time(bob: User, settings: Any) -> None:
    settings.ROOMS_PER_USER = 2
    owners = [person(f"owner{number}") for number in range(THREADS)]
    said = refusals(in_threads(*[partial(create, owner, "bob") for owner in owners]))
    full = "@bob is in 2 rooms, the most one person can be in, and has to leave some first."
    assert said == [full] * (THREADS - 2)
    assert Membership.objects.filter(user=bob).count() == 2
    assert Room.objects.count() == 2, "a room that could not be filled as asked is not there"


def test_people_who_come_in_at_the_same_time_do_not_overfill_a_room(alice: User, settings: Any) -> None:
    settings.MEMBERS_PER_ROOM = 3
    room_of(alice, "hall", "open")
    others = [person(f"p{number}") for number in range(THREADS)]
    link = invitations.create(Actor.of(alice), "hall", 7, None)
    works: list[Callable[[], object]] = [partial(join, other, "hall") for other in others[:2]]
    works += [partial(invitations.accept, Actor.of(other), link.token) for other in others[2:4]]
    asked = [requests.AddMember("hall", other.username) for other in others[4:]]
    works += [partial(members.add_member, Actor.of(alice), each) for each in asked]
    said = refusals(in_threads(*works))
    assert said == ["A room can have 3 members. Remove some first, or open another room."] * (THREADS - 2)
    assert Membership.objects.filter(room__slug="hall").count() == 3


def test_links_made_at_the_same_time_do_not_pass_the_number_of_a_person(alice: User, settings: Any) -> None:
    settings.INVITATIONS_PER_USER = 2
    slugs = [room_of(alice, f"den-{number}").slug for number in range(THREADS)]
    said = refusals(in_threads(*[partial(invitations.create, Actor.of(alice), slug, 7, None) for slug in slugs]))
    assert said == ["You have 2 invitation links, the most there can be. End one."] * (THREADS - 2)
    assert Invitation.objects.count() == 2


def test_drafts_saved_at_the_same_time_do_not_pass_the_number(alice: User, settings: Any) -> None:
    settings.DRAFTS_PER_USER = 2
    slugs = [room_of(alice, f"den-{number}").slug for number in range(THREADS)]
    asked = [requests.SaveDraft(slug, "words", 1) for slug in slugs]
    said = refusals(in_threads(*[partial(drafts.save_draft, Actor.of(alice), each) for each in asked]))
    assert said == ["You have 2 unsent drafts, the most there can be. Send or clear one first."] * (THREADS - 2)
    assert Draft.objects.count() == 2


def test_files_stored_at_the_same_time_do_not_pass_the_bytes(alice: User, settings: Any) -> None:
    settings.UPLOADED_BYTES_PER_USER = 25
    room_of(alice, "den")
    said = refusals(in_threads(*[partial(upload, alice, "den", b"0123456789")] * THREADS))
    allowed = "Your files may have 25 bytes together. Delete messages with files that aren't needed."
    assert said == [allowed] * (THREADS - 2)
    kept = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert Attachment.objects.count() == len(kept) == 2, "what was refused left nothing on the disk"


# --- What counts ---------------------------------------------------------------------------------------------------------


def test_archiving_makes_place_for_a_new_room(alice: User, bob: User, settings: Any) -> None:
    settings.ROOMS_CREATED_PER_USER = settings.ROOMS_PER_USER = 1
    slug = create(alice)
    with refused(ErrorCode.REQUEST_FAILED):
        create(alice)
    archiving.archive_room(Actor.of(alice), requests.ArchiveRoom(slug))
    create(alice)
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        create(alice, "bob", kind="direct")
    assert caught.value.message == "You are in 1 rooms, the most one person can be in. Leave or archive some first."
    assert Room.objects.filter(kind="direct").count() == 0


def test_direct_rooms_do_not_count_as_created(alice: User, bob: User, settings: Any) -> None:
    settings.ROOMS_CREATED_PER_USER = 1
    create(alice, "bob", kind="direct")
    create(alice)


def test_leaving_makes_place_for_another_room(alice: User, bob: User, settings: Any) -> None:
    settings.ROOMS_PER_USER = 2
    for slug in ("one", "two", "three"):
        room_of(alice, slug, "open")
    join(bob, "one")
    join(bob, "two")
    with refused(ErrorCode.REQUEST_FAILED):
        join(bob, "three")
    join(bob, "two")  # a member comes back all the same
    members.quit_room(Actor.of(bob), requests.QuitRoom("one"))
    join(bob, "three")


def test_a_full_person_uses_up_no_invitation(alice: User, bob: User, settings: Any) -> None:
    settings.ROOMS_PER_USER = 1
    room_of(bob, "home")
    room_of(alice, "den")
    link = invitations.create(Actor.of(alice), "den", 7, 1)
    with refused(ErrorCode.REQUEST_FAILED):
        invitations.accept(Actor.of(bob), link.token)
    link.refresh_from_db()
    assert link.uses_left == 1


def test_only_links_that_work_count(alice: User, settings: Any) -> None:
    settings.INVITATIONS_PER_ROOM = 2
    room_of(alice, "den")
    make = partial(invitations.create, Actor.of(alice), "den", 7, None)
    old, used = make(), make()
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        make()
    assert caught.value.message == "This room has 2 invitation links, the most there can be. End one."
    Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    make()
    Invitation.objects.filter(pk=used.pk).update(uses_left=0)
    make()


def test_a_draft_that_is_there_is_kept_up_to_date_whatever_their_number(alice: User, bob: User, settings: Any) -> None:
    settings.DRAFTS_PER_USER = 1
    for slug in ("one", "two"):
        room_of(alice, slug)
    room_of(alice, "ours", "session")
    save = partial(drafts.save_draft, Actor.of(alice))
    save(requests.SaveDraft("one", "words", 1))
    save(requests.SaveDraft("one", "other words", 2))
    save(requests.SaveDraft("ours", "a session's draft belongs to the room", 1))
    with refused(ErrorCode.REQUEST_FAILED):
        save(requests.SaveDraft("two", "words", 1))
    save(requests.SaveDraft("two", "", 1))
    save(requests.SaveDraft("one", "", 3))
    save(requests.SaveDraft("two", "words", 2))


def test_deleting_a_message_makes_place_for_a_file(alice: User, settings: Any) -> None:
    settings.UPLOADED_BYTES_PER_USER = 15
    room_of(alice, "den")
    kept = attachments.keep(Actor.of(alice), "den", uploads.inspect(io.BytesIO(b"0123456789"), "file.txt"))
    (message,) = stored(store([a_post(alice, "den", "see", attachments=(kept.id,))]))
    with refused(ErrorCode.REQUEST_FAILED):
        upload(alice, "den", b"0123456789")
    changes.delete_message(Actor.of(alice), requests.DeleteMessage(message.id))
    upload(alice, "den", b"0123456789")


def test_staff_create_more_and_the_admin_site_adds_beyond_every_number(ruth: User, bob: User, settings: Any) -> None:
    settings.ROOMS_CREATED_PER_USER = settings.MEMBERS_PER_ROOM = 1
    slugs = [create(ruth), create(ruth)]
    settings.ROOMS_PER_USER = 1
    room_of(bob, "home")
    room = Room.objects.get(slug=slugs[0])
    operators.add_member(room.pk, bob.pk, "member", Actor.of(ruth))
    assert Membership.objects.filter(room=room).count() == 2


def test_zero_is_no_limit(alice: User, bob: User, settings: Any) -> None:
    for name in (
        "ROOMS_CREATED_PER_USER", "ROOMS_PER_USER", "MEMBERS_PER_ROOM", "INVITATIONS_PER_ROOM", "INVITATIONS_PER_USER",
        "DRAFTS_PER_USER", "REACTIONS_PER_MESSAGE", "UPLOADED_BYTES_PER_USER",
    ):  # fmt: skip
        setattr(settings, name, 0)
    slug = create(alice, "bob")
    invitations.create(Actor.of(alice), slug, 7, None)
    drafts.save_draft(Actor.of(alice), requests.SaveDraft(slug, "words", 1))
    upload(alice, slug, b"0123456789")
    (message,) = say(alice, slug, "hello")
    changes.add_reaction(Actor.of(bob), requests.AddReaction(message.id, "👍"))
