"""Text to HTML on a server: slow text is shown as it was written, once, and holds up no one else."""

import asyncio
import errno
import os
import signal
from typing import Any, Final

import pytest

from chat import markdown
from chat.bounded import pool
from chat.bounded.pool import Full, NotDone
from chat.lifetime import part
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime import rendering
from chat.realtime.rendering import html_of, html_of_reply, of_user

ALICE: Final = of_user(1)


@pytest.fixture(autouse=True)
def nothing_is_given_up() -> None:
    part(rendering.GivenUp).clear()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts for which a process was asked, which never does the work."""
    texts: list[str] = []

    async def fail(kind: Any, owner: Any, request: pool.Request, *, is_bounded: bool) -> Any:
        texts.append(request.data.decode())
        raise NotDone("slow")

    monkeypatch.setattr(pool, "run", fail)
    return texts


@pytest.mark.parametrize("text", ["*a* <b>", "```python\nx\n```", "| a |\n|---|\n| é |", "@bob 😀", "<a@b>" * 4000])
async def test_a_process_renders_what_the_function_would(text: str) -> None:
    html = markdown.render(text)
    assert (await html_of(text, ALICE), await html_of_reply(text, 7)) == (html, markdown.without_mentions(html))


async def test_text_with_nothing_to_format_costs_no_hop(asked: list[str]) -> None:
    assert await html_of("Hello, world!", ALICE) == await html_of_reply("Hello, world!", 7) == "<p>Hello, world!</p>\n"
    assert await html_of("", ALICE) == await html_of_reply("", 7) == ""
    step = html_of("Hello", ALICE)
    with pytest.raises(StopIteration):  # it ends at its first step: nothing was waited for
        step.send(None)
    assert asked == []


async def test_a_text_that_takes_too_long_is_shown_as_written_and_not_tried_again(asked: list[str]) -> None:
    slow = "*slow*\n<b>"
    for _ in range(3):
        assert await html_of(slow, ALICE) == '<p class="as-written">*slow*<br>&lt;b&gt;</p>\n'
    assert await html_of_reply(slow, 7) == markdown.as_written(slow)
    assert asked == [slow]


@pytest.mark.parametrize("how", ["frozen", "not started"])
async def test_a_text_that_a_bad_moment_left_as_written_is_formatted_the_next_time(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Anyone may write the same words later, and they are not to blame for a machine that stood still."""
    await html_of("*warm*", ALICE)
    child = part(pool.Free)[pool.TEXT.program][-1]
    if how == "not started":

        def cannot_fork(_program: str) -> Any:
            raise BlockingIOError(errno.EAGAIN, "no more processes")

        child.end()
        with monkeypatch.context() as patch:
            patch.setattr(pool, "Child", cannot_fork)
            part(pool.Free).clear()
            assert await html_of("**Thanks!**", ALICE) == markdown.as_written("**Thanks!**")
    else:
        with monkeypatch.context() as patch:
            patch.setattr(rendering, "_SECONDS_OF_A_BUSY_MACHINE", -0.2)
            os.kill(child.pid, signal.SIGSTOP)
            assert await html_of("**Thanks!**", ALICE) == markdown.as_written("**Thanks!**")
    assert await html_of("**Thanks!**", ALICE) == "<p><strong>Thanks!</strong></p>\n"


async def test_only_so_many_texts_are_remembered(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_REMEMBERED", 2)
    for text in ("*1*", "*2*", "*3*", "*1*"):
        await html_of(text, ALICE)
    assert asked == ["*1*", "*2*", "*3*", "*1*"]


async def test_really_slow_text_is_interrupted() -> None:
    slow = "a|" * 2000 + "\n" + "-|" * 2000 + "\n" + "a\n" * 5900
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(rendering, "_SECONDS", 0.05)
        patch.setattr(rendering, "_SECONDS_PER_CHAR", 0)
        assert await html_of(slow, ALICE) == markdown.as_written(slow)
        assert len(part(rendering.GivenUp)) == 1
    assert await html_of("*a*", ALICE) == "<p><em>a</em></p>\n", "the parsers that were interrupted are made again"


async def test_a_killed_process_is_replaced() -> None:
    await html_of("*a*", ALICE)
    for child in part(pool.Free)[pool.TEXT.program]:
        os.kill(child.pid, signal.SIGKILL)
    await asyncio.sleep(0.05)
    assert await html_of("*b*", ALICE) == "<p><em>b</em></p>\n"


@pytest.mark.parametrize(("is_own", "code"), [(True, ErrorCode.RATE_LIMITED), (False, ErrorCode.UNAVAILABLE)])
async def test_when_too_much_waits_a_person_is_told_to_try_again(
    monkeypatch: pytest.MonkeyPatch, is_own: bool, code: ErrorCode
) -> None:
    async def full(*_: Any, **__: Any) -> Any:
        raise Full(is_own=is_own)

    monkeypatch.setattr(pool, "run", full)
    with pytest.raises(ProtocolError) as caught:
        await html_of("*a*", ALICE)
    assert caught.value.code is code and code.retryable


async def test_the_log_tells_sizes_and_no_text(asked: list[str], caplog: pytest.LogCaptureFixture) -> None:
    await html_of("*a secret*", ALICE)
    assert "text.not_formatted" in caplog.text and "secret" not in caplog.text
