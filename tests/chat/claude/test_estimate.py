"""What a prompt would cost, said before it is sent: beside the bill that comes after it, over HTTP with the fake."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.access import Actor
from chat.billing import pricing
from chat.claude.estimate import estimate_prompt
from chat.claude.reading import tokens
from chat.claude.reading.files import PAGE_PICTURE_TOKENS
from chat.limits import rates
from chat.models import Attachment, Charge, Reply, Room
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode
from chat.realtime.database import in_database
from fake_claude import Blocks, FakeClaude, Normal, ToolUse
from fake_claude import wire as fake_wire
from fake_claude.lookups import web_search
from fake_claude.replies import text
from tests.chat.claude.desk import Desk, open_desk
from tests.chat.conftest import person
from tests.chat.fixtures import refused, room_of
from tests.reports import office_files, seen_documents, seen_pictures
from tests.reports.estimates import AROUND, CASES, Around, Case, count
from tests.reports.seen_documents import pdf

REPLY = "First the harbour, then the old town; the children will like the boats. " * 12
MODEL = "claude-sonnet-5-5"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch, fake: FakeClaude) -> None:
    rates.forget()
    monkeypatch.setattr(fake_wire, "tokens", count)
    fake.default = Normal(REPLY)


async def estimated(desk: Desk, content: str) -> wire.PromptEstimate:
    request = requests.EstimatePrompt(room="desk", content=content)
    return await in_database(estimate_prompt, desk.alice, request)


def is_near(said: float, true: float) -> bool:
    return abs(said - true) <= 0.15 * true


def row_of(kind: str, said: int, billed: int) -> str:
    """Return a line of the table in docs/claude.md: `pytest -rP` shows them."""
    return f"| {kind} | ${said / 1e6:.4f} | ${billed / 1e6:.4f} | {(said - billed) / billed:+.0%} |"


def test_the_docs_have_each_kind_that_is_measured() -> None:
    lines = (Path(__file__).parents[3] / "docs" / "claude.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ") and line.endswith("% |")]
    assert [row[0] for row in rows] == [around.kind for around in AROUND]
    said = [(float(row[1].strip("$")), float(row[2].strip("$"))) for row in rows]
    assert all(is_near(before, after) for before, after in said), "measured again?"


async def test_in_a_conversation_each_estimate_is_within_fifteen_percent_of_the_bill(fake: FakeClaude) -> None:
    misses = []
    async with open_desk() as desk:
        await desk.ask("Hello, we plan a trip.")
        for case in CASES:
            said = await estimated(desk, case.prompt)
            reply = await desk.ask(case.prompt)
            assert reply.cost_microusd <= said.most
            if not is_near(said.likely, reply.cost_microusd):
                misses.append((case.kind, said.likely, reply.cost_microusd))
    assert misses == []


TEXT = "We meet at the harbour at nine, and the boat leaves at ten. " * 400
FILES: Any = {
    "photo": lambda: seen_pictures.saved(seen_pictures.quarters(2000, 1500), "JPEG"),
    "drawing": lambda: seen_pictures.saved(seen_pictures.quarters(900, 600), "PNG"),
    "icon": lambda: seen_pictures.saved(seen_pictures.quarters(64, 64), "PNG"),
    "paper": lambda: pdf(3, "We meet at the harbour at nine, and the boat leaves at ten. " * 20),
    "dense paper": lambda: pdf(2, "We meet at the harbour at nine, and the boat leaves at ten. " * 150),
    "scan": lambda: seen_documents.scanned(4),
    "letter": office_files.letter,
    "long letter": office_files.long_letter,
    "notes": TEXT.encode,
    "Japanese notes": lambda: ("まず港と旧市街のどちらに行くべきでしょうか。" * 200).encode("shift-jis"),
    "archive": lambda: office_files.archive(notes_txt=b"hello"),
}
MODES: Any = {
    "": lambda: Normal(REPLY),
    "tool": lambda: ToolUse("list_members", then=Normal(REPLY)),
    "search": lambda: Blocks((*web_search("high tide"), text(REPLY))),
}


async def measured(around: Around, fake: FakeClaude) -> tuple[int, Reply]:
    """Return what is said before a prompt, and its reply."""
    async with open_desk() as desk:
        await desk.set_up(**around.room)

        async def uploaded(names: tuple[str, ...]) -> list[Attachment]:
            return [await desk.upload(FILES[name](), name) for name in names]

        for number, (said, names) in enumerate(around.before, 1):
            fake.default = MODES[around.uses if number == len(around.before) else ""]()
            await desk.ask(said, *await uploaded(names))
        fake.default = Normal(REPLY)
        await desk.set_up(claude_every_message=False)
        for said, names in around.since:
            await desk.post(said, *await uploaded(names))
        await desk.set_up(claude_every_message=True)
        ended = timezone.now() - timedelta(hours=around.hours)
        if around.hours:
            await in_database(lambda: Reply.objects.update(ended_at=ended))
            fake.forget_cached()
        files = await uploaded(around.files)
        names_of = [file.public_id for file in files]
        request = requests.EstimatePrompt(room="desk", content=around.prompt, attachments=names_of)
        before = await in_database(estimate_prompt, desk.alice, request)
        reply = await desk.ask(around.prompt, *files)
        assert reply.state == "complete" and reply.cost_microusd <= before.most
    return before.likely, reply


@pytest.mark.parametrize("around", AROUND, ids=str)
async def test_with_files_history_and_tools_an_estimate_is_within_fifteen_percent_of_the_bill(
    around: Around, fake: FakeClaude, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.CLAUDE_CONTEXT_TOKENS = around.context or settings.CLAUDE_CONTEXT_TOKENS
    said, reply = await measured(around, fake)
    print(row_of(around.kind, said, reply.cost_microusd))
    assert is_near(said, reply.cost_microusd), (said, reply.cost_microusd, reply.usage)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_of_a_rooms_first_prompt_what_claude_reads_is_known_within_fifteen_percent(
    case: Case, fake: FakeClaude
) -> None:
    async with open_desk() as desk:
        said = await estimated(desk, case.prompt)
        reply = await desk.ask(case.prompt)
    assert is_near(said.promptTokens, reply.usage.prompt_tokens), (said, reply.usage)


async def test_after_five_minutes_the_cache_is_taken_to_be_cold(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.ask("The plan. " * 1_000)
        warm = await estimated(desk, "And now?")
        await in_database(lambda: Reply.objects.update(ended_at=timezone.now() - timedelta(minutes=6)))
        cold = await estimated(desk, "And now?")
    assert cold.promptTokens == warm.promptTokens and cold.likely > 2 * warm.likely


async def test_after_a_reply_of_several_calls_the_room_is_measured_afresh(fake: FakeClaude) -> None:
    fake.default = ToolUse("list_members", then=Normal(REPLY))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        await desk.ask("Who is here?")
        await desk.set_up(claude_tools=[])
        fake.default = Normal(REPLY)
        said = await estimated(desk, "And now?")
        reply = await desk.ask("And now?")
    assert is_near(said.promptTokens, reply.usage.prompt_tokens)


async def test_nothing_is_reserved_and_no_one_is_called(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        said = await estimated(desk, "How much?")
        assert await desk.charges() == []
    assert (said.model, said.most, fake.requests) == (MODEL, pricing.reservation_for(MODEL), [])


def test_the_demo_costs_nothing(settings: Any, alice: User) -> None:
    settings.CLAUDE_BACKEND = "demo"
    room_of(alice, "den", "session")
    said = estimate_prompt(Actor.of(alice), requests.EstimatePrompt(room="den", content="Hello " * 500))
    assert (said.model, said.likely, said.most) == ("demo", 0, 0)


def test_only_members_are_told(alice: User) -> None:
    room_of(alice, "den", "session")
    stranger = Actor.of(person("eve"))
    with refused(ErrorCode.NOT_FOUND):
        estimate_prompt(stranger, requests.EstimatePrompt(room="den", content="Hello"))
    assert not Charge.objects.exists() and Room.objects.count() == 1


def test_asking_without_end_is_refused(alice: User) -> None:
    room_of(alice, "den", "session")
    request = requests.EstimatePrompt(room="den", content="Hello")
    with refused(ErrorCode.RATE_LIMITED):
        for _ in range(300):
            estimate_prompt(Actor.of(alice), request)


@pytest.mark.parametrize(
    ("name", "content", "adds"),
    [
        ("one.pdf", pdf(1), PAGE_PICTURE_TOKENS),
        ("many.pdf", pdf(12), 12 * PAGE_PICTURE_TOKENS),
        ("notes.txt", TEXT.encode(), tokens.likely(TEXT)),
        ("data.bin", bytes(range(256)) * 50, 0),
    ],
)
async def test_files_count_before_the_prompt_is_sent(
    name: str, content: bytes, adds: int, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    async with open_desk() as desk:
        file = await desk.upload(content, name)
        plain = await estimated(desk, "What is this?")
        request = requests.EstimatePrompt(room="desk", content="What is this?", attachments=[file.public_id])
        said = await in_database(estimate_prompt, desk.alice, request)
    assert is_near(said.promptTokens - plain.promptTokens, adds)
