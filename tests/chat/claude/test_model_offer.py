"""Which models are offered, and what is said of them: over HTTP, from the fake's list to the labels."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from accounts.models import User
from chat import known_models
from chat.claude import model_offer
from chat.claude.abilities import abilities_of
from chat.claude.backends.client import AnthropicBackend
from chat.known_models import KnownModel, Listed
from chat.lifetime import part
from chat.models import Room
from fake_claude import FakeClaude, Normal, StopReason, UnknownModel
from fake_claude.wire import capabilities, model_info
from tests.chat.claude.desk import open_desk
from tests.chat.realtime.doubles import until
from tests.reports.models import CASES, WARNINGS, Case


@pytest.fixture(autouse=True)
def _nothing_asked() -> Iterator[None]:
    known_models.remember_listed(None)
    part(Listed).ask_again_at = 0.0
    yield
    known_models.remember_listed(None)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_listed_model_is_known(case: Case, fake: FakeClaude, backend: AnthropicBackend) -> None:
    fake.models = [case.told]
    assert await backend.list_models() == ([] if case.known is None else [case.known])


@pytest.mark.parametrize(("model", "warning"), WARNINGS, ids=str)
def test_people_are_warned_of_a_model_that_leaves(model: KnownModel, warning: str) -> None:
    assert model.warning(date(2026, 12, 1)) == warning


def test_the_list_is_offered_with_its_names_and_warnings(fake: FakeClaude) -> None:
    fake.models = [
        model_info("claude-next", display_name="Claude Next"),
        model_info("claude-old", display_name="Claude Old", lifecycle="deprecated", retires_at="2030-01-05T00:00:00Z"),
    ]
    offered = dict(model_offer.offered_models("claude-gone"))
    assert offered["claude-next"] == "Claude Next"
    assert offered["claude-old"] == "Claude Old, retires on 2030-01-05"
    assert offered["claude-gone"] == "claude-gone, not available"


@pytest.mark.django_db
def test_without_the_list_those_built_in_are_offered_and_nothing_is_said_of_others(settings: Any) -> None:
    settings.ANTHROPIC_API_KEY, settings.CLAUDE_BACKEND = "key", "anthropic"
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    offered = dict(model_offer.offered_models("our-own"))
    assert offered["claude-haiku-5-5"] == "Claude Haiku 5.5"
    assert offered["our-own"] == "our-own"
    assert model_offer.leaving_models() == []


@pytest.mark.django_db(transaction=True)
def test_administrators_hear_of_models_in_use_that_leave_or_are_gone(
    fake: FakeClaude, admin_client: Any, settings: Any, alice: User
) -> None:
    settings.CLAUDE_MODEL = "claude-old"
    for number, model in enumerate(("claude-gone", "claude-next", "claude-gone", "")):
        Room.objects.create(slug=f"room-{number}", name="Room", claude_model=model)
    old = model_info("claude-old", lifecycle="deprecated", retires_at="2030-01-05T00:00:00Z")
    fake.models = [model_info("claude-next"), old, model_info("claude-unused", lifecycle="deprecated")]
    model_offer.offered_models()
    assert dict(model_offer.leaving_models()) == {
        "claude-old": "retires on 2030-01-05",
        "claude-gone": "Anthropic doesn't list it for this key",
    }
    page = admin_client.get("/admin/chat/charge/overview/").content.decode()
    assert page.count('data-testid="leaving-model"') == 2 and "retires on 2030-01-05" in page


@pytest.mark.django_db(transaction=True)
async def test_a_model_that_is_gone_fails_with_words_for_members_and_a_reason_for_administrators(
    fake: FakeClaude,
) -> None:
    fake.default = UnknownModel()
    async with open_desk() as desk:
        reply = await desk.ask("Hello?")
    assert (reply.state, reply.error) == (
        "failed",
        "The chosen model is not available. This room's owners can choose another. The administrators can see why.",
    )
    assert reply.error_detail.startswith("unknown_model: HTTP 404")


@pytest.mark.django_db(transaction=True)
async def test_a_model_is_not_asked_for_more_than_it_can_write_and_a_retry_says_when_there_is_no_more_room(
    fake: FakeClaude,
) -> None:
    fake.models = [
        model_info("claude-sonnet-5-5", max_tokens=40_000, capabilities=capabilities(image_input={"supported": False}))
    ]
    fake.will(*[StopReason("max_tokens", text="", thinking="Hm. ")] * 3, Normal("At last."))
    async with open_desk() as desk:
        # The process asks at its start.
        await until(lambda: known_models.is_listed("claude-sonnet-5-5") is not None)
        first = await desk.ask("Well?")
        second = await desk.retry(first)
    assert [seen.body["max_tokens"] for seen in fake.requests] == [32_000, 40_000]
    assert first.error.endswith("Retry gives it more room.") and second.error.endswith("Ask for less at once.")
    assert not abilities_of("claude-sonnet-5-5").pictures
