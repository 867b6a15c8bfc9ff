"""What the page reads from messages and streams: what Claude does, who waits, where its view of the room begins."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.servers.sites import Site

ALICE = {"id": "1", "username": "alice"}


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    made = browser.new_page(base_url=site.processes[0].origin)
    made.goto("/accounts/login/")
    yield made
    made.close()


def call(page: Page, function: str, *arguments: Any) -> Any:
    script = "async ([name, args]) => (await import('/static/chat/js/pages/claude/claude-state.js'))[name](...args)"
    return page.evaluate(script, [function, list(arguments)])


def prompt(seq: int, **more: Any) -> dict[str, Any]:
    return {"id": str(seq), "seq": seq, "kind": "text", "content": "x", "author": ALICE, **more}


def reply(seq: int, state: str, **more: Any) -> dict[str, Any]:
    facts = {"state": state, "prompt": str(seq - 1), "requestedBy": ALICE, **more}
    return {"id": str(seq), "seq": seq, "kind": "text", "author": {"id": "9", "username": "claude"}, "reply": facts}


def words(page: Page, *messages: dict[str, Any], streams: tuple[dict[str, Any], ...] = ()) -> str:
    return str(call(page, "stateWords", call(page, "claudeState", list(messages), list(streams))))


def test_the_words_for_what_claude_does(page: Page) -> None:
    running, queued = [prompt(1), reply(2, "running")], [prompt(3), reply(4, "queued")]
    writing = {"messageId": "2", "state": "running", "text": "So"}
    assert words(page) == words(page, prompt(1), reply(2, "complete")) == "Ready"
    assert words(page, *running) == words(page, *running, streams=({**writing, "text": ""},)) == "Thinking…"
    assert words(page, *running, streams=(writing,)) == "Replying to alice"
    assert words(page, *running, *queued, streams=(writing,)) == "Replying to alice · 1 waiting"
    assert words(page, *queued) == "About to reply"
    assert words(page, prompt(1), reply(2, "failed", error="Claude is busy.")) == "Last reply failed"
    assert words(page, prompt(1), reply(2, "failed"), prompt(3), reply(4, "complete")) == "Ready"


def test_the_queue_does_not_open_for_a_prompt_whose_turn_is_now_but_for_one_that_nobody_takes(page: Page) -> None:
    script = """async (prompts) => {
      const { ReplyQueue } = await import('/static/chat/js/pages/claude/reply-queue.js');
      const root = document.createElement("div");
      root.hidden = true;
      const due = new Promise((resolve) => (window.onDue = resolve));
      const queue = new ReplyQueue(root, { myId: "1", onDue: window.onDue });
      const [one, two] = prompts.map((prompt) => ({ prompt }));
      const shown = (...given) => (queue.show(...given), !root.hidden);
      const seen = { next: shown([one], true, false), again: shown([one], true, false) };
      await Promise.race([due, new Promise((resolve) => setTimeout(resolve, 5_000))]);
      seen.nobodyTookIt = shown([one], true, false);
      seen.isReplying = shown([], true, true);
      seen.behindAnother = shown([one], true, true);
      seen.staysOpenInBetween = shown([one], true, false);
      seen.nothing = shown([], true, false);
      seen.two = shown([one, two], true, false);
      return seen;
    }"""
    seen = page.evaluate(script, [prompt(1, change=1), prompt(3, change=2)])
    assert seen == {
        "next": False,
        "again": False,
        "nobodyTookIt": True,
        "isReplying": False,
        "behindAnother": True,
        "staysOpenInBetween": True,
        "nothing": False,
        "two": True,
    }


def test_prompts_are_shown_in_the_order_of_their_turns(page: Page) -> None:
    bob = {"id": "2", "username": "bob"}
    rows = [prompt(1), reply(2, "running", change=20, startedAt=5)]
    for seq, asker in [(3, ALICE), (5, ALICE), (7, bob), (9, bob)]:
        rows += [prompt(seq), reply(seq + 1, "queued", change=seq + 1, requestedBy=asker)]
    waiting = call(page, "claudeState", rows, [])["waiting"]
    assert [each["prompt"]["id"] for each in waiting] == ["7", "3", "9", "5"]
    retried = [prompt(1), reply(2, "queued", change=30), prompt(3), reply(4, "queued", change=4)]
    state = call(page, "claudeState", retried, [])
    assert ([each["prompt"]["id"] for each in state["waiting"]], state["stoppableId"]) == (["3", "1"], "4")


def test_a_reply_is_known_by_its_stream_where_its_message_is_not_loaded(page: Page) -> None:
    stream = {"messageId": "80", "state": "running", "text": "So"}
    assert call(page, "claudeState", [prompt(1)], [stream])["stoppableId"] == "80"
    assert words(page, prompt(1), streams=(stream,)) == "Replying to a prompt"


def test_a_withdrawn_prompt_does_not_wait(page: Page) -> None:
    withdrawn = {**reply(4, "stopped"), "deletedAt": 1}
    state = call(page, "claudeState", [prompt(1), reply(2, "running"), prompt(3, deletedAt=1), withdrawn], [])
    assert (state["waiting"], state["stoppableId"]) == ([], "2")


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"contextFrom": 3}, {"seq": 3, "summarised": False}),
        ({"contextFrom": 2, "summarised": True}, {"seq": 2, "summarised": True}),
        ({"contextFrom": 1}, None),
        ({"contextFrom": 0}, None),
        ({}, None),
    ],
)
def test_the_context_line_stands_where_claude_s_view_begins(
    page: Page, context: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    messages = [prompt(1), reply(2, "complete", contextFrom=1), prompt(3), reply(4, "running", **context)]
    if not context:
        messages = [prompt(1), prompt(3), reply(4, "queued")]
    assert call(page, "contextLine", messages) == expected
