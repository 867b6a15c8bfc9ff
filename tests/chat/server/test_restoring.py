"""Whether a database goes on from what is known of it; if not, all epochs are renewed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.models import HistoryMark, Message, Room
from chat.models.room import is_renewed
from chat.server import restoring
from chat.server.restoring import Known, Mark, MemoryAway, Seen
from tests.reports.restores import PASTS, Past


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


def moment(millis: Any) -> datetime | None:
    return None if millis is None else datetime.fromtimestamp(millis / 1000, UTC)


@pytest.mark.django_db
@pytest.mark.parametrize("case", PASTS, ids=lambda case: case.kind)
def test_what_was_published_between_two_head_checks_tells_another_history(
    alice: User, rooms: list[Room], case: Past
) -> None:
    facts: dict[str, Any] = {"change": 7, "created_at": 1000, "edited_at": 1000, "deleted_at": None} | (case.row or {})
    facts = {name: value if name == "change" else moment(value) for name, value in facts.items()}
    message = Message.objects.create(room=rooms[0], author=alice, seq=3, **facts)
    if case.row is None:
        message.delete()
    mark = verified(None)
    seen = Seen("room-0", message.pk or 77, 7, 1000, 1000)
    assert verified(Known(mark.number, mark.token, {}, [seen])).renewals == case.is_other


@pytest.mark.django_db
@pytest.mark.parametrize("is_whole", [True, False])
def test_a_message_that_went_with_its_room_tells_nothing(rooms: list[Room], is_whole: bool) -> None:
    mark = verified(None)
    if is_whole:
        rooms[0].delete()
    else:  # its messages go first
        Room.objects.filter(slug="room-0").update(deletes_at=timezone.now() - timedelta(seconds=1))
    assert verified(Known(mark.number, mark.token, {}, [Seen("room-0", 77, 7, 1000, None)])).renewals == 0


@pytest.mark.django_db
def test_an_epoch_after_a_restore_says_that_it_had_others_before(rooms: list[Room]) -> None:
    assert not any(is_renewed(each) for each in epochs())
    restoring.renew()
    assert all(is_renewed(each) and len(each) <= 16 for each in epochs())
    assert not is_renewed(Room.objects.create(slug="later", name="Later").epoch)
