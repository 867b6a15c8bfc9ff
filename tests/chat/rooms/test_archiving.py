"""Archived rooms come back; deleted ones are gone after a delay, with everything in them and nothing beside it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from msgspec import UNSET

from accounts.models import User
from chat.access import Actor
from chat.messages import changes, drafts
from chat.messages.posting import store
from chat.models import Attachment, Draft, Invitation, Membership, Mention, Message, Reaction, Reply, Room
from chat.protocol import requests
from chat.protocol.errors import ErrorCode
from chat.rooms import archiving, invitations, rooms
from tests.chat.conftest import Listening
from tests.chat.fixtures import a_post, codes, refused, room_of, rows_of, say

pytestmark = pytest.mark.django_db


def delete(actor: Actor, slug: str = "den") -> None:
    archiving.delete_room(actor, requests.DeleteRoom(slug))


def pass_days(days: float) -> None:
    Room.objects.exclude(deletes_at=None).update(deletes_at=timezone.now() + timedelta(days=7 - days))


def delete_due() -> int:
    rounds = 0
    while archiving.delete_some():
        rounds += 1
        assert rounds < 100
    return rounds


def test_a_restored_room_is_as_before(alice: User, bob: User, told: Listening) -> None:
    room_of(alice, "den", members=[bob])
    say(bob, "den", "before")
    archiving.archive_room(Actor.of(alice), requests.ArchiveRoom("den"))
    assert codes(store([a_post(bob, "den")])) == ["REQUEST_FAILED"]
    with told() as heard:
        fact = archiving.restore_room(Actor.of(alice), requests.RestoreRoom("den"))
        archiving.restore_room(Actor.of(alice), requests.RestoreRoom("den"))
    assert fact.room.archivedAt is fact.room.deletesAt is UNSET
    assert [row.kind for row in rows_of("den")] == ["text", "archive", "restore"], "restoring twice is one notice"
    assert {(each["kind"], each["room"]) for each in heard.of("notification", f"user:{bob.pk}")} == {("added", "den")}
    say(bob, "den", "after")
    assert [room.slug for room in rooms.list_rooms(Actor.of(bob)).rooms] == ["den"]


def test_a_room_is_read_only_until_it_is_deleted_and_can_be_kept(alice: User, bob: User, settings: Any) -> None:
    settings.ROOM_DELETION_DAYS = 7
    room_of(alice, "den", kind="open", members=[bob])
    (message,) = say(bob, "den", "words")
    delete(Actor.of(alice))
    room = Room.objects.get()
    assert room.archived_at is not None and room.deletes_at is not None
    assert timedelta(days=6.9) < room.deletes_at - timezone.now() <= timedelta(days=7)
    first = room.deletes_at
    delete(Actor.of(alice))
    assert Room.objects.get().deletes_at == first, "asking again does not put it off"
    pass_days(6.9)
    assert delete_due() == 0 and Message.objects.filter(pk=int(message.id)).exists()
    archiving.restore_room(Actor.of(alice), requests.RestoreRoom("den"))
    pass_days(8)
    assert delete_due() == 0 and Room.objects.get().archived_at is None


def fill(room: Room, alice: User, bob: User, settings: Any) -> str:
    """Put one of everything into a room; return the name of a stored file."""
    first, second = say(bob, room.slug, "hello @alice", "@claude why?")
    changes.add_reaction(Actor.of(alice), requests.AddReaction(first.id, "👍"))
    invitations.create(Actor.of(alice), room.slug, 1, None)
    drafts.save_draft(Actor.of(bob), requests.SaveDraft(room.slug, "unsent", 1))
    file = Attachment(room=room, uploader=bob, name="a.txt", content_type="text/plain", size=1)
    file.message_id = int(second.id)
    file.save()
    default_storage.save(str(file.file.name), ContentFile(b"x"))
    say(alice, room.slug, *(f"number {number}" for number in range(7)))
    return str(file.file.name)


IN_ROOMS = (Room, Membership, Message, Mention, Reaction, Reply, Draft, Invitation)


def test_everything_in_a_deleted_room_is_gone_and_nothing_of_another(
    alice: User, bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, told: Listening
) -> None:
    monkeypatch.setattr(archiving, "_MESSAGES_AT_ONCE", 3)
    kept, gone = room_of(alice, "kept", members=[bob]), room_of(alice, "den", kind="open", members=[bob])
    files = {room.slug: fill(room, alice, bob, settings) for room in (kept, gone)}
    before = {model: model.objects.count() for model in IN_ROOMS}
    delete(Actor.of(alice))
    pass_days(7.1)
    with told() as heard:
        assert delete_due() > 3, "a few messages at a time"
    after = {model: model.objects.count() for model in IN_ROOMS}
    # The notice of the archive is the one row that came in between.
    assert after == {model: count // 2 for model, count in before.items()}
    assert not default_storage.exists(files["den"]) and default_storage.exists(files["kept"])
    assert Attachment.objects.count() == 1
    assert sorted(heard.orders) == sorted([("access", alice.pk, "den"), ("access", bob.pk, "den")])
    (told_bob,) = heard.of("notification", f"user:{bob.pk}")
    assert (told_bob["kind"], told_bob["room"]) == ("removed", "den") and "was deleted on" in told_bob["text"]
    say(bob, "kept", "goes on")


def test_a_half_deleted_open_room_is_shown_to_no_one(
    alice: User, bob: User, mallory: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "_MESSAGES_AT_ONCE", 1)
    room_of(alice, "den", kind="open", members=[bob])
    say(bob, "den", "one", "two", "three")
    delete(Actor.of(alice))
    pass_days(7.1)
    assert archiving.delete_some() and Message.objects.exists()
    for user in (alice, bob, mallory):
        assert not Room.objects.visible_to(user.pk).exists()
        with refused(ErrorCode.NOT_FOUND):
            archiving.restore_room(Actor.of(user), requests.RestoreRoom("den"))
    delete_due()
    assert not Room.objects.exists()


def test_restoring_leads_past_no_quota(alice: User, settings: Any) -> None:
    settings.ROOMS_CREATED_PER_USER = 1
    room_of(alice, "one")
    archiving.archive_room(Actor.of(alice), requests.ArchiveRoom("one"))
    room_of(alice, "two")
    with refused(ErrorCode.REQUEST_FAILED):
        archiving.restore_room(Actor.of(alice), requests.RestoreRoom("one"))
