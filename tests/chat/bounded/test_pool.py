"""Child processes: what takes too long is ended wherever it is, what dies is replaced, and they end with their parent."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from chat.bounded import pool
from chat.bounded.child import Status
from chat.bounded.pool import Full, Kind, NotDone, Request, run
from chat.lifetime import part

ODD: Final = Kind("tests.chat.bounded.odd_child", at_once=2, of_one=3, of_all=5)
_ROOT: Final = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    yield
    for child in part(pool.Free).pop(ODD.program, []):
        child.end()


def request(
    what: str, *, soft: float = 0.1, hard: float = 0.3, wall: float = 20, files: tuple[int, ...] = ()
) -> Request:
    return Request(what.encode(), soft, hard, wall, files)


async def result_of(what: str, owner: str = "alice", **how: Any) -> str:
    return (await run(ODD, owner, request(what, **how))).data.decode()


async def pid() -> int:
    return int((await result_of("echo")).split()[0])


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{number}/stat").read_text().split()[2] != "Z" if Path("/proc/self").exists() else True


async def gone(number: int) -> bool:
    for _ in range(1200):  # native code gets two seconds of a processor, which may have much else to do
        if not is_running(number):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_a_process_is_kept_from_one_request_to_the_next() -> None:
    assert [await result_of("echo hi"), await result_of("echo hi")] == [f"{await pid()} hi"] * 2


@pytest.mark.parametrize("what", ["loop", "backtrack", "swallow once"])
async def test_python_and_regular_expressions_are_interrupted(what: str) -> None:
    before = await pid()
    with pytest.raises(NotDone, match="slow"):
        await result_of(what, hard=30)
    assert await pid() == before, "it works on"


@pytest.mark.parametrize("what", ["native", "swallow always"])
async def test_what_cannot_be_interrupted_dies_and_is_replaced(what: str) -> None:
    before = await pid()
    with pytest.raises(NotDone, match="died") as caught:
        await result_of(what)
    assert not caught.value.by_chance
    assert await gone(before)
    assert await pid() != before


async def test_deadlines_count_processor_time_so_that_a_busy_machine_ends_no_work() -> None:
    assert (await result_of("sleep 0.5", soft=0.1, hard=0.3)).endswith("0.5")


async def test_a_frozen_process_is_given_up() -> None:
    before = await pid()
    os.kill(before, signal.SIGSTOP)
    with pytest.raises(NotDone, match="died") as caught:
        await result_of("echo", wall=0.3)
    assert caught.value.by_chance
    assert await gone(before)
    assert await pid() != before


async def test_a_process_that_was_killed_while_it_was_free_costs_no_one_anything() -> None:
    before = await pid()
    os.kill(before, signal.SIGKILL)
    assert await pid() != before
    await result_of("echo")


async def test_a_process_that_dies_at_work_is_not_asked_again() -> None:
    with pytest.raises(NotDone, match="died") as caught:
        await result_of("die")
    assert caught.value.by_chance, "no fault of its own ends a process with SIGKILL"
    assert await result_of("echo")


async def test_a_process_that_left_because_it_had_nothing_to_do_is_replaced_in_silence() -> None:
    with pytest.raises(NotDone, match="no process"):  # it leaves each time: three tries, and no more
        await result_of("leave")


async def test_memory_has_a_bound() -> None:
    if sys.platform != "linux":
        return
    with pytest.raises(NotDone, match="MemoryError"):
        await result_of("hog", soft=5, hard=9)


async def test_what_breaks_is_told_by_its_name_alone() -> None:
    with pytest.raises(NotDone) as caught:
        await result_of("break secret")
    assert str(caught.value) == "ValueError"


async def test_a_refusal_is_a_sentence_for_the_person() -> None:
    refused = await run(ODD, "alice", request("refuse Too many pixels."))
    assert (refused.status, refused.data) == (Status.REFUSED, b"Too many pixels.")


async def test_files_go_along_without_their_names() -> None:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as made:
        given.write(b"pixels")
        given.seek(0)
        await run(ODD, "alice", request("copy", files=(given.fileno(), made.fileno())))
        made.seek(0)
        assert made.read() == b"pixels"


async def test_large_requests_and_responses_arrive_whole() -> None:
    text = "x" * 3_000_000
    assert (await result_of(f"echo {text}")).endswith(f" {text}")


async def test_no_secret_of_the_server_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    names = (await result_of("environment")).split()
    assert "PATH" in names and not {"SECRET_KEY", "ANTHROPIC_API_KEY", "DATABASE_URL"} & set(names)


async def test_one_owners_slow_work_holds_up_no_other() -> None:
    await asyncio.gather(result_of("echo", "alice"), result_of("echo", "bob"))
    flood = [asyncio.create_task(result_of("sleep 0.4", "mallory")) for _ in range(3)]
    await asyncio.sleep(0)
    began = time.monotonic()
    for _ in range(3):
        await result_of("echo", "alice")
    took = time.monotonic() - began
    assert not flood[-1].done() and took < 0.4
    await asyncio.gather(*flood)


async def test_what_waits_has_a_bound_except_for_what_cannot_be_refused() -> None:
    waiting = [asyncio.create_task(result_of("sleep 0.2")) for _ in range(4)]
    await asyncio.sleep(0.01)
    with pytest.raises(Full):
        await result_of("echo")
    assert (await run(ODD, "alice", request("echo"), is_bounded=False)).status is Status.DONE
    await asyncio.gather(*waiting)


async def test_the_process_of_a_request_that_no_one_waits_for_is_free_again() -> None:
    before = await pid()
    given_up = asyncio.create_task(result_of("sleep 0.2"))
    await asyncio.sleep(0.05)
    given_up.cancel()
    assert await pid() == before


def test_event_loops_one_after_the_other_share_the_processes() -> None:
    assert asyncio.run(pid()) == asyncio.run(pid())


async def test_no_process_can_be_started() -> None:
    with pytest.raises(NotDone, match=r"died|no process"):
        await run(Kind("tests.chat.bounded.no_such", 1, 1, 1), "alice", request("echo"))


_PARENT: Final = """
import asyncio, os, signal, sys
from chat.bounded.pool import run
from tests.chat.bounded.test_pool import ODD, request
async def main():
    print((await run(ODD, "alice", request("echo"))).data.decode(), flush=True)
    if sys.argv[1] == "at work":
        print("asked", flush=True)
        await run(ODD, "alice", request("native", soft=1, hard=2))
    signal.pause()
asyncio.run(main())
"""


@pytest.mark.parametrize("when", ["free", "at work"])
async def test_the_children_of_a_killed_process_end(when: str) -> None:
    parent = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs on this loop
        [sys.executable, "-c", _PARENT, when],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    assert parent.stdout is not None
    try:
        child = int(parent.stdout.readline().split()[0])
        if when == "at work":
            assert parent.stdout.readline()
        assert is_running(child)
    finally:
        parent.kill()
        parent.wait(10)
        parent.stdout.close()
    assert await gone(child)
