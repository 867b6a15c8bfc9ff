"""The fake of Anthropic's API: it keeps to the wire format, refuses what the real one refuses, and sees who goes away."""

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from io import StringIO
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from fake_claude import (
    Cut,
    FakeClaude,
    Held,
    NoMessageStop,
    Normal,
    Overloaded,
    SplitUtf8,
    Stall,
    Tiny,
    ToolUse,
    TooManyRequests,
    WithThinking,
)
from fake_claude.by_hand import ByPrompt, mode_called, names

VERSION = "2026-10-21"


def body_of(text: str = "Hello.", **changes: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "claude-sonnet-5-5", "max_tokens": 100, "stream": True, "messages": messages, **changes}


@contextmanager
def posted(fake: FakeClaude, body: Any, path: str = "/v1/messages", **headers: str) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", fake.port, timeout=10)
    sent = {"authorization": "Bearer a-key", "anthropic-version": VERSION, **headers}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, raw, {name: value for name, value in sent.items() if value})
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def events_in(data: bytes) -> list[tuple[str, Any]]:
    """Return the events of a body, of which every one must be whole."""
    *frames, rest = data.decode().split("\n\n")
    assert rest == ""
    events = []
    for frame in frames:
        name, payload = frame.split("\n")
        assert name.startswith("event: ")
        assert payload.startswith("data: ")
        events.append((name.removeprefix("event: "), json.loads(payload.removeprefix("data: "))))
    return events


def ask(fake: FakeClaude, body: Any) -> list[tuple[str, Any]]:
    with posted(fake, body) as response:
        return events_in(response.read())


def test_a_stream_has_the_events_of_the_messages_api_in_their_order(fake):
    fake.will(Normal("One two.", pieces=2))

    with posted(fake, body_of()) as response:
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["request-id"].startswith("req_")
        events = events_in(response.read())

    names_ = [name for name, _data in events]
    assert names_ == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert all(name == data["type"] for name, data in events)


def test_without_stream_the_message_comes_whole(fake):
    fake.will(Normal("One two."))

    with posted(fake, body_of(stream=False)) as response:
        message = json.load(response)

    assert message["content"] == [{"type": "text", "text": "One two."}]
    assert message["stop_reason"] == "end_turn"
    assert message["usage"]["output_tokens"] > 1


def test_modes_are_used_up_in_their_order_and_then_the_default_holds(fake):
    fake.will(Overloaded(), TooManyRequests(retry_after=7))
    fake.default = Normal("As always.")

    with posted(fake, body_of()) as first, posted(fake, body_of()) as second, posted(fake, body_of()) as third:
        assert (first.status, json.load(first)["error"]["type"]) == (529, "overloaded_error")
        assert (second.status, second.headers["retry-after"]) == (429, "7")
        assert third.status == 200
        assert b"always" in third.read()


def test_a_rule_for_words_in_the_prompt_leaves_the_queue_alone(fake):
    fake.will(Normal("The queue's."))
    fake.when("badger", Normal("The rule's."))

    assert "rule's" in str(ask(fake, body_of("a badger")))
    assert "queue's" in str(ask(fake, body_of("a fox")))


def test_what_is_thought_is_silent_unless_its_summary_is_asked_for(fake):
    fake.default = WithThinking("Yes.", thinking="Hm.")

    silent = str(ask(fake, body_of()))
    summarised = str(ask(fake, body_of(thinking={"type": "adaptive", "display": "summarized"})))

    assert "signature_delta" in silent
    assert "Hm." not in silent
    assert "Hm." in summarised


def test_a_tools_result_gets_the_reply_that_was_meant_for_it(fake):
    fake.will(ToolUse("find", {"a": 1}, then=Normal("Found it.")))
    events = ask(fake, body_of())
    use = next(data["content_block"] for name, data in events if name == "content_block_start")
    assistant = {"role": "assistant", "content": [{**use, "input": {"a": 1}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use["id"], "content": "x"}]}

    assert "Found" in str(ask(fake, body_of(messages=[*body_of()["messages"], assistant, result])))


def test_each_byte_of_split_utf8_is_a_chunk_of_its_own(fake):
    fake.will(SplitUtf8("ü"))
    connection = HTTPConnection("127.0.0.1", fake.port, timeout=10)
    connection.request("POST", "/v1/messages", json.dumps(body_of()), {"x-api-key": "k", "anthropic-version": VERSION})

    raw = connection.sock.makefile("rb").read1(1_000_000)
    while b"\r\n0\r\n\r\n" not in raw:
        raw += connection.sock.recv(1_000_000)
    connection.close()

    first, second = "ü".encode()
    assert b"1\r\n%c\r\n1\r\n%c\r\n" % (first, second) in raw


def test_a_cut_leaves_the_body_open_and_an_end_without_stop_closes_it(fake):
    fake.will(Cut(2, text="a b c"), NoMessageStop(2, text="a b c"))

    with posted(fake, body_of()) as response, pytest.raises(IncompleteRead):
        response.read()
    with posted(fake, body_of()) as response:
        events = events_in(response.read())

    assert events[-1][0] == "content_block_delta"


def test_it_sees_when_the_client_goes_away(fake):
    fake.will(Stall(1))
    with posted(fake, body_of()) as response:
        response.read1(10)
        assert fake.requests[0].closed_at is None
        leaving = time.monotonic()

    assert fake.wait_until(lambda fake: fake.requests[0].closed_at is not None)
    assert 0 <= (fake.requests[0].closed_at or 0) - leaving < 1
    assert not fake.requests[0].ended


def test_a_reply_that_is_held_goes_on_when_it_is_released(fake):
    fake.will(Held(2, text="a b c d"))
    with posted(fake, body_of()) as response:
        before = b""
        while before.count(b"text_delta") < 2:
            before += response.read1(10_000)
        fake.release()
        after = response.read()

    assert after.count(b"text_delta") == 2
    assert fake.requests[0].ended


def test_a_hundred_streams_of_two_thousand_deltas_run_at_once(fake):
    fake.default = Tiny(2_000)
    raw = json.dumps(body_of()).encode()
    head = (
        f"POST /v1/messages HTTP/1.1\r\nx-api-key: k\r\nanthropic-version: {VERSION}\r\ncontent-length: {len(raw)}\r\n"
    )
    clients = [socket.create_connection(("127.0.0.1", fake.port), timeout=60) for _ in range(100)]
    for client in clients:
        client.sendall(f"{head}\r\n".encode() + raw)
    assert fake.wait_until(lambda fake: len(fake.requests) == 100)

    for client in clients:
        body = bytearray()
        while not body.endswith(b"\r\n0\r\n\r\n"):
            body += client.recv(1_000_000)
        assert body.count(b"text_delta") == 2_000
        client.close()


def test_it_can_go_away_and_come_back_at_the_same_place(fake):
    url = fake.url
    fake.stop()
    with pytest.raises(ConnectionRefusedError), posted(fake, body_of()):
        pass
    fake.start()

    assert fake.url == url
    assert ask(fake, body_of())


def test_models_are_listed_and_tokens_counted(fake):
    with urlopen(Request(f"{fake.url}/v1/models", headers={"x-api-key": "k"}), timeout=10) as response:
        models = json.load(response)
    with posted(fake, body_of("word " * 100), path="/v1/messages/count_tokens") as response:
        counted = json.load(response)

    assert models["data"][0]["id"] == "claude-opus-5-5"
    assert counted["input_tokens"] > 100
    assert fake.requests == []


# --- What the real service refuses ----------------------------------------------------------------------------------

_USE = {"type": "tool_use", "id": "t1", "name": "find", "input": {}}
_TOOL = {"name": "find", "input_schema": {"type": "object"}}
_CACHED = {"cache_control": {"type": "ephemeral"}}


def _picture(width, height=10, kind="PNG", **source):
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, kind)
    data = base64.b64encode(file.getvalue()).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data, **source}}


def _with(*blocks, role="user"):
    turns = [{"role": "user", "content": [{"type": "text", "text": "a"}]}]
    if role == "user":
        return {"messages": [{"role": "user", "content": [*blocks, *turns[0]["content"]]}]}
    return {"messages": [*turns, {"role": role, "content": list(blocks)}, *turns]}


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "Hi."}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "The result is"}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "  "}]}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]}]},
        {
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": [_USE]},
                {"role": "user", "content": "b"},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}]},
                {"role": "user", "content": "b"},
            ]
        },
        {"temperature": 0.5},
        {"top_p": 1},
        {"unheard_of": True},
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "adaptive", "unheard_of": True}},
        {"output_config": {"effort": "low", "unheard_of": True}},
        {"metadata": {"room": "den"}},
        {"tools": [_TOOL], "tool_choice": {"type": "any"}},
        {"tools": [_TOOL], "tool_choice": {"type": "tool", "name": "find"}},
        {"tools": [{**_TOOL, "unheard_of": True}]},
        {"tool_choice": {"type": "auto"}},
        {"messages": [{"role": "user", "content": []}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": []}]},
        _with({"type": "text", "text": "a", "unheard_of": True}),
        _with({"type": "unheard_of"}),
        {**_with(*[{"type": "text", "text": "a", **_CACHED}] * 4), "tools": [{**_TOOL, **_CACHED}]},
        _with(_picture(8_001)),
        _with(*[_picture(2_001)] * 21),
        _with(*[_picture(1)] * 101),
        _with(_picture(10, data="A" * (5 * 1024 * 1024 + 4))),
        _with(_picture(10, media_type="image/tiff")),
        _with(_picture(10, kind="JPEG")),
        _with(_picture(10, data="bm8gcGljdHVyZQ==")),
        _with(_picture(10), role="assistant"),
        {"tools": [{"name": "with space", "input_schema": {"type": "object"}}]},
        {"max_tokens": None},
        {"system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}] * 5},
    ],
)
def test_it_refuses_what_the_real_service_refuses(fake, changes):
    with posted(fake, body_of(**changes)) as response:
        body = json.load(response)

    assert response.status == 400
    assert body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "changes",
    [
        {"thinking": {"type": "between_tools"}},
        {"tools": [_TOOL], "tool_choice": {"type": "none"}},
        _with(*[{"type": "text", "text": "a", **_CACHED}] * 4),
        _with(*[_picture(2_000)] * 20, _picture(2_000)),
        _with(_picture(8_000)),
    ],
)
def test_it_takes_what_the_real_service_takes(fake, changes):
    with posted(fake, body_of(**changes)) as response:
        assert response.status == 200


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"text"', b"null"])
def test_it_refuses_what_is_no_request(fake, raw):
    with posted(fake, raw) as response:
        assert response.status == 400


def test_it_wants_a_key_and_a_version(fake):
    with posted(fake, body_of(), authorization="") as response:
        assert response.status == 401
    with posted(fake, body_of(), **{"anthropic-version": ""}) as response:
        assert response.status == 400


# --- For people -----------------------------------------------------------------------------------------------------


def test_a_word_in_the_prompt_chooses_the_mode():
    choose = ByPrompt()

    assert isinstance(choose(body_of("please mode:cut it, no, mode:stall it")), Stall)
    assert choose(body_of("nothing of the kind")) is None
    assert choose(body_of("mode:unheard-of")) is None
    assert isinstance(choose(body_of("mode:529-once")), Overloaded)
    assert isinstance(choose(body_of("mode:529-once")), Normal)


def test_every_mode_for_people_exists():
    assert all(mode_called(name) is not None for name in names())


def test_the_command_serves_until_it_is_stopped(settings):
    command = [sys.executable, "-u", str(settings.BASE_DIR / "manage.py"), "fake_claude", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "DEBUG": "1"})
    assert process.stdout is not None
    try:
        told: dict[str, str] = {}
        for line in process.stdout:
            name, _equals, value = line.strip().partition("=")
            told[name] = value
            if "CLAUDE_BACKEND" in told:
                break
        url = told["ANTHROPIC_BASE_URL"]
        headers = {"authorization": f"Bearer {told['ANTHROPIC_API_KEY']}", "anthropic-version": VERSION}
        body = json.dumps(body_of("mode:echo Is anybody there?")).encode()
        with urlopen(Request(f"{url}/v1/messages", body, headers), timeout=10) as response:
            echoed = "".join(
                data["delta"]["text"] for name, data in events_in(response.read()) if name == "content_block_delta"
            )
        said = [process.stdout.readline() for _line in range(2)]
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=20)
        process.stdout.close()

    assert told["CLAUDE_BACKEND"] == "anthropic"
    assert echoed == "You wrote: mode:echo Is anybody there?"
    assert said[1] == "POST /v1/messages, model claude-sonnet-5-5\n"
    assert code == 0


def test_the_command_says_what_is_wrong(fake):
    with pytest.raises(CommandError, match=f"Port {fake.port} cannot be used"):
        call_command("fake_claude", port=fake.port, stdout=StringIO())
    with pytest.raises(CommandError, match=r"Unknown mode 'unheard-of'\. The modes are: normal, "):
        call_command("fake_claude", mode="unheard-of", stdout=StringIO())
