"""Files that Anthropic refuses: the reply comes without them, and they are not sent again."""

from pathlib import Path
from typing import Any

import pytest

from chat.claude.backends import refused_files
from chat.claude.backends.refused_files import Place
from chat.models import Attachment
from chat.realtime.database import in_database
from fake_claude import BadRequest, FakeClaude, Normal, Seen
from tests.chat.claude.desk import open_desk
from tests.reports.seen_documents import pdf

pytestmark = pytest.mark.django_db(transaction=True)

NAMED = (
    "messages.0.content.1.document.source.base64: The PDF specified was not valid.",
    "messages.0.content.1: Could not process image",
)
UNNAMED = (
    "Could not process image",
    "The PDF specified is password protected.",
    "A maximum of 100 PDF pages may be provided.",
    "This model does not support document input.",
)
OTHER = (
    "max_tokens: must be at most 64000",
    "messages.0.content.0.text: text content blocks must be non-empty",
    "messages.9.content.9: no such block",
)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def shown_in(seen: Seen) -> list[str]:
    blocks = [block for turn in seen.body["messages"] for block in turn["content"]]
    return [block["title"] for block in blocks if block["type"] == "document"]


def words_in(seen: Seen) -> str:
    return "\n".join(
        block["text"] for turn in seen.body["messages"] for block in turn["content"] if block["type"] == "text"
    )


@pytest.mark.parametrize("said", NAMED)
async def test_a_file_that_is_named_is_left_out_and_not_sent_again(said: str, fake: FakeClaude) -> None:
    fake.will(BadRequest(message=said), Normal("Without it."), Normal("Again."))
    async with open_desk() as desk:
        bad, good = await desk.upload(pdf(words="one"), "bad.pdf"), await desk.upload(pdf(words="two"), "good.pdf")
        first = await desk.ask("What is this?", bad, good)
        again = await desk.ask("And now?")
    assert [(each.state, each.text) for each in (first, again)] == [("complete", "Without it."), ("complete", "Again.")]
    assert [shown_in(seen) for seen in fake.requests] == [["bad.pdf", "good.pdf"], ["good.pdf"], ["good.pdf"]]
    assert "it was refused" in words_in(fake.requests[1]) and "it was refused" in words_in(fake.requests[2])
    assert await in_database(lambda: [row.unreadable for row in Attachment.objects.order_by("pk")]) == ["refused", ""]


@pytest.mark.parametrize("said", UNNAMED)
async def test_where_none_is_named_the_reply_comes_without_all_of_them(said: str, fake: FakeClaude) -> None:
    fake.will(BadRequest(message=said), Normal("Without them."))
    async with open_desk() as desk:
        files = [await desk.upload(pdf(words=word), f"{word}.pdf") for word in ("one", "two")]
        reply = await desk.ask("What is this?", *files)
    assert (reply.state, reply.text) == ("complete", "Without them.")
    assert [shown_in(seen) for seen in fake.requests] == [["one.pdf", "two.pdf"], []]
    assert not await in_database(Attachment.objects.exclude(unreadable="").exists), "any of them may be good"


@pytest.mark.parametrize("said", OTHER)
async def test_what_is_refused_for_anything_else_fails(said: str, fake: FakeClaude) -> None:
    fake.will(BadRequest(message=said))
    async with open_desk() as desk:
        reply = await desk.ask("What is this?", await desk.upload(pdf(words="one"), "one.pdf"))
    assert (reply.state, len(fake.requests)) == ("failed", 1)


async def test_many_bad_files_do_not_make_many_requests(fake: FakeClaude) -> None:
    fake.will(*(BadRequest(message=f"messages.0.content.{2 * n + 1}.document: not valid") for n in range(5)))
    async with open_desk() as desk:
        files = [await desk.upload(pdf(words=str(n)), f"{n}.pdf") for n in range(8)]
        await desk.ask("What are these?", *files)
    assert len(fake.requests) <= 5 and shown_in(fake.requests[3]) == []


class Refusal(Exception):
    def __init__(self, said: str, status: int = 400) -> None:
        self.api_message = said
        self.status_code = status


IMAGE: dict[str, Any] = {"type": "image", "source": {}}
RESULT: dict[str, Any] = {
    "type": "tool_result",
    "tool_use_id": "1",
    "content": [{"type": "text", "text": "seen"}, IMAGE],
}
TURNS: list[dict[str, Any]] = [
    {"role": "user", "content": [IMAGE, {"type": "text", "text": "a"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "b"}]},
    {"role": "user", "content": [{**RESULT, "content": "plain"}, RESULT]},
]


@pytest.mark.parametrize(
    ("said", "places"),
    [
        ("messages.0.content.0.image.source.base64.data: Could not process image", [Place(0, 0)]),
        ("messages.2.content.1.tool_result.content.1.image.source: bad", [Place(2, 1, 1)]),
        ("messages.2.content.1.content.1.image.source: bad", [Place(2, 1, 1)]),
        ("messages.2.content.1.tool_result.content.0.text: bad", []),
        ("messages.0.content.1.text: bad", []),
        ("image exceeds 5 MB maximum", [Place(0, 0), Place(2, 1, 1)]),
        ("too many profiles", []),
    ],
)
def test_places_are_read_from_a_refusal(said: str, places: list[Place]) -> None:
    found, _ = refused_files.refused(TURNS, Refusal(said))
    assert found == places
    assert refused_files.refused(TURNS, Refusal(said, status=500)) == ([], False)
    left = refused_files.without(TURNS, found)
    assert refused_files.places_of(left) == [place for place in (Place(0, 0), Place(2, 1, 1)) if place not in found]
