"""What a stopped reply is booked with: what `tests.reports.stopped_replies` holds."""

import pytest

from chat.claude.reading import tokens
from chat.messages import replies
from chat.protocol import requests
from chat.realtime.database import in_database
from fake_claude import FakeClaude, Held
from tests.chat.claude.desk import open_desk
from tests.chat.realtime.doubles import until
from tests.reports.stopped_replies import CASES, SCARCE, Case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_words_are_taken_for_about_the_tokens_that_they_cost(case: Case) -> None:
    words = case.words * 20
    each = tokens.likely(words) / len(words)
    assert 0.7 * case.figure <= each <= 1.35 * case.figure
    assert case.figure <= tokens.estimate(words) / len(words) <= 2 * case.figure, "the high side"


@pytest.mark.parametrize("case", SCARCE, ids=str)
def test_words_of_a_scarcer_script_are_taken_for_no_less_than_half(case: Case) -> None:
    words = case.words * 20
    assert 0.55 * case.figure <= tokens.likely(words) / len(words) <= case.figure
    assert 0.9 * case.figure <= tokens.estimate(words) / len(words)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "case", [case for case in CASES if case.kind in ("English", "Japanese", "Hindi", "Arabic", "emoji")], ids=str
)
async def test_a_stopped_reply_is_booked_with_what_was_heard_of_it(case: Case, fake: FakeClaude) -> None:
    words = case.words * 20
    fake.will(Held(text=words + " and the rest", pieces=10, after=8))
    async with open_desk() as desk:
        await desk.post("Tell me")
        await until(lambda: sum(len(delta["text"]) for delta in desk.deltas) > len(words) // 2)
        message = desk.deltas[0]["messageId"]
        await in_database(replies.stop_reply, desk.alice, requests.StopReply(message))
        reply = await desk.end()
        (charge,) = await desk.charges()

    assert reply.state == "stopped"
    figure = case.figure * len(reply.text)
    assert 0.7 * figure <= reply.output_tokens == charge.output_tokens <= 1.3 * figure + 10
