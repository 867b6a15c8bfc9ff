"""What tools found, in later calls: what `tests.reports.later_turns` holds, and how it is bounded and forgotten."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError

from accounts.models import User
from chat.access import Actor
from chat.claude.prompt import context
from chat.claude.tools import registry
from chat.claude.tools.tool import ToolResult
from chat.messages import changes, findings, replies
from chat.messages.findings import Found
from chat.models import Finding, Message, Reply, ReplyState, Room
from chat.protocol import requests
from chat.realtime.database import in_database
from fake_claude import Cut, FakeClaude, Garbage, Normal, ToolUse
from tests.chat.claude.desk import Desk, open_desk
from tests.chat.claude.talk import asks, ends, says
from tests.chat.fixtures import room_of
from tests.reports.later_turns import CASES, RESULT, USE, Case
from tests.reports.texts_around_tools import CASES as TEXTS
from tests.reports.texts_around_tools import Case as Texts

pytestmark = pytest.mark.django_db(transaction=True)

ALL = ["search_history", "list_members", "read_attachment"]


def put_tool(monkeypatch: pytest.MonkeyPatch, name: str, use: Callable[..., ToolResult]) -> None:
    """Have a tool do something else."""
    monkeypatch.setattr(registry, "TOOLS", {**registry.TOOLS, name: registry.TOOLS[name]._replace(use=use)})


def shape(turn: dict[str, Any]) -> list[str]:
    kinds = {"tool_use": USE, "tool_result": RESULT}
    return [kinds.get(block["type"]) or block["text"] for block in turn["content"]]


def results(body: dict[str, Any]) -> list[str]:
    """Return the results of tools in a call."""
    blocks = [block for turn in body["messages"] for block in turn["content"]]
    return [block["content"] for block in blocks if block["type"] == "tool_result"]


def searched(query: str = "apples", **more: Any) -> ToolUse:
    return ToolUse("search_history", {"query": query}, text="I look.", then=Normal("Found.", **more))


async def next_call(desk: Desk, fake: FakeClaude, prompt: str = "And now?") -> dict[str, Any]:
    """Ask once more, and return what the model is given for it."""
    fake.will(Normal("Well."))
    reply = await desk.ask(prompt)
    assert reply.state == "complete", reply.error_detail
    return fake.requests[-1].body


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_the_next_call_tells_what_tools_found_in_its_place(case: Case, fake: FakeClaude) -> None:
    fake.will(case.mode())
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members", "search_history"])
        await desk.ask("Where is it?")
        body = await next_call(desk, fake)

    _prompt, *turns = body["messages"]
    told = [shape(turn) for turn in turns]
    # The next prompt stands last: in a turn of its own, or behind results that no text follows.
    assert told[: len(case.turns) - 1] == case.turns[:-1]
    assert told[len(case.turns) - 1][: len(case.turns[-1])] == case.turns[-1]
    ids = [block["id"] for turn in turns for block in turn["content"] if block["type"] == "tool_use"]
    assert len(ids) == len(set(ids))
    assert all(results(body))


@pytest.mark.parametrize("case", TEXTS, ids=str)
async def test_with_tools_in_them_no_replies_are_refused(case: Texts, fake: FakeClaude) -> None:
    fake.will(case.mode())
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        await desk.ask("Where is it?")
        body = await next_call(desk, fake)

    words = "".join(block.get("text", "") for turn in body["messages"][1:-1] for block in turn["content"])
    assert "".join(words.split()) == "".join(case.text.split())


async def test_each_later_call_begins_with_the_same_bytes_and_finds_them_cached(fake: FakeClaude) -> None:
    many: Any = Normal("Enough." + " word" * 2000)
    for _ in range(3):
        many = ToolUse("list_members", text="word " * 1000, more=(("list_members", {}),) * 9, then=many)
    fake.will(many)
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        await desk.ask("Who is here?" + " word" * 2000)
        bodies = [await next_call(desk, fake, f"And {number}?") for number in range(3)]
        fake.will(searched())
        await desk.ask("Once more")

    first = fake.requests[0].exchange.usage
    usages = [seen.exchange.usage for seen in fake.requests[-5:-2]]
    before = [first, *usages]
    for earlier, now in zip(before, usages, strict=False):
        assert (
            now["cache_read_input_tokens"]
            >= earlier["cache_read_input_tokens"] + earlier["cache_creation_input_tokens"]
        )
    plain = [
        json.dumps(body["messages"][:-1]).replace(', "cache_control": {"type": "ephemeral"}', "") for body in bodies
    ]
    assert all(later.startswith(earlier[:-1]) for earlier, later in itertools.pairwise(plain))


async def test_a_reply_that_is_continued_knows_what_it_has_found(fake: FakeClaude) -> None:
    fake.will(ToolUse("list_members", text="I look.", then=Cut(3, text="Alice and no one else is here.")))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        cut = await desk.ask("Who is here?")
        fake.will(ToolUse("list_members", text=" Once more.", then=Normal("So it is.")))
        whole = await desk.go_on(cut)
        body = await next_call(desk, fake)

    continued = fake.requests[2].body["messages"]
    assert (cut.state, whole.state) == ("interrupted", "complete")
    assert [shape(turn) for turn in continued[1:3]] == [["I look.", USE], [RESULT]]
    assert shape(continued[3])[0].startswith("Alice") and "cut off" in shape(continued[4])[0]
    assert [shape(turn)[-1] for turn in body["messages"][1:6]][:4] == [USE, RESULT, USE, RESULT]
    assert len(results(body)) == 2 and "@alice" in results(body)[0]


async def test_a_reply_that_was_cut_off_behind_a_result_goes_on_in_a_new_paragraph(fake: FakeClaude) -> None:
    fake.will(ToolUse("list_members", text="I look.", then=Garbage(at="start")))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        cut = await desk.ask("Who is here?")
        fake.will(Normal("Only Alice."))
        whole = await desk.go_on(cut)

    (*_turns, called, last) = fake.requests[-1].body["messages"]
    assert shape(called) == ["I look.", USE]
    assert shape(last)[0] == RESULT and "new paragraph" in shape(last)[1]
    assert (cut.state, whole.text) == ("interrupted", "I look.\n\nOnly Alice.")


@pytest.mark.parametrize("error", [RuntimeError, OSError, DataError])
async def test_a_tool_that_fails_is_told_to_the_model_and_the_reply_goes_on(
    error: type[Exception], fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise error("secret path")

    put_tool(monkeypatch, "list_members", broken)
    fake.will(ToolUse("list_members", text="I look.", then=Normal("No luck.")))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        reply = await desk.ask("Who is here?")

    assert (reply.state, reply.text) == ("complete", "I look.\n\nNo luck.")
    (block,) = fake.requests[-1].body["messages"][-1]["content"]
    assert block["is_error"] and "does not work" in block["content"] and "secret" not in block["content"]


@pytest.mark.parametrize("content", ["word " * 200_000, "語" * 300_000, "a\x00b\ud800c\U0001f600", "\n" * 1000, ""])
async def test_any_result_can_be_sent_and_stored(
    content: str, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_tool(monkeypatch, "list_members", lambda *_: ToolResult(content, "done"))
    fake.will(ToolUse("list_members", text="I look.", then=Normal("So.")))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        reply = await desk.ask("Who is here?")
        (told,) = results(await next_call(desk, fake))
        stored = await in_database(lambda: Finding.objects.get().content)

    assert reply.state == "complete" and len(stored) <= findings.RESULT_CHARS
    assert told and "\x00" not in told and len(told) < 20_000


async def test_another_version_brings_what_it_has_found_itself(fake: FakeClaude) -> None:
    fake.will(ToolUse("list_members", then=Normal("One.")))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=ALL)
        reply = await desk.ask("Who is here?")
        fake.will(searched("zebra"))
        await desk.retry(reply)
        second = results(await next_call(desk, fake))
        show = requests.ShowVersion(message=str(reply.message_id), version=1)
        await in_database(replies.show_version, desk.alice, show, "<p>One.</p>", "")
        first = results(await next_call(desk, fake))

    assert second == ["No message was found."]
    assert len(first) == 1 and "@alice: owner" in first[0]


async def test_a_reply_that_is_tried_again_starts_with_nothing(fake: FakeClaude) -> None:
    fake.will(ToolUse("list_members", then=Normal(" ")))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=ALL)
        blank = await desk.ask("Who is here?")
        fake.will(Normal("Alice."))
        await desk.retry(blank)
        body = await next_call(desk, fake)

    assert results(body) == []


async def test_a_tool_that_was_switched_off_is_not_told_of(fake: FakeClaude) -> None:
    fake.will(ToolUse("list_members", text="A", then=searched("zebra")))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=ALL)
        await desk.ask("Who is here?")
        await desk.set_up(claude_tools=["search_history"])
        one = await next_call(desk, fake)
        await desk.set_up(claude_tools=[])
        none = await next_call(desk, fake)

    assert results(one) == ["No message was found."]
    assert results(none) == [] and shape(none["messages"][1]) == ["A\n\nI look.\n\nFound."]


# --- Forgetting ---------------------------------------------------------------------------------------------------------


async def _edit(desk: Desk, message: Message) -> None:
    await in_database(changes.edit_message, desk.alice, str(message.pk), "pears", "<p>pears</p>")


async def _delete(desk: Desk, message: Message) -> None:
    await in_database(changes.delete_message, desk.alice, requests.DeleteMessage(message=str(message.pk)))


@pytest.mark.parametrize("change", [_edit, _delete])
async def test_a_result_is_forgotten_with_what_it_quotes(change: Any, fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.set_up(claude_tools=ALL, claude_every_message=False)
        await desk.post("secret apples")
        await desk.post("other pears")
        await desk.set_up(claude_every_message=True)
        fake.will(searched(), searched("pears"))
        await desk.ask("first")
        await desk.ask("second")
        told = results(await next_call(desk, fake, "now?"))
        quoted = await in_database(lambda: Message.objects.get(content="secret apples"))
        await change(desk, quoted)
        body = await next_call(desk, fake, "and now?")
        stored = await in_database(lambda: [each.content for each in Finding.objects.all()])

    assert "secret" in told[0] and "other pears" in told[1]
    assert results(body)[0].startswith("[Forgotten") and "other pears" in results(body)[1]
    assert "secret" not in json.dumps(body) and "secret" not in "".join(stored)


async def test_a_deleted_reply_takes_what_it_found_along(fake: FakeClaude) -> None:
    fake.will(ToolUse("list_members", then=Normal("One.")))
    async with open_desk() as desk:
        await desk.set_up(claude_tools=ALL)
        reply = await desk.ask("Who is here?")
        await _delete(desk, await in_database(lambda: Message.objects.get(pk=reply.message_id)))
        assert await in_database(Finding.objects.count) == 0
        assert results(await next_call(desk, fake)) == []


# --- Rows alone ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    room = room_of(alice, "den", "session", members=[bob])
    Room.objects.filter(pk=room.pk).update(claude_tools=ALL)
    room.refresh_from_db()
    return room


def found(content: str, quotes: dict[int, str] | None = None, **facts: Any) -> Found:
    size = len(content) // 3
    return Found(0, 0, "search_history", {"query": "x"}, content, False, size, quotes or {})._replace(**facts)


def keep(reply: Reply, *each: Found) -> bool:
    Reply.objects.filter(pk=reply.pk).update(state=ReplyState.RUNNING)
    return findings.keep(reply.pk, reply.epoch, {"text": reply.text}, 1, each)


def test_what_changes_before_a_result_is_stored_is_not_quoted(alice: User, den: Room) -> None:
    edited, gone, same = (says(alice, den, words) for words in ("edited", "gone", "same"))
    Message.objects.filter(pk=edited.pk).update(content="now")
    Message.objects.filter(pk=gone.pk).update(deleted_at=gone.created_at)
    quotes = [{edited.pk: "edited"}, {gone.pk: "gone"}, {same.pk: "same"}, {same.pk: "same", edited.pk: "edited"}]
    assert keep(asks(alice, den, "?"), *(found("words", each) for each in quotes))
    assert [each.content for each in Finding.objects.all()] == ["", "", "words", ""]


def test_a_runner_that_has_lost_its_reply_stores_nothing(alice: User, den: Room) -> None:
    reply = asks(alice, den, "?")
    assert not findings.keep(reply.pk, reply.epoch, {}, 1, [found("words")])
    Reply.objects.filter(pk=reply.pk).update(state=ReplyState.RUNNING, epoch=5)
    assert not findings.keep(reply.pk, 4, {}, 1, [found("words")])
    assert not Finding.objects.exists()


def test_old_results_give_way_in_steps_and_the_newest_never(alice: User, den: Room, settings: Any) -> None:
    settings.CLAUDE_CONTEXT_TOKENS = 20_000
    given: list[list[bool]] = []
    for number in range(12):
        reply = asks(alice, den, f"question {number}")
        body = {"messages": context.build(reply).messages}
        given.append([not each.startswith("[Left out") for each in results(body)])
        keep(reply, found("word " * 600 if number % 5 else "word " * 20_000))
        ends(reply, "Found.")
        assert context.build(reply).estimated_tokens <= 20_000
    assert all(each == sorted(each) and each[-1] for each in given[1:]), "the newest are those that are given"
    starts = [each.index(True) for each in given[1:]]
    assert starts == sorted(starts) and starts[-1] > 3 and len(set(starts)) < len(starts) - 2


def test_a_room_keeps_so_many_uses_and_no_more(alice: User, den: Room, monkeypatch: Any) -> None:
    monkeypatch.setattr(findings, "USES_KEPT", 5)
    monkeypatch.setattr(findings, "_DROPPED_AT_ONCE", 3)
    reply, counts = asks(alice, den, "?"), []
    for _ in range(12):
        keep(reply, found("x"))
        counts.append(Finding.objects.count())
    assert counts == [1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8]


def test_the_names_of_tools_fit_into_their_column() -> None:
    longest = Finding._meta.get_field("name").max_length
    assert longest is not None and all(len(name) <= longest for name in registry.TOOLS)


def test_people_are_shown_no_results(alice: User, den: Room) -> None:
    reply = asks(alice, den, "?")
    keep(reply, found("raw words"))
    ends(reply, "Found.")
    response = replies.state_of(Actor.of(alice), str(reply.message_id))
    assert b"raw words" not in json.dumps(repr(response)).encode()
