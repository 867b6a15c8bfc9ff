"""Pages of history cover a room exactly, whichever way one turns them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from accounts.models import User
from chat.access import Actor
from chat.messages import history
from chat.models import Message, Room
from chat.protocol import frames, requests, wire
from chat.protocol.errors import ErrorCode
from tests.chat.fixtures import refused, room_of, say
from tests.chat.properties import examples

pytestmark = pytest.mark.django_db


class Den:
    """A room whose messages stand at given places: edits have taken the numbers between."""

    def __init__(self, alice: User) -> None:
        self.alice = alice
        self.room = room_of(alice, "den")

    def hold(self, seqs: list[int], changes: int) -> None:
        Message.objects.all().delete()
        Message.objects.bulk_create(
            [Message(room=self.room, seq=seq, change=seq, author=self.alice, content=f"{seq}") for seq in seqs]
        )
        Room.objects.filter(pk=self.room.pk).update(change=changes)

    def page(self, **bounds: Any) -> wire.MessagePage:
        return history.page(Actor.of(self.alice), requests.GetMessages("den", **bounds))

    def seqs(self, **bounds: Any) -> list[int]:
        return [message.seq for message in self.page(**bounds).messages]


@pytest.fixture
def den(alice: User) -> Den:
    return Den(alice)


@st.composite
def rooms(draw: st.DrawFn) -> tuple[list[int], int]:
    seqs = sorted(draw(st.sets(st.integers(1, 40), max_size=30)))
    return seqs, max([*seqs, 0]) + draw(st.integers(0, 5))


def pages_backwards(den: Den, limit: int) -> Iterator[wire.MessagePage]:
    page = den.page(limit=limit)
    yield page
    while page.hasMore:
        page = den.page(limit=limit, before=page.messages[0].seq)
        yield page


def pages_forwards(den: Den, limit: int) -> Iterator[wire.MessagePage]:
    page = den.page(limit=limit, after=0)
    yield page
    while page.hasNewer:
        page = den.page(limit=limit, after=page.messages[-1].seq)
        yield page


@examples(30)
@given(room=rooms(), limit=st.integers(1, 12))
def test_turning_pages_backwards_and_forwards_shows_each_message_once(
    den: Den, room: tuple[list[int], int], limit: int
) -> None:
    seqs, changes = room
    den.hold(seqs, changes)
    backwards = [[message.seq for message in page.messages] for page in pages_backwards(den, limit)]
    assert [seq for page in backwards[::-1] for seq in page] == seqs
    forwards = [[message.seq for message in page.messages] for page in pages_forwards(den, limit)]
    assert [seq for page in forwards for seq in page] == seqs
    assert all(0 < len(page) <= limit for page in [*backwards, *forwards]) or not seqs


@examples(100)
@given(
    room=rooms(),
    limit=st.integers(1, 12),
    bound=st.integers(0, 50),
    kind=st.sampled_from(["before", "after", "around"]),
)
def test_every_page_is_the_nearest_part_and_says_truly_what_lies_beyond(
    den: Den, room: tuple[list[int], int], limit: int, bound: int, kind: str
) -> None:
    seqs, changes = room
    den.hold(seqs, changes)
    page = den.page(limit=limit, **{kind: bound})
    shown = [message.seq for message in page.messages]
    assert len(shown) <= limit
    if kind == "before":
        assert shown == [seq for seq in seqs if seq < bound][-limit:]
    elif kind == "after":
        assert shown == [seq for seq in seqs if seq > bound][:limit]
    else:
        assert bound in shown or bound not in seqs
        first = seqs.index(shown[0]) if shown else 0
        assert shown == seqs[first : first + len(shown)], "no hole in it"
        assert len(shown) == min(limit, len(seqs)) or bound not in seqs or is_cut(seqs, bound, limit)
    if shown:
        assert page.hasMore == (seqs[0] < shown[0]) and page.hasNewer == (seqs[-1] > shown[-1])
    elif kind == "before":
        assert not page.hasMore and page.hasNewer == any(seq >= bound for seq in seqs)
    elif kind == "after":
        assert not page.hasNewer and page.hasMore == any(seq <= bound for seq in seqs)
    else:
        assert seqs == [] and not page.hasMore and not page.hasNewer


def is_cut(seqs: list[int], bound: int, limit: int) -> bool:
    """Whether a message stands so near to an end of the room that a page around it is shorter."""
    place = seqs.index(bound)
    return place < limit // 2 or len(seqs) - place <= limit // 2 + 1


def test_a_page_around_a_message_has_it_in_its_middle(den: Den) -> None:
    den.hold(list(range(1, 101)), 100)
    assert den.seqs(around=50, limit=5) == [48, 49, 50, 51, 52]
    assert den.seqs(around=50, limit=1) == [50]
    assert len(den.seqs(around=50, limit=6)) == 6
    assert 1 in den.seqs(around=1, limit=5) and 100 in den.seqs(around=100, limit=5)


@examples(100)
@given(
    room=rooms(),
    weights=st.lists(st.sampled_from([1, 500, 3000]), min_size=30, max_size=30),
    limit=st.integers(1, 12),
    bound=st.integers(0, 50),
    kind=st.sampled_from(["before", "after", "around", "newest"]),
)
def test_a_page_of_any_weights_is_bounded_in_bytes_has_no_hole_and_says_truly_what_lies_beyond(
    den: Den, room: tuple[list[int], int], weights: list[int], limit: int, bound: int, kind: str
) -> None:
    seqs, changes = room
    den.hold(seqs, changes)
    for seq, weight in zip(seqs, weights, strict=False):
        Message.objects.filter(seq=seq).update(content="x" * weight)
    with override_settings(PAGE_BYTES=4000):
        page = den.page(limit=limit, **({} if kind == "newest" else {kind: bound}))
    shown = [message.seq for message in page.messages]
    assert len(shown) <= limit and (len(shown) == 1 or frames.size_of(page.messages) <= 4000)
    if shown:
        first = seqs.index(shown[0])
        assert shown == seqs[first : first + len(shown)], "no hole in it"
        assert page.hasMore == (seqs[0] < shown[0]) and page.hasNewer == (seqs[-1] > shown[-1])
    if kind == "newest" and seqs:
        assert shown[-1] == seqs[-1]
    if kind == "before" and any(seq < bound for seq in seqs):
        assert shown[-1] == max(seq for seq in seqs if seq < bound)
    if kind == "after" and any(seq > bound for seq in seqs):
        assert shown[0] == min(seq for seq in seqs if seq > bound)
    if kind == "around" and bound in seqs:
        assert bound in shown


def test_heavy_pages_turned_backwards_and_forwards_show_each_message_once(den: Den, settings: Any) -> None:
    settings.PAGE_BYTES = 5000
    den.hold(list(range(1, 41)), 40)
    Message.objects.filter(seq__in=[3, 4, 17, 40]).update(content="x" * 6000)
    for pages in (list(pages_backwards(den, 10))[::-1], list(pages_forwards(den, 10))):
        assert [message.seq for page in pages for message in page.messages] == list(range(1, 41))
        assert all(len(page.messages) == 1 or frames.size_of(page.messages) <= 5000 for page in pages)


def test_rooms_that_are_synced_together_share_one_bound_and_the_rest_is_asked_for_again(
    den: Den, alice: User, settings: Any
) -> None:
    settings.PAGE_BYTES = 10_000
    rooms = {slug: room_of(alice, slug) for slug in ("one", "two", "three")}
    for slug in rooms:
        say(alice, slug, *("x" * 900 for _ in range(3)))
    idle = room_of(alice, "idle")
    cursors = {slug: requests.SyncCursor(0, room.epoch) for slug, room in rooms.items()}
    cursors["idle"] = requests.SyncCursor(0, idle.epoch)
    caught_up: dict[str, list[int]] = {}
    rounds = 0
    while cursors:
        rounds += 1
        found = history.sync(Actor.of(alice), requests.Sync(cursors)).rooms
        assert frames.size_of(found) < 10_000 + 1000
        for slug, each in found.items():
            if each.error is UNSET:
                assert not each.reset, "a room that fits on its own loses nothing because others were asked for with it"
                caught_up[slug] = [message.seq for message in list(each.messages or [])]
                del cursors[slug]
            else:
                assert each.error == ErrorCode.UNAVAILABLE
    assert caught_up == {"one": [1, 2, 3], "two": [1, 2, 3], "three": [1, 2, 3], "idle": []} and rounds == 3


def test_rooms_that_do_not_fit_any_more_are_not_read(den: Den, alice: User, settings: Any) -> None:
    """Read all the same, 200 rooms took two seconds of a thread for a response with one of them."""
    settings.PAGE_BYTES = 10_000
    rooms = [room_of(alice, f"room-{number}") for number in range(20)]
    for room in rooms:
        say(alice, room.slug, *("x" * 900 for _ in range(3)))
    cursors = {room.slug: requests.SyncCursor(0, room.epoch) for room in rooms}
    with CaptureQueriesContext(connection) as few:
        history.sync(Actor.of(alice), requests.Sync({slug: cursors[slug] for slug in ("room-0", "room-1")}))
    with CaptureQueriesContext(connection) as many:
        found = history.sync(Actor.of(alice), requests.Sync(cursors)).rooms
    assert [each.error is UNSET for each in found.values()] == [True] + [False] * 19
    assert _of_messages(many) == _of_messages(few)
    assert len(many) <= len(few) + 2 * 18, "who asks is looked up"


def _of_messages(queries: CaptureQueriesContext) -> int:
    return sum("FROM chat_message " in query["sql"] or 'FROM "chat_message"' in query["sql"] for query in queries)


def test_a_room_that_is_too_heavy_by_itself_is_reset_also_when_others_are_synced_with_it(
    den: Den, alice: User, settings: Any
) -> None:
    settings.PAGE_BYTES = 10_000
    rooms = {slug: room_of(alice, slug) for slug in ("light", "heavy")}
    say(alice, "light", "1")
    say(alice, "heavy", *("x" * 900 for _ in range(20)))
    cursors = {slug: requests.SyncCursor(0, room.epoch) for slug, room in rooms.items()}
    found = history.sync(Actor.of(alice), requests.Sync(cursors)).rooms
    assert found["light"].reset is False and found["heavy"].error == ErrorCode.UNAVAILABLE
    del cursors["light"]
    again = history.sync(Actor.of(alice), requests.Sync(cursors)).rooms["heavy"]
    assert again.reset is True and frames.size_of(again) < 10_500


def test_rooms_whose_cursor_does_not_hold_are_all_reset_at_once_while_they_fit(den: Den, alice: User) -> None:
    rooms = [room_of(alice, f"room-{number}") for number in range(20)]
    for room in rooms:
        say(alice, room.slug, "1", "2")
    found = history.sync(
        Actor.of(alice), requests.Sync({room.slug: requests.SyncCursor(1, "restored") for room in rooms})
    ).rooms
    assert all(each.reset is True and each.error is UNSET for each in found.values())


def test_the_newest_page_holds_fifty(den: Den) -> None:
    den.hold(list(range(1, 101)), 100)
    page = den.page()
    assert [message.seq for message in page.messages] == list(range(51, 101))
    assert (page.room, page.hasMore, page.hasNewer) == ("den", True, False)


def test_a_page_costs_a_pinned_number_of_queries(den: Den, django_assert_num_queries: Any) -> None:
    den.hold(list(range(1, 201)), 200)
    for limit in (10, 100):
        # The room with the membership, the messages' weights, messages, what points to them, people.
        with django_assert_num_queries(5):
            den.page(limit=limit)
        with django_assert_num_queries(6):  # and whether there is more on the other side
            den.page(limit=limit, before=150)
        with django_assert_num_queries(7):  # both sides
            den.page(limit=limit, around=150)


@pytest.mark.parametrize("bounds", [{"before": 1, "after": 1}, {"after": 1, "around": 1}])
def test_two_bounds_at_once_are_refused(bounds: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="one of"):
        requests.GetMessages("den", **bounds)


def test_history_is_for_those_who_may_see_the_room(den: Den, bob: User, mallory: User) -> None:
    room_of(bob, "square", "open")
    outsider = Actor.of(mallory)
    assert history.page(outsider, requests.GetMessages("square")).messages == []
    said = []
    for slug in ("den", "nowhere"):
        with refused(ErrorCode.NOT_FOUND) as caught:
            history.page(outsider, requests.GetMessages(slug))
        said.append(caught.value.message)
    assert said[0] == said[1]


def test_several_rooms_are_recovered_at_once_and_refused_each_on_its_own(den: Den, alice: User, bob: User) -> None:
    room_of(bob, "private")
    square = room_of(bob, "square", "open")
    den.hold([1, 2, 3], 3)
    cursor = requests.SyncCursor
    den.room.refresh_from_db()
    wanted = {
        "den": cursor(1, den.room.epoch),
        "square": cursor(0, square.epoch),
        "private": cursor(0, ""),
        "nowhere": cursor(0, ""),
    }
    found = history.sync(Actor.of(alice), requests.Sync(wanted)).rooms
    assert [message.seq for message in list(found["den"].messages or [])] == [2, 3]
    assert (found["den"].change, found["den"].epoch, found["den"].reset) == (3, den.room.epoch, False)
    assert found["square"].messages == [] and found["square"].change == 0
    assert found["private"] == found["nowhere"] == wire.Recovery(error="NOT_FOUND")
