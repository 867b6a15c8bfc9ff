"""Large files are uploaded to Anthropic once, and named in the calls that follow. The fake keeps and forgets them."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from chat.claude.backends import file_store
from chat.claude.backends.chosen import file_account
from chat.claude.run import carrying, sent_files
from chat.messages import changes
from chat.models import Attachment, Message, SentFile
from chat.protocol import requests
from chat.realtime.database import in_database
from fake_claude import BadRequest, FakeClaude, HttpError, Normal, Seen, ToolUse
from tests.chat.claude.desk import Desk, open_desk
from tests.reports.seen_documents import pdf
from tests.reports.seen_pictures import saved

pytestmark = pytest.mark.django_db(transaction=True)
FILES = "/v1/files"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "LARGE_BYTES", 10_000)


def noise(seed: int = 1) -> bytes:
    """Return a picture that no format makes small."""
    return saved(Image.frombytes("RGB", (120, 120), random.Random(seed).randbytes(120 * 120 * 3)), "PNG")


def sources_in(seen: Seen) -> list[dict[str, Any]]:
    blocks = [block for turn in seen.body["messages"] for block in turn["content"]]
    blocks += [each for block in blocks if isinstance(block.get("content"), list) for each in block["content"]]
    return [block["source"] for block in blocks if block["type"] in ("image", "document")]


def kinds_in(seen: Seen) -> list[str]:
    return [source["type"] for source in sources_in(seen)]


def uploads_to(fake: FakeClaude) -> int:
    return fake.paths.count(FILES)


async def ask_twice(desk: Desk) -> None:
    await desk.ask("What is this?", await desk.upload(noise()))
    await desk.ask("And now?")


async def rows() -> list[SentFile]:
    return await in_database(lambda: list(SentFile.objects.order_by("pk")))


async def test_a_large_picture_is_uploaded_once_and_named_in_every_call(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await ask_twice(desk)
    (kept,) = fake.files.kept.values()
    assert [sources_in(seen) for seen in fake.requests] == [[{"type": "file", "file_id": kept.id}]] * 2
    assert uploads_to(fake) == 1
    assert (kept.type, len(kept.data) > 10_000, kept.name) == ("image/png", True, "file")
    assert kept.expires_at is not None and kept.expires_at - kept.created_at == 24 * 3_600
    (row,) = await rows()
    assert (row.file_id, row.size) == (kept.id, len(kept.data)) and row.expires_at is not None


async def test_a_large_pdf_is_uploaded_and_a_small_one_goes_with_the_call(
    fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = pdf(words="one"), pdf(10, words="two")
    monkeypatch.setattr(carrying, "LARGE_BYTES", len(large))
    async with open_desk() as desk:
        files = [await desk.upload(small, "small.pdf"), await desk.upload(large, "large.pdf")]
        reply = await desk.ask("What are these?", *files)
    assert reply.state == "complete" and kinds_in(fake.requests[0]) == ["base64", "file"]
    assert [kept.type for kept in fake.files.kept.values()] == ["application/pdf"]


async def test_what_is_named_is_found_in_the_cache(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.ask("What is this? " * 300, await desk.upload(noise()))
        reply = await desk.ask("And now?")
    assert reply.cache_read_input_tokens > 1_000


async def test_with_the_setting_at_zero_nothing_is_uploaded(fake: FakeClaude, settings: Any) -> None:
    settings.CLAUDE_FILES_HOURS = 0
    async with open_desk() as desk:
        await ask_twice(desk)
    assert [kinds_in(seen) for seen in fake.requests] == [["base64"], ["base64"]]
    assert not uploads_to(fake) and not await rows()


@pytest.mark.parametrize("loss", ["expired", "unknown", "refused with its place"])
async def test_an_upload_that_is_gone_is_uploaded_again_and_the_reply_goes_on(loss: str, fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.ask("What is this?", await desk.upload(noise()))
        if loss == "expired":
            fake.files.expire()
        elif loss == "unknown":
            fake.files.kept.clear()
        else:
            fake.will(BadRequest(message="messages.0.content.1.image.source.file.file_id: File not found"))
        reply = await desk.ask("And now?")
    assert (reply.state, kinds_in(fake.requests[-1])) == ("complete", ["file"])
    assert (uploads_to(fake), len(fake.requests)) == (2, 3)
    assert sources_in(fake.requests[0]) == sources_in(fake.requests[1]) != sources_in(fake.requests[2])
    assert len(await rows()) == 1
    assert not await in_database(Attachment.objects.exclude(unreadable="").exists)


async def test_an_upload_that_stays_unknown_goes_with_the_call_from_then_on(fake: FakeClaude) -> None:
    gone = HttpError(404, "not_found_error", "File not found: it is gone")
    fake.will(gone, gone, Normal("I see."))
    async with open_desk() as desk:
        reply = await desk.ask("What is this?", await desk.upload(noise()))
        await desk.ask("And now?")
    assert (reply.state, reply.text) == ("complete", "I see.")
    assert [kinds_in(seen) for seen in fake.requests] == [["file"], ["file"], ["base64"], ["base64"]]


async def test_an_unknown_model_is_not_taken_for_an_unknown_file(fake: FakeClaude) -> None:
    fake.will(HttpError(404, "not_found_error", "model: claude-sonnet-5-5"))
    async with open_desk() as desk:
        reply = await desk.ask("What is this?", await desk.upload(noise()))
    assert (reply.state, len(fake.requests), uploads_to(fake)) == ("failed", 1, 1)
    assert "The chosen model is not available." in reply.error


async def test_a_gateway_without_uploads_gets_every_file_with_the_call_and_is_asked_once(fake: FakeClaude) -> None:
    fake.files.is_offered = False
    async with open_desk() as desk:
        await ask_twice(desk)
    assert [kinds_in(seen) for seen in fake.requests] == [["base64"], ["base64"]]
    assert uploads_to(fake) == 1 and not await rows()


@pytest.mark.parametrize("failure", [(500, "api_error"), (529, "overloaded_error"), (400, "invalid_request_error")])
async def test_an_upload_that_fails_delays_no_reply(failure: tuple[int, str], fake: FakeClaude) -> None:
    fake.files.fails_with = failure
    async with open_desk() as desk:
        reply = await desk.ask("What is this?", await desk.upload(noise()))
    assert (reply.state, kinds_in(fake.requests[0])) == ("complete", ["base64"])
    assert not await rows()


async def test_a_file_that_is_refused_for_what_it_holds_is_left_out(fake: FakeClaude) -> None:
    said = "messages.0.content.1.image.source.base64.data: Could not process image"
    fake.will(BadRequest(message=said), Normal("Without it."))
    async with open_desk() as desk:
        reply = await desk.ask("What is this?", await desk.upload(noise()))
    assert (reply.text, kinds_in(fake.requests[1]), uploads_to(fake)) == ("Without it.", [], 1)
    assert await in_database(lambda: Attachment.objects.get().unreadable) == "refused"


async def test_two_processes_do_not_upload_the_same_file_twice(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        picture = await desk.upload(noise())
        claims = await asyncio.gather(
            *(in_database(sent_files.claim, picture.pk, "account", 1) for _process in range(4))
        )
        assert sum(claim is not None for claim in claims) == 1
        assert await in_database(sent_files.claim, picture.pk, "another account", 1) is not None
        # The one that loses sends the file with its call.
        await in_database(sent_files.claim, picture.pk, file_account(), 1)
        await desk.ask("What is this?", picture)
    assert kinds_in(fake.requests[0]) == ["base64"] and not uploads_to(fake)


async def test_the_claim_of_a_process_that_died_is_taken_over(
    fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_desk() as desk:
        picture = await desk.upload(noise())
        await in_database(sent_files.claim, picture.pk, file_account(), 1)
        monkeypatch.setattr(sent_files, "_CLAIMED_FOR", sent_files._CLAIMED_FOR * 0)
        await desk.ask("What is this?", picture)
    assert kinds_in(fake.requests[0]) == ["file"]


async def test_an_upload_that_expires_soon_is_made_again_before_a_call_needs_it(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.ask("What is this?", await desk.upload(noise()))
        (row,) = await rows()
        assert row.expires_at is not None
        soon = row.expires_at - timedelta(hours=23, minutes=50)
        await in_database(lambda: SentFile.objects.update(expires_at=soon))
        await desk.ask("And now?")
    assert (uploads_to(fake), len(fake.requests)) == (2, 2)


async def test_a_file_is_deleted_at_anthropic_with_its_message(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await ask_twice(desk)
        await sent_files.delete_some()
        assert len(await rows()) == 1, "its message is still there"
        message = (await in_database(Message.objects.get, seq=1)).pk
        await in_database(changes.delete_message, desk.alice, requests.DeleteMessage(message=str(message)))
        fake.files.fails_with = (500, "api_error")
        await sent_files.delete_some()
        assert [row.attachment_id for row in await rows()] == [None], "it's tried again"
        fake.files.fails_with = None
        await sent_files.delete_some()
        assert not await rows()
    assert [kept.is_deleted for kept in fake.files.kept.values()] == [True]


async def test_a_file_of_another_account_is_uploaded_for_this_one(fake: FakeClaude, settings: Any) -> None:
    async with open_desk() as desk:
        await desk.ask("What is this?", await desk.upload(noise()))
        settings.ANTHROPIC_API_KEY = "sk-test-another-key"
        await desk.ask("And now?")
    assert len({row.account for row in await rows()}) == 2 and uploads_to(fake) == 2
    assert settings.ANTHROPIC_API_KEY not in {row.account for row in await rows()}


async def test_a_large_picture_that_a_tool_shows_is_uploaded_too(fake: FakeClaude, settings: Any) -> None:
    settings.CLAUDE_CONTEXT_TOKENS = 3_000
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["read_attachment"])
        first = await desk.upload(noise())
        fake.will(ToolUse("read_attachment", {"attachment": first.pk}, then=Normal("I see.")))
        reply = await desk.ask("What is this?", first)
    assert reply.text == "I see." and set(kinds_in(fake.requests[1])) == {"file"} and uploads_to(fake) == 1


class Refusal(Exception):
    def __init__(self, said: str, status: int = 404, code: str | None = None) -> None:
        self.api_message = said
        self.status_code = status
        self.error_code = code


TURNS: list[dict[str, Any]] = [
    {
        "role": "user",
        "content": [
            {"type": "image", "source": {"type": "file", "file_id": "file_a"}},
            {"type": "tool_result", "content": [{"type": "document", "source": {"type": "file", "file_id": "file_b"}}]},
        ],
    }
]


@pytest.mark.parametrize(
    ("refusal", "ids"),
    [
        (Refusal("File not found: file_b"), ["file_b"]),
        (Refusal("File not found"), ["file_a", "file_b"]),
        (Refusal("anything", code="file_expired"), ["file_a", "file_b"]),
        (Refusal("messages.0.content.0.image.source.file: bad", 400), ["file_a", "file_b"]),
        (Refusal("messages.0.content.0.image.source: Input tag 'file' found using 'type'", 400), ["file_a", "file_b"]),
        (Refusal("model: claude-sonnet-5-5"), []),
        (Refusal("max_tokens: too many", 400), []),
        (Refusal("messages.0.content.0.image.source.base64.data: Could not process image", 400), []),
        (Refusal("File not found: file_b", 500), []),
    ],
)
def test_lost_uploads_are_read_from_a_refusal(refusal: Refusal, ids: list[str]) -> None:
    assert file_store.lost(TURNS, refusal) == ids
