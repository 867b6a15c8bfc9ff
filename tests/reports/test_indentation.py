"""Indentation survives posting, editing, versions of prompts, and the way to Claude, in messages and in files."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from chat.access import Actor
from chat.claude.reading import transcript
from chat.claude.tools import read_attachment
from chat.files import attachments, uploads
from chat.markdown import is_plain, render
from chat.markdown.content import checked_content
from chat.messages.posting import store
from chat.models import Attachment, Room
from chat.protocol.requests import UpdateRoom
from chat.protocol.room_settings import ClaudeOptions
from chat.rooms import rooms
from tests.chat.fixtures import a_post, room_of, stored
from tests.reports.indentation import CASES, SHOWN, Case

MORNING = datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_a_message_keeps_its_indentation(case: Case) -> None:
    assert checked_content(case.text) == case.kept
    assert checked_content(case.kept) == case.kept, "once more changes nothing"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
@pytest.mark.parametrize("speaker", ["alice", None])
def test_claude_reads_messages_with_their_indentation(case: Case, speaker: str | None) -> None:
    line = transcript.Line(1, speaker, transcript.clean(case.text), MORNING)
    said = transcript.spoken(line).text
    if speaker is None:
        assert said == case.kept
    else:
        assert said.partition("\n")[2] == transcript.quoted(case.kept)


@pytest.mark.parametrize(("text", "html"), SHOWN)
def test_indentation_means_what_it_means_in_markdown(text: str, html: str) -> None:
    assert render(checked_content(text)).strip() == html


def test_a_space_before_plain_words_costs_no_process() -> None:
    assert is_plain(" hello") and is_plain("   hello") and not is_plain("    hello") and not is_plain("hello ")


@pytest.mark.django_db
def test_a_file_reaches_claude_in_pieces_that_keep_all_white_space(alice: User, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    room_of(alice, "den")
    room = Room.objects.get(slug="den")
    lines = "".join(f"{' ' * (number % 13)}line {number}\n" for number in range(2_000))
    text = f"    first\n{lines}    last"
    kept = attachments.keep(Actor.of(alice), "den", uploads.inspect(io.BytesIO(text.encode()), "code.py"))
    stored(store([a_post(alice, "den", "", attachments=(kept.id,))]))
    row = Attachment.objects.get(public_id=kept.id)
    offset = 0
    while offset < len(text):
        said = read_attachment.read({"attachment": row.pk, "offset": offset}, room.pk, 10**9).content
        piece = text[offset : offset + 8_000]
        assert said.split("\n", 1)[1].rpartition("\n")[0] == transcript.quoted(piece)
        offset += len(piece)


@pytest.mark.django_db
def test_instructions_keep_their_indentation(alice: User) -> None:
    room_of(alice, "den")
    options = ClaudeOptions(instructions="\n    - one\n      - two\n\n")
    rooms.update_room(Actor.of(alice), UpdateRoom(room="den", claude=options))
    assert Room.objects.get(slug="den").claude_instructions == "    - one\n      - two"
