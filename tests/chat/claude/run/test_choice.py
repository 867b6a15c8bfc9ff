"""Model, effort and thinking of one prompt: from the request to the call, to the reply's row and to what it cost."""

from typing import Any

import pytest
from msgspec import UNSET

from chat import known_models
from chat.claude.estimate import estimate_prompt
from chat.claude.model_offer import list_models
from chat.known_models import KnownModel
from chat.messages import replies
from chat.messages.choosing import chosen_in
from chat.models import Message, Reply, Room
from chat.presenter import present_reply
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.protocol.room_settings import ClaudeChoice
from chat.realtime.database import in_database
from fake_claude import BadRequest, FakeClaude, Normal
from tests.chat.claude.desk import Desk, open_desk

pytestmark = pytest.mark.django_db(transaction=True)

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
ADAPTIVE = {"type": "adaptive", "display": "summarized"}

CALLS = [
    ({"model": HAIKU}, HAIKU, "", ADAPTIVE),
    ({"model": OPUS, "effort": "max"}, OPUS, "max", ADAPTIVE),
    ({"effort": "low"}, SONNET, "low", ADAPTIVE),
    ({"thinking": "off"}, SONNET, "", {"type": "between_tools"}),
    ({"model": HAIKU, "thinking": "off"}, HAIKU, "", {"type": "disabled"}),
    ({"model": OPUS, "thinking": "off"}, OPUS, "", ADAPTIVE),
    ({"thinking": "off", "effort": "xhigh"}, SONNET, "xhigh", ADAPTIVE),
    ({"thinking": "off", "effort": "high"}, SONNET, "high", {"type": "between_tools"}),
    ({"model": f"{HAIKU}-20261015"}, f"{HAIKU}-20261015", "", ADAPTIVE),
    ({"model": "", "effort": "", "thinking": ""}, SONNET, "", ADAPTIVE),
]


@pytest.fixture(autouse=True)
def _sonnet(settings: Any) -> None:
    settings.CLAUDE_MODEL = SONNET
    known_models.remember_listed(None)


def made(reply: Reply) -> tuple[str, str, str]:
    return reply.state, reply.model, reply.effort


@pytest.mark.parametrize(("choice", "model", "effort", "thinking"), CALLS)
async def test_what_is_chosen_for_a_prompt_is_asked_for(
    choice: dict[str, str], model: str, effort: str, thinking: dict[str, str], fake: FakeClaude
) -> None:
    async with open_desk() as desk:
        reply = await desk.ask("Hello", choice=choice)
    body = fake.requests[-1].body
    assert made(reply) == ("complete", model, effort)
    assert body["model"] == model and body.get("output_config", {}).get("effort", "") == effort
    assert body["thinking"] == thinking
    shown = present_reply(reply, 1, {})
    assert shown.withoutThinking is (UNSET if thinking == ADAPTIVE else True)


async def test_the_next_prompt_is_as_the_room_has_it_again(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.set_up(claude_effort="high", claude_thinking="off")
        found = [made(await desk.ask("One", choice={"model": HAIKU, "effort": "low"})), made(await desk.ask("Two"))]
    assert found == [("complete", HAIKU, "low"), ("complete", SONNET, "high")]
    assert [seen.body["thinking"]["type"] for seen in fake.requests] == ["disabled", "between_tools"]


async def test_it_stays_with_a_reply_that_is_retried_or_continued(fake: FakeClaude) -> None:
    choice = {"model": HAIKU, "effort": "low"}
    fake.will(Normal("Half of", stop_reason="max_tokens"))
    async with open_desk() as desk:
        reply = await desk.ask("Hello", choice=choice)
        again = [await desk.go_on(reply), await desk.retry(reply)]
        other = await desk.retry(reply, choice={"model": OPUS})
        last = await desk.retry(reply)
    assert [(each.model, each.effort) for each in again] == [(HAIKU, "low")] * 2
    assert [(each.model, each.effort) for each in (other, last)] == [(OPUS, "")] * 2
    assert len({each.version for each in (*again, other, last)}) == 4


async def test_a_prompt_that_is_edited_is_replied_to_as_before(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        reply = await desk.ask("Hello", choice={"model": HAIKU})

        def edit() -> None:
            prompt = Message.objects.get(replies=reply)
            prompt.content = "Hello again"
            replies.prompt_edited(Room.objects.get(slug="desk"), prompt, desk.alice)

        await in_database(edit)
        assert (await desk.end()).model == HAIKU


async def test_money_is_reserved_and_charged_at_the_price_of_the_model(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        dear, cheap = [await estimated(desk, model) for model in (OPUS, HAIKU)]
        replies_ = [await desk.ask("Hello", choice={"model": model}) for model in (OPUS, HAIKU)]
        charges = await desk.charges()
    assert dear.most > cheap.most and dear.likely > cheap.likely
    assert (dear.model, cheap.model) == (OPUS, HAIKU)
    assert [charge.model for charge in charges] == [OPUS, HAIKU]
    assert replies_[0].cost_microusd > replies_[1].cost_microusd > 0


async def estimated(desk: Desk, model: str) -> Any:
    request = requests.EstimatePrompt(room="desk", content="Hello", claude=ClaudeChoice(model=model))
    return await in_database(estimate_prompt, desk.alice, request)


async def test_a_model_that_is_gone_when_its_turn_comes_is_replaced_by_the_room_s_and_that_is_said(
    fake: FakeClaude,
) -> None:
    async with open_desk() as desk:
        reply = await desk.ask("Hello", choice={"model": HAIKU})
        known_models.remember_listed([KnownModel(SONNET, "Claude Sonnet 5.5")])
        again = await desk.retry(reply)
        other = await desk.ask("And now?", choice={"model": HAIKU})
    assert present_reply(reply, 1, {}).goneModel is UNSET
    for each in (again, other):
        assert each.model == SONNET and present_reply(each, 1, {}).goneModel == HAIKU


@pytest.mark.parametrize("model", ["gpt-9", "demo", "claude-opus-5-5 or so", "Ünknown", "x" * 80])
def test_an_unknown_model_is_refused_before_anything_is_stored(model: str) -> None:
    known_models.remember_listed([KnownModel(SONNET, "Claude Sonnet 5.5")])
    with pytest.raises(ProtocolError) as refused:
        chosen_in(ClaudeChoice(model=model))
    assert refused.value.code == ErrorCode.REQUEST_FAILED and "Choose one" in refused.value.message


async def test_a_model_that_refuses_to_do_without_thinking_replies_and_is_asked_to_think_again(
    fake: FakeClaude,
) -> None:
    fake.will(BadRequest(message="thinking.type: between_tools is not supported by this model"), Normal("Yes."))
    async with open_desk() as desk:
        first = await desk.ask("Hello", choice={"thinking": "off"})
        second = await desk.ask("Hello")
    assert (first.text, second.state) == ("Yes.", "complete")
    assert not first.without_thinking, "it doesn't say so"
    assert [seen.body.get("thinking") for seen in fake.requests] == [{"type": "between_tools"}, None, ADAPTIVE]


async def test_the_list_says_what_each_model_can_do(fake: FakeClaude, settings: Any) -> None:
    settings.CLAUDE_MODEL = SONNET
    listed = {model.id: model for model in (await list_models()).models}
    assert next(iter(listed)) == SONNET
    assert [listed[model].canSkipThinking for model in (OPUS, SONNET, HAIKU)] == [False, True, True]
    assert listed[SONNET].efforts == ["low", "medium", "high", "xhigh", "max"]
    settings.CLAUDE_BACKEND = "demo"
    assert (await list_models()).models == []


def test_only_a_request_that_says_nothing_leaves_an_earlier_choice() -> None:
    assert chosen_in(UNSET) == {} and chosen_in(UNSET, {"model": HAIKU}) == {"model": HAIKU}
    assert chosen_in(ClaudeChoice(), {"model": HAIKU}) == {}
