"""Whatever fails about files, searches and limits, a reply ends in a named way: over HTTP, with the fake."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from chat import known_models
from chat.billing import pricing
from chat.claude.run import carrying
from chat.known_models import KnownModel
from chat.lifetime import part
from chat.models import Attachment
from chat.realtime.database import in_database
from fake_claude import FakeClaude, Normal
from tests.chat.claude.desk import open_desk
from tests.reports.failed_replies import FAILURES, FOUND, Failure

pytestmark = pytest.mark.django_db(transaction=True)
SONNET = "claude-sonnet-5-5"
REPOSITORY = Path(__file__).parents[4]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
async def test_a_reply_ends_in_a_named_way(
    failure: Failure, fake: FakeClaude, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    monkeypatch.setattr(carrying, "LARGE_BYTES", 1)
    if failure.cannot:
        cannot: Any = {failure.cannot: False}
        known = KnownModel(SONNET, "Sonnet", **cannot)
        monkeypatch.setattr(part(known_models.Listed), "models", {SONNET: known})
    if failure.spare is not None:
        uses = (3, 3) if "claude_web_search" in failure.room else (0, 0)
        most = pricing.reservation_for(SONNET, web_uses=uses) + failure.spare
        settings.SPEND_USER_DAY_USD = most / pricing.MICROUSD_PER_USD
    fake.default = Normal(FOUND)
    failure.fails(fake)
    with capture_logs() as logs:
        async with open_desk() as desk:
            await desk.set_up(**failure.room)
            files = [await desk.upload(failure.file(), "paper.pdf")] if failure.file else []
            reply = await desk.ask("What is this?", *files)
            charges = await desk.charges()
        marked = await in_database(lambda: list(Attachment.objects.values_list("unreadable", flat=True)))

    assert (reply.state, reply.stop_reason) == (failure.state, failure.stop), reply.error_detail
    assert failure.state == "failed" or reply.text
    assert failure.reason in reply.error_detail and bool(failure.reason) is bool(reply.error_detail)
    assert all(charge.state == "settled" for charge in charges)
    if failure.logged:
        assert failure.logged in [line["event"] for line in logs]
    if failure.marked:
        assert marked == [failure.marked]
    if failure.told:
        assert failure.told in json.dumps(fake.requests[-1].body["messages"])
    if failure.said:
        assert failure.said in [*(tool["result"] for tool in reply.tools), *said_of(reply.error, reply.stop_reason)]


def said_of(error: str, stop_reason: str) -> list[str]:
    """Return what a page says of how a reply ended."""
    words = (REPOSITORY / "static/chat/js/pages/message/reply-words.js").read_text()
    of_endings = dict(re.findall(r'^  (\w+): "([^"]+)",$', words, re.MULTILINE))
    return [error.partition(" This room's owners")[0], of_endings.get(stop_reason, "")]


def test_the_docs_have_each_failure_with_its_end_its_sentence_and_its_reason() -> None:
    page = (REPOSITORY / "docs" / "claude.md").read_text()
    _, _, after = page.partition("### Files, searches and limits")
    rows = [line.strip("| ").split(" | ") for line in after.partition("\n#")[0].splitlines() if line.startswith("| ")]
    by_name = {row[0]: row[1:] for row in rows[2:]}
    assert list(by_name) == [failure.name for failure in FAILURES]
    for failure in FAILURES:
        end, members, reason = by_name[failure.name]
        assert end == (failure.state if failure.stop in ("", "end_turn") else f"{failure.state}, `{failure.stop}`")
        assert failure.said in members and (failure.said or failure.told or "as usual" in members), failure.name
        assert failure.told in members or not failure.told, failure.name
        for words in (failure.logged, failure.reason.partition(":")[0], failure.marked):
            assert words in reason, (failure.name, words)
