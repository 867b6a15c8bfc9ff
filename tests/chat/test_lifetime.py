"""What a process keeps: made once, for the first thread that asks, and ended as a whole."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from chat.lifetime import Process, Threads


class Slow:
    made = 0

    def __init__(self) -> None:
        time.sleep(0.05)
        type(self).made += 1


class Noted:
    ended: ClassVar[list[str]] = []

    def end(self) -> None:
        self.ended.append(type(self).__name__)


class Outer(Noted):
    def __init__(self, process: Process | None = None) -> None:
        self.process = process


class Inner(Noted):
    pass


class Pair(Threads):
    at_most = 2
    name = "pair"


def test_threads_that_ask_at_the_same_time_get_the_same_part() -> None:
    process = Process()
    Slow.made = 0
    together = threading.Barrier(8)

    def ask() -> Slow:
        together.wait(10)
        return process.part(Slow)

    with ThreadPoolExecutor(8) as threads:
        found = {id(part) for part in threads.map(lambda _: ask(), range(8))}
    assert (len(found), Slow.made) == (1, 1)


def test_parts_end_the_newest_first_and_are_made_again_for_a_late_request() -> None:
    process = Process()
    Noted.ended.clear()
    first = process.part(Outer)
    process.part(Inner)
    process.part(dict)  # has nothing to end
    process.end()
    assert Noted.ended == ["Inner", "Outer"]
    assert process.part(Outer) is not first
    process.end()
    process.end()
    assert Noted.ended == ["Inner", "Outer", "Outer"]


def test_threads_finish_what_they_were_asked_when_they_end() -> None:
    process = Process()
    may_end = threading.Event()
    asked = [process.part(Pair).submit(may_end.wait, 10) for _ in range(4)]
    process.end()
    may_end.set()
    assert all(each.result(10) for each in asked)
    assert process.part(Pair).submit(lambda: 7).result(10) == 7, "a request that is late finds new threads"
    process.end()


def test_a_forked_process_begins_with_nothing() -> None:
    process = Process()
    kept = process.part(Slow)
    child = os.fork()
    if child == 0:
        os._exit(0 if process.part(Slow) is not kept else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert process.part(Slow) is kept
