"""The line before passwords and pages: fair by address, bounded in how many wait and for how long."""

import asyncio
import random

import pytest

from config.fair_line import FairLine, LineFull


def line(**more: float) -> FairLine:
    chosen = {"at_once": 1, "per_key": 1, "waiting": 20, "seconds": 5.0, **more}
    return FairLine(
        at_once=int(chosen["at_once"]),
        per_key=int(chosen["per_key"]),
        waiting=int(chosen["waiting"]),
        seconds=chosen["seconds"],
    )


async def served_in_order(line: FairLine, keys: list[str]) -> list[str]:
    """Let these come one after the other while the line is taken; return in which order they are served or refused."""
    order: list[str] = []

    async def visit(key: str) -> None:
        try:
            await line.enter(key)
        except LineFull:
            order.append(f"-{key}")
            return
        order.append(key)
        await asyncio.sleep(0)
        line.leave(key)

    await line.enter("first")
    visits = [asyncio.create_task(visit(key)) for key in keys]
    await asyncio.sleep(0.01)
    line.leave("first")
    await asyncio.gather(*visits)
    return order


async def test_one_address_with_many_requests_holds_another_up_by_one() -> None:
    assert await served_in_order(line(), ["a", "a", "a", "a", "b", "c"]) == ["a", "b", "c", "a", "a", "a"]


async def test_a_full_line_makes_room_for_an_address_with_fewer_requests() -> None:
    order = await served_in_order(line(waiting=3), ["a", "a", "a", "b", "c"])
    assert order == ["-a", "-a", "a", "b", "c"]


async def test_a_full_line_refuses_what_would_only_take_the_place_of_its_like() -> None:
    assert await served_in_order(line(waiting=2), ["a", "b", "c", "a"]) == ["-c", "-a", "a", "b"]


async def test_nothing_waits_longer_than_it_may_and_its_place_is_free_again() -> None:
    short = line(seconds=0.02)
    await short.enter("a")
    with pytest.raises(LineFull):
        await short.enter("b")
    assert (short.served, short.waiting) == (1, 0)


async def test_one_address_leaves_places_to_others() -> None:
    wide = line(at_once=3, per_key=2)
    assert [wide.enter_now("a") for _ in range(3)] == [True, True, False]
    assert wide.enter_now("b")
    assert not wide.enter_now("c")


async def test_a_request_that_was_just_cancelled_takes_no_place() -> None:
    """Its task has not run since, so it still stands in line."""
    short = line(at_once=1, per_key=1)
    assert short.enter_now("a")
    gone, next_one = asyncio.create_task(short.enter("b")), asyncio.create_task(short.enter("b"))
    await asyncio.sleep(0)
    gone.cancel()
    short.leave("a")
    await next_one
    assert (short.served, short.waiting) == (1, 0)
    short.leave("b")
    assert (short.served, short.waiting) == (0, 0)


async def test_a_request_that_was_just_cancelled_makes_room_for_another_one() -> None:
    short = line(at_once=1, per_key=1, waiting=2)
    assert short.enter_now("a")
    waiting = [asyncio.create_task(short.enter("b")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    other = asyncio.create_task(short.enter("c"))
    await asyncio.sleep(0)
    assert short.waiting == 2
    short.leave("a")
    await waiting[0]
    short.leave("b")
    await other


async def test_whatever_happens_no_place_is_lost_or_given_twice() -> None:
    chance = random.Random(13)
    crowded = line(at_once=3, per_key=2, waiting=8, seconds=0.03)
    most = 0

    async def visit(key: str) -> None:
        nonlocal most
        try:
            await crowded.enter(key)
        except LineFull:
            return
        most = max(most, crowded.served)
        try:
            await asyncio.sleep(chance.random() * 0.01)
        finally:
            crowded.leave(key)

    visits = []
    for _ in range(400):
        visits.append(asyncio.create_task(visit(chance.choice("abcdef"))))
        if chance.random() < 0.3:
            chance.choice(visits).cancel()
        if chance.random() < 0.5:
            await asyncio.sleep(chance.random() * 0.005)
        assert crowded.waiting <= 8
    await asyncio.gather(*visits, return_exceptions=True)
    assert most == 3
    assert (crowded.served, crowded.waiting) == (0, 0)
