"""Many threads storing at once: nothing twice, nothing missing, no number left out. Real threads, real commits."""

from collections.abc import Callable
from functools import partial

import pytest

from accounts.models import User
from chat.access import Actor
from chat.messages import changes
from chat.messages.posting import Stored, store
from chat.models import Message, Room
from chat.protocol import requests
from tests.chat.fixtures import a_client_id, a_post, assert_gapless, codes, in_threads, room_of, rows_of, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silence")]

THREADS = 8
POSTS = 25


def test_one_client_id_on_many_threads_is_one_message(alice: User) -> None:
    room_of(alice, "den")
    for number in range(5):
        post = a_post(alice, "den", f"message {number}", client_id=f"c-{number}")
        results = [result for found in in_threads(*[partial(store, [post])] * THREADS) for result in as_list(found)]
        assert codes(results) == [""] * THREADS
        found = [result for result in results if isinstance(result, Stored)]
        assert len({result.message.id for result in found}) == 1
        assert sum(result.is_first for result in found) == 1, "exactly one is published"
    assert [row.seq for row in rows_of("den")] == [1, 2, 3, 4, 5]


def as_list(found: object) -> list[Stored]:
    assert isinstance(found, list), found
    return found


def test_one_client_id_for_two_messages_is_one_message_and_one_conflict(alice: User) -> None:
    room_of(alice, "den")
    for number in range(5):
        posts = [a_post(alice, "den", content, client_id=f"c-{number}") for content in ("this", "that")]
        results = [
            result for found in in_threads(*[partial(store, [post]) for post in posts]) for result in as_list(found)
        ]
        assert sorted(codes(results)) == ["", "CONFLICT"]
    assert len(rows_of("den")) == 5


def test_overlapping_rounds_of_resends_store_each_message_once(alice: User) -> None:
    room_of(alice, "den")
    posts = [a_post(alice, "den", f"{n}", client_id=f"c-{n}") for n in range(12)]
    rounds = [posts[start:] + posts[:start] for start in range(0, 12, 3)]
    for found in in_threads(*[partial(store, each) for each in rounds]):
        assert codes(as_list(found)) == [""] * 12
    assert sorted(row.content for row in rows_of("den")) == sorted(post.content for post in posts)
    assert_gapless("den")


@pytest.mark.parametrize("rooms", [1, 3])
@pytest.mark.parametrize("posts_a_round", [1, 5])
def test_the_numbers_of_a_room_have_no_gap_under_concurrent_writing(
    alice: User, rooms: int, posts_a_round: int
) -> None:
    for number in range(rooms):
        room_of(alice, f"room-{number}")

    def write(thread: int) -> None:
        # Each thread goes through the rooms in another order: locking in that order would end in a deadlock.
        slugs = [f"room-{(n * (1 + thread % 2) + thread) % rooms}" for n in range(POSTS)]
        posts = [a_post(alice, slug, f"{thread}.{n}", client_id=a_client_id()) for n, slug in enumerate(slugs)]
        for start in range(0, POSTS, posts_a_round):
            assert not any(codes(store(posts[start : start + posts_a_round])))

    assert in_threads(*[partial(write, thread) for thread in range(THREADS)]) == [None] * THREADS
    assert Message.objects.count() == THREADS * POSTS
    for number in range(rooms):
        rows = rows_of(f"room-{number}")
        assert [row.seq for row in rows] == [row.change for row in rows] == list(range(1, len(rows) + 1))
        assert Room.objects.get(slug=f"room-{number}").change == len(rows)
        for thread in range(THREADS):
            mine = [int(row.content.split(".")[1]) for row in rows if row.content.startswith(f"{thread}.")]
            assert mine == sorted(mine), "what one wrote one after the other stays in that order"


def test_posts_edits_and_reactions_at_once_share_one_row_of_numbers(alice: User) -> None:
    room_of(alice, "den")
    actor = Actor.of(alice)
    ids = [message.id for message in say(alice, "den", *(f"{n}" for n in range(4)))]

    def edit(id_: str) -> None:
        for n in range(5):
            changes.edit_message(actor, id_, f"edit {n}", f"<p>edit {n}</p>")

    def react(id_: str) -> None:
        for emoji in "🎉👍🎈":
            changes.add_reaction(actor, requests.AddReaction(id_, emoji))
            changes.remove_reaction(actor, requests.RemoveReaction(id_, emoji))

    def post() -> None:
        for n in range(10):
            say(alice, "den", f"new {n}")

    works: list[Callable[[], None]] = [
        partial(edit, ids[0]),
        partial(edit, ids[1]),
        partial(react, ids[1]),
        partial(react, ids[2]),
        post,
    ]
    assert in_threads(*works) == [None] * 5
    assert Room.objects.get(slug="den").change == 4 + 5 + 5 + 6 + 6 + 10
    assert_gapless("den")
    assert {row.content for row in rows_of("den")} == {"edit 4", "2", "3"} | {f"new {n}" for n in range(10)}
