"""A text is a text in whatever encoding, and Claude reads its letters: the cases of tests/reports/text_files.py."""

import io
import time

import pytest
from django.core.files.base import ContentFile

from accounts.models import User
from chat import uploads
from chat.claude import attachment_tool
from chat.models import Attachment, Message
from tests.chat.fixtures import room_of, say
from tests.reports.text_files import NOT_TEXT, READ, TEXT, File


def type_of(content: bytes) -> str:
    return uploads.inspect(io.BytesIO(content), "file").content_type


@pytest.mark.parametrize("case", [*READ, *TEXT], ids=lambda case: case.kind)
def test_a_text_is_a_text(case: File) -> None:
    kind = type_of(case.content)
    assert kind.startswith("text/plain; charset=") and len(kind) <= 60


@pytest.mark.parametrize("case", NOT_TEXT, ids=lambda case: case.kind)
def test_other_files_are_none(case: File) -> None:
    assert type_of(case.content) == uploads.ANYTHING


@pytest.mark.parametrize("case", READ, ids=lambda case: case.kind)
@pytest.mark.django_db
def test_claude_reads_the_letters_and_no_mark(case: File) -> None:
    author = User.objects.create(username="author")
    den = room_of(author, "den")
    (message,) = say(author, "den", "a file")
    row = Attachment.objects.create(
        room=den,
        message=Message.objects.get(pk=int(message.id)),
        name="a.txt",
        content_type=type_of(case.content),
        size=len(case.content),
        file=ContentFile(case.content, "a.txt"),
    )
    text, is_end = attachment_tool._piece(row, 0)
    assert text == case.text and is_end
    assert attachment_tool._piece(row, 3)[0] == case.text[3:]


def test_a_large_file_takes_no_time_by_the_letters_of_its_encoding() -> None:
    content = "Привет, мир. Это обычный текст.\n".encode("cp1251") * 300_000
    began = time.process_time()
    assert type_of(content) == "text/plain; charset=windows-1251"
    assert time.process_time() - began < 3
