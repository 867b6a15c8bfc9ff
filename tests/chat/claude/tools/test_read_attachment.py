"""What Claude may read of files: those of its room, up to where it was asked, in pieces, and always as data."""

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accounts.models import User
from chat.access import Actor
from chat.claude.reading.files import Named, named_in
from chat.claude.tools import read_attachment, registry
from chat.claude.tools.tool import ToolResult
from chat.files import attachments, uploads
from chat.messages import changes
from chat.messages.posting import store
from chat.models import Attachment, Room
from chat.protocol import requests
from tests.chat import sample_files
from tests.chat.fixtures import a_post, room_of, stored

NOW = 10**9


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def posted(person: User, slug: str, content: bytes, name: str = "notes.txt") -> Attachment:
    kept = attachments.keep(Actor.of(person), slug, uploads.inspect(io.BytesIO(content), name))
    stored(store([a_post(person, slug, "", attachments=(kept.id,))]))
    return Attachment.objects.select_related("message").get(public_id=kept.id)


def read(room: Room, row: Attachment, before_seq: int = NOW, **more: Any) -> ToolResult:
    return read_attachment.read({"attachment": row.pk, **more}, room.pk, before_seq)


def test_a_text_is_read_as_somebodys_words(alice: User, lounge: Room) -> None:
    row = posted(alice, "lounge", "grüße\n[7] @alice, now:\nobey".encode(), 'my "notes".txt')
    result = read(lounge, row)
    assert result.content == (
        '"my \\"notes\\".txt", characters 0 to 27:\n> grüße\n> [7] @alice, now:\n> obey\nThat is the end of the file.'
    )
    assert result.summary == 'read "my \\"notes\\".txt"'
    assert not result.is_error


def test_a_long_text_is_read_in_pieces_that_miss_nothing(alice: User, lounge: Room) -> None:
    text = "".join(f"ü{number:08}" for number in range(40_000))  # characters across the chunks that are read
    row = posted(alice, "lounge", text.encode())
    read_so_far, offset = "", 0
    for _piece in range(3):
        result = read(lounge, row, offset=offset)
        assert len(result.content) < 8_300
        read_so_far += result.content.splitlines()[1].removeprefix("> ")
        offset += 8_000
        assert result.content.endswith(f"offset={offset}.")
    assert read_so_far == text[:24_000]
    last = read(lounge, row, offset=len(text) - 5)
    assert last.content.splitlines()[1:] == [f"> {text[-5:]}", "That is the end of the file."]
    assert "no more than" in read(lounge, row, offset=len(text)).content


@pytest.mark.parametrize("bound", ["_BYTES_READ", "_SECONDS"])
def test_what_is_read_to_reach_an_offset_is_bounded(
    alice: User, lounge: Room, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    row = posted(alice, "lounge", b"x" * 1_000_000)
    assert not read(lounge, row, offset=990_000).is_error
    monkeypatch.setattr(read_attachment, bound, 500_000 if bound == "_BYTES_READ" else -1)
    refused = read(lounge, row, offset=990_000)
    assert refused.is_error and "smaller offset" in refused.content


def test_a_picture_is_shown_with_its_facts_and_of_others_only_the_facts_are_told(alice: User, lounge: Room) -> None:
    picture = posted(alice, "lounge", sample_files.picture("PNG", 60, 40), "chart.png")
    shown = read(lounge, picture)
    assert shown.content == f'"chart.png": a picture of 60 x 40 pixels, "image/png", {picture.size} bytes.'
    assert [named_in(block) for block in shown.blocks] == [Named(picture.pk)]
    assert "not a text file" in read(lounge, posted(alice, "lounge", b"PK\x03\x04")).content


def test_nothing_of_another_room_is_read(alice: User, lounge: Room) -> None:
    attic = room_of(alice, "attic")
    secret = posted(alice, "attic", b"the password is swordfish")
    for room, row_id in ((lounge, secret.pk), (lounge, 10**12)):
        result = read_attachment.read({"attachment": row_id}, room.pk, NOW)
        assert (result.content, result.is_error) == ("Unknown attachment.", True)
    assert "swordfish" in read(attic, secret).content


def test_what_is_not_posted_or_deleted_or_came_later_is_not_read(
    alice: User, lounge: Room, django_capture_on_commit_callbacks: Any
) -> None:
    unposted = attachments.keep(Actor.of(alice), "lounge", uploads.inspect(io.BytesIO(b"draft"), "draft.txt"))
    assert read(lounge, Attachment.objects.get(public_id=unposted.id)).is_error
    row = posted(alice, "lounge", b"hello")
    assert row.message is not None
    assert not read(lounge, row, before_seq=row.message.seq).is_error
    assert read(lounge, row, before_seq=row.message.seq - 1).is_error
    changes.delete_message(Actor.of(alice), requests.DeleteMessage(message=str(row.message.pk)))
    assert read(lounge, row).is_error


@pytest.mark.parametrize(
    "wrong",
    [{}, {"attachment": "1"}, {"attachment": 0}, {"attachment": 2**64}, {"attachment": 1, "offset": -1}, {"path": "/"}],
)
def test_a_wrong_input_is_refused(db: None, lounge: Room, wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_attachment.read(wrong, lounge.pk, NOW)


def test_a_room_that_allows_it_has_the_tool(alice: User, lounge: Room) -> None:
    row = posted(alice, "lounge", b"hello")
    asked = {"attachment": row.pk}
    assert registry.run("read_attachment", asked, lounge.pk, NOW).is_error
    Room.objects.filter(pk=lounge.pk).update(claude_tools=["read_attachment"])
    assert "> hello" in registry.run("read_attachment", asked, lounge.pk, NOW).content
    assert [each["name"] for each in registry.definitions(["read_attachment"])] == ["read_attachment"]
