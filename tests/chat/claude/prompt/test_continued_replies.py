"""Replies that are continued: what `tests.reports.continued_replies` holds."""

import pytest

from chat.claude.run.seam import Seam
from fake_claude import FakeClaude, Normal, StopReason
from tests.chat.claude.desk import open_desk
from tests.reports.continued_replies import CASES, Case


@pytest.mark.parametrize("pieces", [1, 3, 1000])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_repeats_the_text_so_far_is_left_out(case: Case, pieces: int) -> None:
    seam = Seam(case.so_far)
    size = -(-len(case.more) // pieces)
    joined = [seam.joined(case.more[start : start + size]) for start in range(0, len(case.more), size)]
    assert case.so_far + "".join(joined) + seam.rest() == case.whole


def test_what_repeats_all_and_adds_nothing_adds_nothing() -> None:
    seam = Seam("High tide is at nine in the morning.")
    assert seam.joined("at nine in the morning.") + seam.rest() == ""


def test_a_first_reply_is_never_held_back() -> None:
    assert Seam("").joined("`") == "`"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("case", CASES[:12], ids=str)
async def test_a_continued_reply_is_one_text_in_tabs_and_database(case: Case, fake: FakeClaude) -> None:
    fake.will(StopReason("max_tokens", text=case.so_far), Normal(case.more, pieces=4))
    async with open_desk() as desk:
        reply = await desk.go_on(await desk.ask("Well?"))

    assert reply.text == case.whole == "".join(delta["text"] for delta in desk.deltas)
