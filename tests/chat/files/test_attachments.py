"""Files in messages: who may post which, that each is posted once, and that they go when their message goes."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from msgspec import UNSET

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.files import attachments, uploads
from chat.messages import changes, history
from chat.messages.posting import store
from chat.models import Attachment, Message, Room
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode
from chat.rooms import members, rooms
from chat.search import search
from tests.chat import sample_files
from tests.chat.fixtures import a_post, codes, in_threads, refused, room_of, say, stored

Upload = Callable[..., wire.Attachment]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


def upload(person: User, slug: str, content: bytes = b"hello", name: str = "hello.txt") -> wire.Attachment:
    return attachments.keep(Actor.of(person), slug, uploads.inspect(io.BytesIO(content), name))


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def row_of(attachment: wire.Attachment) -> Attachment:
    return Attachment.objects.get(public_id=attachment.id)


def age(attachment: wire.Attachment, **since: float) -> None:
    Attachment.objects.filter(public_id=attachment.id).update(created_at=timezone.now() - timedelta(**since))


# --- Uploading ------------------------------------------------------------------------------------------------------


def test_an_upload_is_kept_under_a_name_that_says_nothing(alice: User, lounge: Room, media: Path) -> None:
    kept = upload(alice, "lounge", sample_files.picture("PNG", 2000, 100), "secret plan.png")
    row = row_of(kept)
    assert kept == wire.Attachment(
        id=row.public_id,
        name="secret plan.png",
        contentType="image/png",
        size=row.size,
        url=f"/attachments/{row.public_id}/secret%20plan.png",
        width=2000,
        height=100,
    )
    assert row.message is None and row.room == lounge and row.uploader == alice
    assert len(files_in(media)) == 2
    assert not any("plan" in str(path) or row.public_id in str(path) for path in files_in(media))
    assert default_storage.size(row.file.name or "") == row.size


def test_only_members_who_may_write_upload(alice: User, bob: User, mallory: User, lounge: Room) -> None:
    for check in (attachments.check_may_upload, lambda actor, slug: upload(User.objects.get(pk=actor.id), slug)):
        check(Actor.of(bob), "lounge")
        with refused(ErrorCode.NOT_FOUND):
            check(Actor.of(mallory), "lounge")
        with refused(ErrorCode.NOT_FOUND):
            check(Actor.of(alice), "nowhere")
    room_of(alice, "square", kind="open")
    with refused(ErrorCode.UNAUTHORIZED):
        attachments.check_may_upload(Actor.of(mallory), "square")
    Room.objects.filter(slug="lounge").update(archived_at=timezone.now())
    with refused(ErrorCode.REQUEST_FAILED):
        attachments.check_may_upload(Actor.of(bob), "lounge")


def test_a_disk_that_is_full_leaves_neither_row_nor_file(
    alice: User, lounge: Room, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = default_storage.save
    written: list[str] = []

    def save(name: str, content: Any) -> str:
        if written:
            raise OSError(28, "No space left on device")
        written.append(real(name, content))
        return written[0]

    monkeypatch.setattr(default_storage, "save", save)
    with pytest.raises(OSError, match="No space"):
        upload(alice, "lounge", sample_files.picture("PNG", 2000, 100))
    assert len(written) == 1
    assert not Attachment.objects.exists()
    assert files_in(media) == []


# --- Posting --------------------------------------------------------------------------------------------------------


def test_a_message_brings_its_attachments_in_its_own_order(alice: User, bob: User, lounge: Room) -> None:
    first, second = upload(alice, "lounge", b"one", "one.txt"), upload(alice, "lounge", sample_files.picture())
    (message,) = stored(store([a_post(alice, "lounge", "see", attachments=(second.id, first.id))]))
    assert message.attachments == [second, first]
    page = history.page(Actor.of(bob), requests.GetMessages(room="lounge", limit=1))
    assert page.messages[0].attachments == [second, first]
    (hit,) = search.search_messages(Actor.of(bob), requests.SearchMessages(query="see")).hits
    assert hit.message.attachments == [second, first]


def test_messages_without_attachments_do_not_speak_of_any(alice: User, lounge: Room) -> None:
    (message,) = say(alice, "lounge", "plain")
    assert message.attachments is UNSET
    page = history.page(Actor.of(alice), requests.GetMessages(room="lounge", limit=1))
    assert page.messages[0].attachments is UNSET


def test_a_message_may_be_attachments_alone() -> None:
    assert attachments.checked_message("  ", ["a"]) == ""
    assert attachments.checked_message("\n text ", ["a"]) == " text"
    for content in ("", "  ", "\u200b"):
        with refused(ErrorCode.VALIDATION_ERROR):
            attachments.checked_message(content, [])


def test_a_message_has_a_bounded_number_of_attachments(settings: Any) -> None:
    settings.UPLOADS_PER_MESSAGE = 2
    attachments.checked_message("", ["a", "b"])
    with refused(ErrorCode.VALIDATION_ERROR) as caught:
        attachments.checked_message("text", ["a", "b", "c"])
    assert caught.value.details == {"path": "$.attachments"}
    settings.UPLOADS_PER_MESSAGE = 0
    attachments.checked_message("", ["a", "b", "c"])


def test_the_same_attachment_twice_is_a_mistake() -> None:
    with refused(ErrorCode.VALIDATION_ERROR):
        attachments.checked_message("text", ["a", "a"])


def test_one_posts_ones_own_from_this_room_and_each_once(alice: User, bob: User, lounge: Room) -> None:
    room_of(alice, "attic", members=[bob])
    own, elsewhere, foreign = upload(bob, "lounge"), upload(bob, "attic"), upload(alice, "lounge")
    for wrong in ("unknown", elsewhere.id, foreign.id):
        assert codes(store([a_post(bob, "lounge", "x", attachments=(own.id, wrong))])) == ["NOT_FOUND"]
    assert row_of(own).message is None
    results = store([a_post(bob, "lounge", text, attachments=(own.id,)) for text in ("first", "second")])
    assert codes(results) == ["", "NOT_FOUND"]
    assert codes(store([a_post(bob, "lounge", "later", attachments=(own.id,))])) == ["NOT_FOUND"]
    message = row_of(own).message
    assert message is not None and message.content == "first"
    assert row_of(foreign).message is None and row_of(elsewhere).message is None


def test_a_message_that_is_refused_leaves_its_attachments_free(alice: User, mallory: User, lounge: Room) -> None:
    own = upload(alice, "lounge")
    assert codes(store([a_post(alice, "lounge", "x", attachments=(own.id,), reply_to=10**9)])) == ["NOT_FOUND"]
    assert codes(store([a_post(alice, "lounge", "y", attachments=(own.id,))])) == [""]


def test_a_message_sent_again_is_the_same_message_with_the_same_attachments(alice: User, lounge: Room) -> None:
    own, other = upload(alice, "lounge"), upload(alice, "lounge")
    post = a_post(alice, "lounge", "", client_id="c", attachments=(own.id,))
    (first,) = stored(store([post]))
    again = store([post, post])
    assert stored(again) == [first, first]
    assert [result.is_first for result in again] == [False, False]  # type: ignore[union-attr]
    for different in ((), (other.id,), (own.id, other.id)):
        assert codes(store([post._replace(attachments=different)])) == ["CONFLICT"]
    assert Message.objects.filter(room=lounge, kind="text").count() == 1
    assert row_of(other).message is None


def test_attachments_of_another_message_of_ones_own_are_not_free_under_its_client_id(alice: User, lounge: Room) -> None:
    own = upload(alice, "lounge")
    stored(store([a_post(alice, "lounge", "x", client_id="c", attachments=(own.id,))]))
    assert codes(store([a_post(alice, "lounge", "y", client_id="d", attachments=(own.id,))])) == ["NOT_FOUND"]
    assert codes(store([a_post(alice, "lounge", "y", client_id=None, attachments=(own.id,))])) == ["NOT_FOUND"]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_post_one_attachment_at_once_one_succeeds(alice: User, silence: list[Any]) -> None:
    room_of(alice, "lounge")
    own = upload(alice, "lounge")
    posts = [a_post(alice, "lounge", f"{number}", attachments=(own.id,)) for number in range(4)]
    results = in_threads(*(lambda post=post: store([post]) for post in posts))
    assert sorted(codes([result[0] for result in results])) == ["", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]  # type: ignore[index]


def test_posting_and_reading_cost_no_query_more_without_attachments(alice: User, lounge: Room) -> None:
    say(alice, "lounge", "warm up")
    with CaptureQueriesContext(connection) as posting:
        say(alice, "lounge", "one", "two")
    with CaptureQueriesContext(connection) as reading:
        history.page(Actor.of(alice), requests.GetMessages(room="lounge"))
    assert not any('FROM "chat_attachment"' in query["sql"] for query in posting.captured_queries)
    assert not any(query["sql"].startswith('SELECT "chat_attachment"') for query in reading.captured_queries)
    plain = len(reading.captured_queries)
    for number in range(3):
        stored(store([a_post(alice, "lounge", f"{number}", attachments=(upload(alice, "lounge").id,))]))
    with CaptureQueriesContext(connection) as reading:
        history.page(Actor.of(alice), requests.GetMessages(room="lounge"))
    assert len(reading.captured_queries) == plain + 1


# --- Seeing ---------------------------------------------------------------------------------------------------------


def test_who_may_read_the_room_sees_what_was_posted(alice: User, bob: User, mallory: User, lounge: Room) -> None:
    kept = upload(alice, "lounge")
    assert access.attachment_for(Actor.of(alice), kept.id).public_id == kept.id
    for other in (bob, mallory):  # not posted: no one else's business
        with refused(ErrorCode.NOT_FOUND):
            access.attachment_for(Actor.of(other), kept.id)
    stored(store([a_post(alice, "lounge", "", attachments=(kept.id,))]))
    assert access.attachment_for(Actor.of(bob), kept.id).public_id == kept.id
    with refused(ErrorCode.NOT_FOUND) as hidden:
        access.attachment_for(Actor.of(mallory), kept.id)
    with refused(ErrorCode.NOT_FOUND) as missing:
        access.attachment_for(Actor.of(mallory), "nothing")
    assert hidden.value.message == missing.value.message


def test_who_was_removed_sees_nothing_more_not_even_their_own(alice: User, bob: User, lounge: Room) -> None:
    posted, unposted = upload(bob, "lounge"), upload(bob, "lounge")
    stored(store([a_post(bob, "lounge", "", attachments=(posted.id,))]))
    members.remove_member(Actor.of(alice), requests.RemoveMember(room="lounge", user="bob"))
    for each in (posted, unposted):
        with refused(ErrorCode.NOT_FOUND):
            access.attachment_for(Actor.of(bob), each.id)


def test_in_an_open_room_everybody_sees_what_was_posted(alice: User, mallory: User) -> None:
    rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="open", name="Square", room="square"))
    kept = upload(alice, "square")
    stored(store([a_post(alice, "square", "", attachments=(kept.id,))]))
    assert access.attachment_for(Actor.of(mallory), kept.id).public_id == kept.id


# --- Removing -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_deleted_message_takes_its_files_with_it(alice: User, media: Path, silence: list[Any]) -> None:
    room_of(alice, "lounge")
    kept, other = upload(alice, "lounge", sample_files.picture("PNG", 1000, 900)), upload(alice, "lounge", b"stays")
    message, _stays = stored(
        store([a_post(alice, "lounge", "x", attachments=(kept.id,)), a_post(alice, "lounge", attachments=(other.id,))])
    )
    response = changes.delete_message(Actor.of(alice), requests.DeleteMessage(message=message.id))
    assert response.message.attachments is UNSET
    assert [row.public_id for row in Attachment.objects.all()] == [other.id]
    assert [path.read_bytes() for path in files_in(media)] == [b"stays"]
    with refused(ErrorCode.NOT_FOUND):
        access.attachment_for(Actor.of(alice), kept.id)


@pytest.mark.django_db(transaction=True)
def test_a_disk_that_fails_does_not_bring_a_deleted_file_back(
    alice: User, silence: list[Any], media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room_of(alice, "lounge")
    kept = upload(alice, "lounge")
    (message,) = stored(store([a_post(alice, "lounge", "x", attachments=(kept.id,))]))

    def fail(_name: str) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "delete", fail)
        changes.delete_message(Actor.of(alice), requests.DeleteMessage(message=message.id))
    with refused(ErrorCode.NOT_FOUND):
        access.attachment_for(Actor.of(alice), kept.id)
    assert codes(store([a_post(alice, "lounge", "again", attachments=(kept.id,))])) == ["NOT_FOUND"]
    age(kept, days=2)
    assert attachments.clean() == 1
    assert files_in(media) == []


def test_what_nobody_posts_is_removed_after_a_day(alice: User, lounge: Room, media: Path) -> None:
    young, old, posted = (upload(alice, "lounge", text) for text in (b"young", b"old", b"posted"))
    stored(store([a_post(alice, "lounge", "x", attachments=(posted.id,))]))
    age(young, hours=23)
    for each in (old, posted):
        age(each, hours=25)
    out = io.StringIO()
    call_command("clean_uploads", stdout=out)
    assert out.getvalue() == "Removed 1 attachments.\n"
    assert sorted(path.read_bytes() for path in files_in(media)) == [b"posted", b"young"]
    assert {row.public_id for row in Attachment.objects.all()} == {young.id, posted.id}


def test_cleaning_goes_on_until_nothing_is_left(
    alice: User, lounge: Room, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "REMOVED_AT_ONCE", 2)
    for _each in range(5):
        age(upload(alice, "lounge"), days=3)
    call_command("clean_uploads", stdout=io.StringIO())
    assert files_in(media) == [] and not Attachment.objects.exists()


def test_cleaning_leaves_what_was_posted_in_the_meantime(
    alice: User, lounge: Room, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = upload(alice, "lounge")
    age(kept, days=2)
    real = QuerySet.update
    met: list[str] = []

    def post_first(rows: Any, **values: Any) -> int:
        if values == {"room": None} and not met:
            met.append("between the cleaner's look and its grip")
            stored(store([a_post(alice, "lounge", "in time", attachments=(kept.id,))]))
        return real(rows, **values)

    monkeypatch.setattr(QuerySet, "update", post_first)
    assert attachments.clean() == 0
    assert met
    assert len(files_in(media)) == 1
    assert access.attachment_for(Actor.of(alice), kept.id).public_id == kept.id


def test_files_of_a_room_that_is_gone_are_removed(alice: User, lounge: Room, media: Path) -> None:
    kept = upload(alice, "lounge")
    stored(store([a_post(alice, "lounge", "x", attachments=(kept.id,))]))
    age(kept, days=2)
    Message.objects.filter(room=lounge).delete()
    lounge.delete()
    with refused(ErrorCode.NOT_FOUND):
        access.attachment_for(Actor.of(alice), kept.id)
    assert attachments.clean() == 1
    assert files_in(media) == []
