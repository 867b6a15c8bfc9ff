"""Whose work is next: everyone's turn comes, and one owner's work never stands in another's way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.bounded.turns import Full, Turns
from tests.chat.properties import examples


def turns(of_one: int = 100, of_all: int = 1000) -> Turns[str]:
    return Turns(of_one=of_one, of_all=of_all)


def taken(queue: Turns[str]) -> str:
    found = queue.take()
    assert found is not None
    return found[1]


def test_owners_take_turns_whoever_asked_first() -> None:
    queue = turns()
    for piece in ("flood 1", "flood 2", "flood 3", "other 1"):
        queue.add(piece.split()[0], piece)
    order = []
    while len(queue):
        owner, piece = queue.take() or ("", "")
        order.append(piece)
        queue.done(owner)
    assert order == ["flood 1", "other 1", "flood 2", "flood 3"]


def test_of_one_owner_only_one_piece_is_at_work() -> None:
    queue = turns()
    for piece in ("a", "b"):
        queue.add("flood", piece)
    assert taken(queue) == "a" and queue.take() is None
    queue.add("other", "c")
    assert taken(queue) == "c" and queue.take() is None
    queue.done("flood")
    assert taken(queue) == "b"


def test_what_waits_is_bounded_for_each_and_for_all() -> None:
    queue = turns(of_one=2, of_all=3)
    queue.add("flood", "a")
    queue.add("flood", "b")
    with pytest.raises(Full) as own:
        queue.add("flood", "c")
    queue.add("other", "d")
    with pytest.raises(Full) as all_:
        queue.add("third", "e")
    assert (own.value.is_own, all_.value.is_own) == (True, False)
    queue.add("a reply", "f", is_bounded=False)
    assert len(queue) == 4


@examples(200)
@given(st.lists(st.one_of(st.integers(0, 4), st.sampled_from(["take", "done"])), max_size=60))
def test_nothing_is_lost_doubled_or_out_of_order(steps: list[int | str]) -> None:
    queue: Turns[tuple[int, int]] = Turns(of_one=100, of_all=1000)
    added: list[tuple[int, int]] = []
    came: list[tuple[int, int]] = []
    at_work: list[int] = []
    for number, step in enumerate(steps):
        if isinstance(step, int):
            added.append((step, number))
            queue.add(step, (step, number))
        elif step == "take" and (found := queue.take()) is not None:
            owner, piece = found
            assert owner == piece[0] and owner not in at_work
            at_work.append(piece[0])
            came.append(piece)
        elif step == "done" and at_work:
            queue.done(at_work.pop(0))
    while at_work or len(queue):
        while at_work:
            queue.done(at_work.pop())
        if (found := queue.take()) is not None:
            came.append(found[1])
            at_work.append(found[1][0])
    assert sorted(came) == sorted(added)
    for owner in range(5):
        assert [piece for piece in came if piece[0] == owner] == [piece for piece in added if piece[0] == owner]
