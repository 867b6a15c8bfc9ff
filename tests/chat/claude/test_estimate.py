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
from chat.claude.reading.files import TOKENS_PER_PAGE
from chat.limits import rates
from chat.models import Charge, Reply, Room
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode
from chat.realtime.database import in_database
from fake_claude import FakeClaude, Normal, ToolUse
from fake_claude import wire as fake_wire
from tests.chat.claude.desk import Desk, open_desk
from tests.chat.conftest import person
from tests.chat.fixtures import refused, room_of
from tests.reports.estimates import CASES, Case, count
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


TEXT = "We meet at the harbour at nine, and the boat leaves at ten. " * 400


@pytest.mark.parametrize(
    ("name", "content", "adds"),
    [
        ("one.pdf", pdf(1), TOKENS_PER_PAGE),
        ("many.pdf", pdf(12), 12 * TOKENS_PER_PAGE),
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
