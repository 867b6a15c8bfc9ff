"""Whether a database goes on from what is known of it; if not, all epochs are renewed."""

import pytest

from accounts.models import User
from chat.actions import restoring
from chat.actions.restoring import Known, Mark, MemoryAway
from chat.models import HistoryMark, Room


@pytest.fixture
def rooms(alice: User) -> list[Room]:
    return [Room.objects.create(slug=f"room-{n}", name="Room", created_by=alice, change=10) for n in range(3)]


def epochs() -> list[str]:
    return list(Room.objects.order_by("slug").values_list("epoch", flat=True))


def known_of(mark: Mark, **heads: int) -> Known:
    return Known(mark.number, mark.token, {f"room-{slug[1:]}": change for slug, change in heads.items()})


def verified(known: Known | None) -> Mark:
    kept: list[Known] = []
    mark = restoring.verify(lambda: known, kept.append)
    assert [(each.number, each.token) for each in kept] == [(mark.number, mark.token)]
    return mark


@pytest.mark.django_db
def test_the_first_start_renews_nothing(rooms: list[Room]) -> None:
    before = epochs()
    mark = verified(None)
    assert (mark.renewals, epochs()) == (0, before)
    assert verified(known_of(mark)) == mark


@pytest.mark.django_db
@pytest.mark.parametrize("heads", [{}, {"r0": 10}, {"r0": 3, "r1": 10}, {"r9": 7}])
def test_what_has_gone_on_keeps_its_epochs(rooms: list[Room], heads: dict[str, int]) -> None:
    known = known_of(verified(None), **heads)
    before = epochs()
    restoring.advance(Mark(known.number, known.token, 0))
    assert verified(known).renewals == 0
    assert epochs() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind", ["a room has fewer changes", "an earlier mark", "another history", "no memory", "a backup without a mark"]
)
def test_what_was_put_back_gets_new_epochs(rooms: list[Room], kind: str) -> None:
    mark = verified(None)
    known = {
        "a room has fewer changes": known_of(mark, r0=10, r1=11),
        "an earlier mark": Known(mark.number + 1, "later", {}),
        "another history": Known(mark.number, "another", {}),
        "no memory": None,
        "a backup without a mark": known_of(mark),
    }[kind]
    if kind == "a backup without a mark":
        HistoryMark.objects.all().delete()
    before = epochs()
    renewed = verified(known)
    assert renewed.renewals == 1
    assert not set(epochs()) & set(before)
    assert known is None or renewed.number > known.number
    assert verified(known_of(renewed, r0=10)) == renewed, "it was renewed twice"


@pytest.mark.django_db
def test_while_the_memory_is_away_the_database_is_believed(rooms: list[Room]) -> None:
    mark, before = verified(None), epochs()

    def away() -> Known | None:
        raise MemoryAway

    assert restoring.verify(away, lambda _known: pytest.fail("it was kept")) == mark
    assert epochs() == before


@pytest.mark.django_db
def test_two_processes_that_move_the_mark_move_it_once(rooms: list[Room]) -> None:
    mark = verified(None)
    moved = restoring.advance(mark)
    assert moved.number == mark.number + 1
    assert restoring.advance(mark) == moved


@pytest.mark.django_db
def test_by_hand_all_are_renewed(rooms: list[Room]) -> None:
    mark, before = verified(None), epochs()
    assert restoring.renew() == 3
    assert not set(epochs()) & set(before)
    renewed = restoring.read()
    assert renewed is not None
    assert renewed.number > mark.number
    assert renewed.renewals == 1
