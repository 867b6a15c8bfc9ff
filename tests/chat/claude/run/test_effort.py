"""How much effort a room asks of Claude: from its settings to the request, and to what the reply says of itself."""

import pytest

from chat import known_models
from chat.claude.backends.client import AnthropicBackend
from chat.claude.backends.extras import Extras
from chat.known_models import EFFORTS, KnownModel
from chat.lifetime import part
from chat.model_choice import DEMO_MODEL, effort_of
from chat.models import Room
from chat.presenter import present_reply
from fake_claude import BadRequest, FakeClaude, Normal
from tests.chat.claude.desk import open_desk

pytestmark = pytest.mark.django_db(transaction=True)

REFUSALS = (
    "output_config.effort: this model does not support the effort parameter.",
    "output_config: Extra inputs are not permitted",
    "This model does not support effort level 'max'.",
)


@pytest.mark.parametrize("effort", EFFORTS)
async def test_the_effort_of_a_room_is_asked_for_and_said(effort: str, fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.set_up(claude_effort=effort)
        reply = await desk.ask("Hello")
    assert fake.requests[-1].body["output_config"] == {"effort": effort}
    assert (reply.state, reply.effort, present_reply(reply, 1, {}).effort) == ("complete", effort, effort)


async def test_without_one_the_model_chooses(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        reply = await desk.ask("Hello")
    assert "output_config" not in fake.requests[-1].body and reply.effort == ""


async def test_it_counts_from_the_next_reply_on_also_for_a_retry(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        first = await desk.ask("Hello")
        await desk.set_up(claude_effort="low")
        again = await desk.retry(first)
    assert (first.effort, again.effort) == ("", "low")


@pytest.mark.parametrize("said", REFUSALS)
async def test_a_model_that_refuses_it_replies_without_and_is_not_asked_again(
    said: str, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part(AnthropicBackend), "_extras", Extras())
    fake.will(BadRequest(message=said), Normal("Yes."), Normal("Again."))
    async with open_desk() as desk:
        await desk.set_up(claude_effort="max")
        replies = [await desk.ask("Hello"), await desk.ask("And now?")]
    assert [(reply.state, reply.text) for reply in replies] == [("complete", "Yes."), ("complete", "Again.")]
    assert ["output_config" in seen.body for seen in fake.requests] == [True, False, False]
    assert all("thinking" in seen.body for seen in fake.requests), "only what was refused goes"
    assert [reply.effort for reply in replies] == ["", ""], "neither says that it was made with it"


def test_a_model_that_knows_no_such_word_is_not_asked() -> None:
    room = Room(claude_effort="xhigh")
    known_models.remember_listed([KnownModel("plain", "Plain", efforts=("low", "high"))])
    try:
        assert [effort_of(room, model) for model in ("plain", DEMO_MODEL, "claude-sonnet-5-5")] == ["", "", "xhigh"]
    finally:
        known_models.remember_listed(None)
