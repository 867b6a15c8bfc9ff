"""Rights where rooms and memberships end: archived rooms, people who left and came back, notices, tombstones, files."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.db import transaction

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.files import attachments
from chat.messages import changes, drafts, history, replies
from chat.messages.posting import store
from chat.models import Attachment, Membership, Message, Room
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import archiving, bans, invitations, members, rooms
from tests.chat.claude.talk import asks, ends
from tests.chat.fixtures import a_post, codes, refused, room_of, rows_of, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User, bob: User, carol: User) -> Room:
    return room_of(alice, "den", "session", members=[bob], moderators=[carol])


@pytest.fixture
def reply(bob: User, den: Room) -> str:
    return str(ends(asks(bob, den, "hello"), "so far").message_id)


@pytest.fixture
def prompt(reply: str) -> str:
    shown = Message.objects.get(pk=reply).shown
    assert shown is not None
    return str(shown.prompt_id)


WRITES: Final[dict[str, Callable[[Actor, str, str], Any]]] = {
    "edit": lambda actor, prompt, _: changes.edit_message(actor, prompt, "x", ""),
    "react": lambda actor, prompt, _: changes.add_reaction(actor, requests.AddReaction(prompt, "🎉")),
    "unreact": lambda actor, prompt, _: changes.remove_reaction(actor, requests.RemoveReaction(prompt, "🎉")),
    "stop": lambda actor, _, reply: replies.stop_reply(actor, requests.StopReply(reply)),
    "retry": lambda actor, _, reply: replies.retry_reply(actor, requests.RetryReply(reply)),
    "continue": lambda actor, _, reply: replies.continue_reply(actor, requests.ContinueReply(reply)),
    "show version": lambda actor, _, reply: replies.show_version(actor, requests.ShowVersion(reply, 1), "", ""),
    "upload": lambda actor, *_: attachments.check_may_upload(actor, "den"),
}


@pytest.mark.parametrize("act", WRITES)
def test_in_an_archived_room_nothing_is_written_not_even_by_its_owner(
    alice: User, bob: User, den: Room, prompt: str, reply: str, act: str
) -> None:
    archiving.archive_room(Actor.of(alice), requests.ArchiveRoom("den"))
    before = list(Message.objects.order_by("pk").values())
    for user in (alice, bob):
        with pytest.raises(ProtocolError) as caught:
            WRITES[act](Actor.of(user), prompt, reply)
        # One's own edit is refused because of the room; others' edits because they are others'.
        assert caught.value.code in (ErrorCode.REQUEST_FAILED, ErrorCode.UNAUTHORIZED)
    assert list(Message.objects.order_by("pk").values()) == before
    assert codes(store([a_post(bob, "den")])) == ["REQUEST_FAILED"]
    with refused(ErrorCode.REQUEST_FAILED):
        invitations.create(Actor.of(alice), "den", 1, None)


@pytest.mark.parametrize("act", WRITES)
def test_a_person_who_left_can_do_nothing_to_what_they_wrote_until_they_are_back(
    alice: User, bob: User, den: Room, prompt: str, reply: str, act: str
) -> None:
    members.remove_member(Actor.of(alice), requests.RemoveMember("den", "bob"))
    with refused(ErrorCode.NOT_FOUND):
        WRITES[act](Actor.of(bob), prompt, reply)
    with refused(ErrorCode.NOT_FOUND):
        changes.delete_message(Actor.of(bob), requests.DeleteMessage(prompt))
    with refused(ErrorCode.NOT_FOUND):
        replies.keyframe_of(Actor.of(bob), requests.GetStream(reply))
    Membership.objects.create(room=den, user=bob)
    changes.edit_message(Actor.of(bob), prompt, "mine again", "")
    assert Message.objects.get(pk=prompt).content == "mine again"


def test_a_demoted_owner_is_an_ordinary_member_at_once(alice: User, bob: User, carol: User, den: Room) -> None:
    members.set_role(Actor.of(alice), requests.SetRole("den", "carol", "owner"))
    members.set_role(Actor.of(carol), requests.SetRole("den", "alice", "member"))
    (bobs,) = say(bob, "den", "bob's")
    actor = Actor.of(alice)
    attempts: list[Callable[[], Any]] = [
        lambda: changes.delete_message(actor, requests.DeleteMessage(bobs.id)),
        lambda: members.set_role(actor, requests.SetRole("den", "alice", "owner")),
        lambda: members.remove_member(actor, requests.RemoveMember("den", "bob")),
        lambda: bans.ban_member(actor, requests.BanMember("den", "bob")),
        lambda: bans.list_bans(actor, requests.ListBans("den")),
        lambda: rooms.update_room(actor, requests.UpdateRoom("den", name="Mine")),
        lambda: archiving.archive_room(actor, requests.ArchiveRoom("den")),
        lambda: invitations.create(actor, "den", 1, None),
    ]
    for attempt in attempts:
        sid = transaction.savepoint()
        with refused(ErrorCode.UNAUTHORIZED):
            attempt()
        transaction.savepoint_rollback(sid)
    assert invitations.of_room(actor, "den") == []


def test_notices_and_tombstones_take_no_reaction_edit_or_second_deletion(alice: User, carol: User, den: Room) -> None:
    members.remove_member(Actor.of(alice), requests.RemoveMember("den", "bob"))
    notice = str(rows_of("den")[-1].pk)
    gone = changes.delete_message(Actor.of(alice), requests.DeleteMessage(say(alice, "den", "x")[0].id)).message
    for message in (notice, gone.id):
        with refused(ErrorCode.REQUEST_FAILED):
            changes.add_reaction(Actor.of(carol), requests.AddReaction(message, "🎉"))
        with refused(ErrorCode.REQUEST_FAILED):
            changes.edit_message(Actor.of(alice), message, "x", "")
    with refused(ErrorCode.REQUEST_FAILED):
        changes.delete_message(Actor.of(alice), requests.DeleteMessage(notice))
    again: wire.Message = changes.delete_message(Actor.of(alice), requests.DeleteMessage(gone.id)).message
    assert again.change == gone.change


def test_others_unposted_files_are_neither_seen_nor_posted_and_ones_own_not_after_leaving(
    alice: User, bob: User, den: Room
) -> None:
    file = Attachment.objects.create(room=den, uploader=bob, name="a", size=1)
    with refused(ErrorCode.NOT_FOUND):
        access.attachment_for(Actor.of(alice), file.public_id)
    assert codes(store([a_post(alice, "den", attachments=(file.public_id,))])) == ["NOT_FOUND"]
    assert access.attachment_for(Actor.of(bob), file.public_id) == file
    members.quit_room(Actor.of(bob), requests.QuitRoom("den"))
    with refused(ErrorCode.NOT_FOUND):
        access.attachment_for(Actor.of(bob), file.public_id)


def test_a_person_who_left_keeps_no_draft_page_or_place_in_the_room(alice: User, bob: User, den: Room) -> None:
    members.quit_room(Actor.of(bob), requests.QuitRoom("den"))
    with refused(ErrorCode.NOT_FOUND):
        drafts.save_draft(Actor.of(bob), requests.SaveDraft("den", "x", 1))
    with refused(ErrorCode.NOT_FOUND):
        history.page(Actor.of(bob), requests.GetMessages("den"))
    with refused(ErrorCode.NOT_FOUND):
        rooms.mute_room(Actor.of(bob), requests.MuteRoom("den", True))
