"""The soak's bookkeeping: whatever a tab is not told, told twice, told in the wrong order or told otherwise is counted."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import pytest

from bench.soak.frames import Delta, Joined, Keyframe, Message, Reply
from bench.soak.ledger import Place, Posts, Room, Tally, audit
from bench.soak.memory import Sample, line_through

FAULTS: Final = ("lost", "doubled", "disordered", "different", "skipped", "resets", "unended")


def message(change: int, *, seq: int = 0, content: str = "", **fields: Any) -> Message:
    return Message(str(seq or change), seq or change, change, content or f"text {change}", **fields)


def reply(change: int, state: str, n: int = 0, content: str = "") -> Message:
    return Message("10", 10, change, content, reply=Reply(state, 1, 1, n))


def joined(change: int, *messages: Message, reset: bool = False, streams: tuple[Keyframe, ...] = ()) -> Joined:
    return Joined(change, "epoch", reset, list(messages), list(streams))


def words(n: int, text: str = "") -> Delta:
    return Delta("10", 1, 1, n, text or f"word {n} ")


@pytest.fixture
def place() -> Place:
    """A tab that has joined an empty room."""
    place = Place(Room("room", Tally()))
    place.join(joined(0))
    return place


def hear(place: Place, *messages: Message) -> None:
    for each in messages:
        place.hear(each.change, each)


def come_back_at_one(place: Place, *brought: Message) -> None:
    hear(place, message(1))
    place.join(joined(3, *brought))


def faults(place: Place, rows: list[Message], posts: Posts | None = None) -> dict[str, int]:
    """Return what an audit counts against these rows, without the zeros."""
    audit(place.room.tally, posts or Posts(), [place], {"room": rows})
    return {name: count for name, count in asdict(place.room.tally).items() if name in FAULTS and count}


def test_a_tab_that_was_told_everything_is_owed_nothing(place: Place) -> None:
    edit = message(3, seq=1)
    hear(place, message(1), message(2), edit)
    place.join(joined(5, message(4), message(5)))
    hear(place, message(6))
    assert faults(place, [edit, *map(message, (2, 4, 5, 6))]) == {}
    assert (place.room.tally.deliveries, place.room.tally.recovered) == (4, 2)


ROWS: Final = [message(1), message(2), message(3)]
SPOILED: Final[dict[str, tuple[Callable[[Place], None], dict[str, int]]]] = {
    "lost at the end": (lambda place: hear(place, message(1), message(2)), {"lost": 1}),
    "lost on the way": (lambda place: hear(place, message(1), message(3)), {"lost": 1}),
    "lost while away": (lambda place: place.join(joined(3, message(1), message(3))), {"lost": 1}),
    "doubled": (lambda place: hear(place, message(1), message(2), message(2), message(3)), {"doubled": 1}),
    "doubled by coming back": (lambda place: come_back_at_one(place, *ROWS), {"doubled": 1}),
    "disordered": (lambda place: hear(place, message(1), message(3), message(2)), {"disordered": 1}),
    "disordered by coming back": (
        lambda place: place.join(joined(3, message(2), message(1), message(3))),
        {"disordered": 1},
    ),
    "told in two ways": (
        lambda place: hear(place, message(1), message(2, content="something else"), message(3)),
        {"different": 1},
    ),
    "not caught up": (lambda place: place.join(joined(3, *ROWS, reset=True)), {"resets": 1}),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_single_fault_is_counted_once_and_as_what_it_is(place: Place, name: str) -> None:
    spoil, found = SPOILED[name]
    spoil(place)
    assert faults(place, ROWS) == found


def test_a_change_that_was_missed_is_lost_though_a_later_one_of_the_same_message_came(place: Place) -> None:
    hear(place, message(1), message(3, seq=1))
    assert faults(place, [message(3, seq=1)]) == {"lost": 1}


def test_what_was_so_before_the_tab_came_is_not_owed_to_it() -> None:
    place = Place(Room("room", Tally()))
    place.join(joined(2, message(2)))
    assert faults(place, [message(1), message(2)]) == {}


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        ([message(1, clientId="a")], {}),
        ([message(1)], {"lost": 1}),
        ([message(1, clientId="a"), message(2, content="text 1", clientId="a")], {"doubled": 1}),
    ],
)
def test_a_confirmed_message_is_stored_once(place: Place, stored: list[Message], found: dict[str, int]) -> None:
    posts = Posts({"a": "room"})
    hear(place, *stored)
    posts.stored(place.room, message(1, clientId="a"), "a")
    assert faults(place, stored, posts) == found


def test_a_message_that_never_got_a_response_is_lost(place: Place) -> None:
    assert faults(place, [], Posts({"a": "room"})) == {"lost": 1}


def test_a_message_whose_responses_name_two_places_is_doubled(place: Place) -> None:
    posts = Posts({"a": "room"})
    for change in (1, 2):
        posts.stored(place.room, message(change), "a")
    assert place.room.tally.doubled == 1


# --- Replies

END: Final = reply(12, "complete", 2, "word 1 word 2 ")


def at_a_reply(place: Place) -> None:
    place.join(joined(9))
    hear(place, reply(10, "queued"), reply(11, "running"))


def test_a_reply_that_was_heard_word_by_word_ends_equal(place: Place) -> None:
    at_a_reply(place)
    assert place.room.running == {"10"}
    assert not any(place.hear_words(words(n)) for n in (1, 2))
    hear(place, END)
    assert not place.room.running
    assert faults(place, [END]) == {}


def test_words_that_a_keyframe_had_already_are_not_doubled(place: Place) -> None:
    at_a_reply(place)
    place.hear_words(words(1))
    place.join(joined(11, streams=(Keyframe("10", 1, 1, 1, "word 1 "),)))
    assert not any(place.hear_words(words(n)) for n in (1, 2))
    hear(place, END)
    assert faults(place, [END]) == {}


def test_missing_words_are_noticed_and_asked_for(place: Place) -> None:
    at_a_reply(place)
    assert place.hear_words(words(2))
    place.resume(Keyframe("10", 1, 1, 2, "word 1 word 2 "))
    hear(place, END)
    # No one heard the first word, so that no one can say that the reply is what was heard.
    assert faults(place, [END]) == {"skipped": 1, "different": 1}


@pytest.mark.parametrize(
    ("heard", "end", "found"),
    [
        ([words(1), words(1), words(2)], END, {"doubled": 1}),
        # The tab got its last word with the end, and no one can compare the whole.
        ([words(1)], END, {"skipped": 1, "different": 1}),
        ([words(1), words(2), words(3)], END, {"different": 1}),
        ([words(1), words(2, "other words")], END, {"different": 1}),
        ([words(1)], reply(12, "interrupted", 1, "word 1 "), {"unended": 1}),
        ([words(1), words(2)], reply(12, "interrupted", 1, "word 1 "), {"unended": 1}),
    ],
)
def test_a_reply_that_goes_wrong_is_counted(
    place: Place, heard: list[Delta], end: Message, found: dict[str, int]
) -> None:
    at_a_reply(place)
    for each in heard:
        place.hear_words(each)
    hear(place, end)
    assert faults(place, [end]) == found


def test_two_tabs_that_hear_other_words_do_not_agree(place: Place) -> None:
    other = Place(place.room)
    other.join(joined(0))
    place.hear_words(words(1))
    other.hear_words(words(1, "other words"))
    assert place.room.tally.different == 1


# --- Memory


def test_the_slope_of_a_known_line() -> None:
    samples = [Sample(seconds, 100_000_000 + 1_000 * seconds) for seconds in range(0, 600, 5)]
    line = line_through(samples)
    assert line.slope == pytest.approx(3.6)  # 1 KB a second
    assert line.error == pytest.approx(0, abs=1e-6)


def test_the_slope_of_noise_has_an_error_that_covers_it() -> None:
    samples = [Sample(seconds, 100_000_000 + (1_000_000 if seconds % 2 else 0)) for seconds in range(60)]
    line = line_through(samples)
    assert 0 < abs(line.slope) < 2 * line.error
