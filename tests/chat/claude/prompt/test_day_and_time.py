"""The day and time that Claude is told: what `tests.reports.asking_times` holds, and that the cache outlives it."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from chat.claude.prompt import prompts
from chat.realtime.database import in_database
from fake_claude import FakeClaude, ToolUse
from tests.chat.claude.desk import open_desk
from tests.reports.asking_times import CASES, COOKIES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.time_zone)
def test_the_day_and_time_are_those_of_the_person_who_asks(case: Case) -> None:
    assert prompts.now("alice", case.time_zone, case.at) == f"[Parley: it is {case.told} for @alice, who asks you now.]"


@pytest.mark.django_db
@pytest.mark.parametrize(("cookie", "is_kept"), COOKIES)
def test_a_page_brings_the_time_zone_of_its_browser(cookie: str, is_kept: bool) -> None:
    alice = User.objects.create(username="alice")
    client = Client()
    client.force_login(alice)
    client.cookies["timezone"] = cookie
    assert client.get("/rooms/").status_code in (200, 302)
    alice.refresh_from_db()
    assert alice.time_zone == (cookie if is_kept else "")


@pytest.mark.django_db(transaction=True)
async def test_it_is_told_beside_the_prompt_and_what_is_cached_goes_on_being_read(
    fake: FakeClaude, settings: Any
) -> None:
    fake.default = ToolUse("list_members", text="word " * 600)
    async with open_desk() as desk:
        await in_database(lambda: User.objects.filter(username="alice").update(time_zone="Asia/Tokyo"))
        await desk.set_up(claude_tools=["list_members"])
        for _ in range(3):
            await desk.ask("word " * 600)

    for seen in fake.requests:
        assert "Asia/Tokyo" not in str(seen.body["system"])
    asked = [seen for seen in fake.requests if len(seen.body["messages"]) % 4 == 1 or len(seen.body["messages"]) == 1]
    first, *later = [seen for seen in fake.requests if "Asia/Tokyo" in str(seen.body["messages"][-1])]
    for seen in (first, *later):
        *_, prompt, note = seen.body["messages"][-1]["content"]
        assert "cache_control" in prompt and "cache_control" not in note
        assert note["text"].endswith("who asks you now. The members of this room: @alice.]"), note["text"]
        assert note["text"].startswith("[Parley: it is ") and "(Asia/Tokyo, UTC+09:00) for @alice" in note["text"]
        assert str(seen.body["messages"][:-1]).count("Asia/Tokyo") == 0, "earlier turns stay as they were cached"
    assert len(asked) >= len(later) == 2
    for seen in later:
        assert seen.exchange.usage["cache_read_input_tokens"] > 1000
