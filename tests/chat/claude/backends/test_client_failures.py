"""The client against a fake of Anthropic's API that fails: what members see, what administrators, and what no one."""

import asyncio
import json
import logging
import time

import pytest

from chat.models import ReplyState
from fake_claude import (
    BadKey,
    BadRequest,
    Cut,
    ErrorInStream,
    Garbage,
    HttpError,
    NoCredit,
    NoMessageStop,
    Normal,
    Overloaded,
    Pings,
    Reset,
    ServerError,
    Silent,
    Stall,
    TooManyRequests,
    UnknownModel,
    wire,
)
from tests.chat.claude.calls import PROMPT, Frames, Raw, failure_of, opened, pieces_of, text_of
from tests.chat.claude.conftest import KEY


class Thoughtful(Normal):
    """Sends pings for longer than the read time-out before it speaks."""

    async def before_delta(self, exchange):
        for _ in range(15):
            await exchange.send(wire.PING)
            await exchange.pause(0.1)
        return True


# --- Failures before the stream ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [TooManyRequests(retry_after=0.01), Overloaded(), ServerError()])
async def test_what_passes_by_itself_is_tried_again_unnoticed(fake, backend, mode):
    fake.will(mode)

    assert text_of(await pieces_of(backend)) == f"You wrote: {PROMPT}"
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("mode", "code", "sentence"),
    [
        (TooManyRequests(retry_after=0.01), "rate_limited", "Claude gets too many requests"),
        (Overloaded(), "overloaded", "Claude is overloaded"),
        (ServerError(), "server_error", "Claude has a problem of its own"),
        (HttpError(502, "", "<html>Bad gateway</html>"), "server_error", "Claude has a problem of its own"),
    ],
)
async def test_what_does_not_pass_fails_after_three_attempts_and_may_be_tried_again(
    fake, backend, mode, code, sentence
):
    fake.default = mode

    text, failure = await failure_of(backend)

    assert len(fake.requests) == 3
    assert (text, failure.code, failure.began, failure.state) == ("", code, False, ReplyState.FAILED)
    assert failure.sentence.startswith(sentence)
    assert failure.sentence.endswith("Try again in a moment.")
    assert f"HTTP {mode.status}" in failure.detail


@pytest.mark.parametrize(
    ("mode", "code", "detail"),
    [
        (BadKey(), "bad_key", "HTTP 401 authentication_error: invalid bearer token"),
        (NoCredit(), "no_credit", "HTTP 402 billing_error: Your credit balance is too low"),
        (HttpError(400, "invalid_request_error", "Your credit balance is too low"), "no_credit", "HTTP 400"),
        (HttpError(403, "permission_error", "Not for your organization"), "forbidden", "HTTP 403 permission_error"),
        (UnknownModel(), "unknown_model", "HTTP 404 not_found_error: model: claude-of-tomorrow"),
        (BadRequest(), "bad_request", "HTTP 400 invalid_request_error: max_tokens: must be at most 64000"),
    ],
)
async def test_what_only_administrators_can_mend_fails_at_once_and_only_they_see_why(fake, backend, mode, code, detail):
    fake.default = mode

    _text, failure = await failure_of(backend)

    assert len(fake.requests) == 1
    assert (failure.code, failure.state) == (code, ReplyState.FAILED)
    assert failure.detail.startswith(detail)
    assert "(req_" in failure.detail
    assert failure.sentence.endswith("The administrators can see why.")
    assert str(mode.status) not in failure.sentence


@pytest.mark.parametrize("mode", [BadKey(), NoCredit()])
async def test_members_see_of_a_bad_key_or_an_empty_purse_that_claude_is_not_available(fake, backend, mode):
    fake.default = mode

    _text, failure = await failure_of(backend)

    assert failure.sentence.startswith("Claude is not available.")


@pytest.mark.parametrize(
    "mode",
    [
        HttpError(413, "request_too_large", "Request exceeds the maximum size"),
        HttpError(400, "invalid_request_error", "prompt is too long: 1200000 tokens > 1000000 maximum"),
    ],
)
async def test_a_conversation_that_is_too_long_is_called_so(fake, backend, mode):
    fake.default = mode

    _text, failure = await failure_of(backend)

    assert failure.code == "too_long"
    assert failure.sentence.startswith("This conversation is too long")


async def test_a_server_that_asks_to_wait_for_an_hour_is_not_waited_for(fake, backend):
    fake.default = TooManyRequests(retry_after=3600)
    began = time.monotonic()

    _text, failure = await failure_of(backend)

    assert failure.code == "rate_limited"
    assert time.monotonic() - began < 10
    assert len(fake.requests) == 1


async def test_a_server_that_cannot_be_reached_fails(fake, backend):
    fake.stop()

    _text, failure = await failure_of(backend)

    assert (failure.code, failure.state) == ("unreachable", ReplyState.FAILED)
    assert failure.sentence == "Claude could not be reached. Try again in a moment."
    assert failure.detail.startswith("ConnectError")


async def test_a_server_that_takes_the_request_and_says_nothing_has_stalled(fake, backend, settings):
    settings.CLAUDE_READ_SECONDS = 0.1
    fake.default = Silent()

    _text, failure = await failure_of(backend)

    assert (failure.code, failure.began) == ("stalled", False)
    assert "0.1 s (CLAUDE_READ_SECONDS)" in failure.detail
    assert len(fake.requests) == 1, "the asker would wait three times as long"


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        ("", "is not set"),
        ("sk-schlüssel", "cannot be sent"),
        ("sk-a\nb", "cannot be sent"),
        ("sk-a ", "cannot be sent"),
    ],
)
async def test_a_key_that_cannot_work_is_not_sent_and_not_told(fake, backend, settings, key, detail):
    settings.ANTHROPIC_API_KEY = key

    _text, failure = await failure_of(backend)

    assert fake.requests == []
    assert failure.code == "misconfigured"
    assert failure.sentence.startswith("Claude is not available.")
    assert detail in failure.detail
    assert not key or key.strip() not in failure.detail


@pytest.mark.parametrize("address", ["not an address", "http://[broken", "ftp://127.0.0.1", "http://127.0.0.1:99999"])
async def test_an_address_that_is_none_fails_and_does_so_again_until_it_is_mended(fake, backend, settings, address):
    settings.ANTHROPIC_BASE_URL = address
    for _attempt in range(2):
        _text, failure = await failure_of(backend)
        assert failure.state == ReplyState.FAILED
        assert failure.code in ("misconfigured", "unreachable")

    settings.ANTHROPIC_BASE_URL = fake.url
    assert text_of(await pieces_of(backend)) == f"You wrote: {PROMPT}"


# --- Failures in the stream ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "code", "detail"),
    [
        (Cut(3, text="a b c d e f"), "cut", "RemoteProtocolError: "),
        (Reset(3, text="a b c d e f"), "cut", "ReadError"),
        (NoMessageStop(3, text="a b c d e f"), "incomplete", "The stream ended without message_stop."),
        (Garbage(3, text="a b c d e f"), "garbage", "JSONDecodeError"),
        (Garbage(3, text="a b c d e f", data=b"event: x\ndata: {\xff}\n\n"), "garbage", "UnicodeDecodeError"),
        (ErrorInStream(3, text="a b c d e f"), "overloaded", "in the stream overloaded_error: Overloaded"),
        (ErrorInStream(3, text="a b c d e f", error="api_error"), "server_error", "in the stream api_error"),
    ],
)
async def test_a_reply_that_breaks_off_is_interrupted_and_what_arrived_is_kept(fake, backend, mode, code, detail):
    fake.will(mode)

    text, failure = await failure_of(backend)

    assert text == "a b c "
    assert (failure.code, failure.began, failure.state) == (code, True, ReplyState.INTERRUPTED)
    assert "Try again" not in failure.sentence  # what is there can be continued
    assert failure.detail.startswith(detail)
    assert len(fake.requests) == 1


async def test_a_reply_that_stalls_is_interrupted_after_the_time_that_is_set(fake, backend, settings):
    settings.CLAUDE_READ_SECONDS = 0.2
    fake.will(Stall(3, text="a b c d e f"))
    began = time.monotonic()

    text, failure = await failure_of(backend)

    assert text == "a b c "
    assert (failure.code, failure.state) == ("stalled", ReplyState.INTERRUPTED)
    assert 0.15 < time.monotonic() - began < 5
    assert await fake.until(lambda fake: fake.requests[0].closed_at is not None)


async def test_a_reply_of_which_nothing_but_pings_comes_does_not_hang(fake, backend, settings):
    settings.CLAUDE_READ_SECONDS = 0.2
    fake.will(Pings(3, text="a b c d e f"))

    text, failure = await asyncio.wait_for(failure_of(backend), 30)

    assert text == "a b c "
    assert (failure.code, failure.state) == ("stalled", ReplyState.INTERRUPTED)
    assert failure.detail == "nothing but pings arrived for 1 s (5 times CLAUDE_READ_SECONDS)"
    assert await fake.until(lambda fake: fake.requests[0].closed_at is not None)


async def test_pings_are_a_sign_of_life(fake, backend, settings):
    settings.CLAUDE_READ_SECONDS = 1
    fake.will(Thoughtful("Thought through.", pieces=1))

    assert text_of(await pieces_of(backend)) == "Thought through."


@pytest.mark.parametrize(
    "data",
    [
        [],
        "text",
        None,
        7,
        {"type": "content_block_delta", "index": 9, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 5}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}},
        {"type": "content_block_delta", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": None},
        {"type": "content_block_stop", "index": 5},
        {"type": "message_delta", "delta": None},
        {},
    ],
)
async def test_events_of_a_shape_that_there_is_not_are_garbage_and_no_crash(fake, backend, data):
    fake.will(Garbage(2, text="a b c", data=f"event: content_block_delta\ndata: {json.dumps(data)}\n\n".encode()))

    text, failure = await failure_of(backend)

    assert text == "a b "
    assert failure.state == ReplyState.INTERRUPTED
    assert failure.code in ("garbage", "incomplete")


async def test_a_tool_whose_input_cannot_be_read_is_garbage(fake, backend):
    block = {"type": "tool_use", "id": "toolu_1", "name": "search_history", "input": {}}
    for encoded in ("{", "[1]", '"text"', "[" * 100_000, json.dumps({"a": "x"})[:-1]):
        delta = {"type": "input_json_delta", "partial_json": encoded}
        fake.will(Frames(*opened(delta, block=block), stop_reason="tool_use"))

        _text, failure = await failure_of(backend)

        assert (failure.code, failure.began) == ("garbage", False)


async def test_a_body_without_any_event_is_garbage_and_nothing_has_begun(fake, backend):
    fake.default = Raw(b"<html>Please sign in</html>")

    _text, failure = await failure_of(backend)

    assert (failure.code, failure.state) == ("garbage", ReplyState.FAILED)


# --- What failures must not tell ------------------------------------------------------------------------------------


async def test_neither_the_key_nor_what_people_wrote_is_in_a_failure(fake, backend):
    for said in (f"invalid key {KEY}", f"messages.0.content: cannot take {PROMPT!r}"):
        fake.default = BadRequest(message=said)

        _text, failure = await failure_of(backend)

        for told in (failure.sentence, failure.detail, str(failure)):
            assert KEY not in told
            assert PROMPT[:20] not in told
        assert failure.__cause__ is None
        assert failure.__suppress_context__


async def test_text_that_arrived_is_not_in_the_failure_of_a_stream_that_cannot_be_read(fake, backend):
    fake.will(Garbage(data=b'event: content_block_delta\ndata: {"text": "the secret of the badger", \n\n'))

    _text, failure = await failure_of(backend)

    assert "badger" not in failure.detail


async def test_sentences_fit_where_they_are_kept(fake, backend):
    fake.default = BadRequest(message="x" * 5000)

    _text, failure = await failure_of(backend)

    assert len(failure.sentence) <= 200
    assert len(failure.detail) < 500


async def test_nothing_of_a_call_is_logged_even_at_debug(fake, backend, caplog):
    with caplog.at_level(logging.DEBUG):
        await pieces_of(backend)

    assert PROMPT not in caplog.text
    assert KEY not in caplog.text
