"""Which files of a room a call shows: within the budget, the newest for certain, and mostly the same as the call before."""

from hypothesis import given
from hypothesis import strategies as st

from chat.claude.reading.files import MOST_SHOWN, File, shown_among
from chat.files import model_sizes
from tests.chat.properties import examples

BUDGET = 10_000
# Pictures of about 14, 400 and 1,500 tokens, and a file that can't be shown.
SIDES = (100, 548, 1_072, None)


def a_file(pk: int, side: int | None) -> File:
    return File(pk, "x", "image/png", 1, side, side)


rooms = st.lists(st.lists(st.sampled_from(SIDES), min_size=1, max_size=6), max_size=40)


def numbered(room: list[list[int | None]]) -> list[tuple[int, File]]:
    flat = [(message, side) for message, sides in enumerate(room) for side in sides]
    return [(message, a_file(pk, side)) for pk, (message, side) in enumerate(flat)]


@examples(100)
@given(rooms)
def test_what_is_shown_fits_and_holds_the_newest_message_that_has_any(room: list[list[int | None]]) -> None:
    files = numbered(room)
    shown = shown_among(files, BUDGET)
    costs = {file.id: file.tokens for _, file in files}
    assert sum(costs[pk] or 0 for pk in shown) <= BUDGET
    newest = next((message for message, file in reversed(files) if file.tokens is not None), None)
    assert newest is None or {file.id for message, file in files if message == newest and file.tokens} <= shown


@examples(100)
@given(rooms)
def test_a_further_message_mostly_adds_to_what_was_shown(room: list[list[int | None]]) -> None:
    """What is shown begins later only in steps: each file that goes changes how a call begins, and costs the cache."""
    files = numbered(room)
    before, steps = set[int](), 0
    for count in range(len(room) + 1):
        now = shown_among([each for each in files if each[0] < count], BUDGET)
        steps += not before <= now
        before = now
    total = sum(file.tokens or 0 for _, file in files)
    assert steps <= 2 * total // BUDGET + len(files) // (MOST_SHOWN // 2)


def test_a_thousand_icons_are_too_many_whatever_they_cost() -> None:
    shown = shown_among([(pk, a_file(pk, 1)) for pk in range(1_000)], BUDGET)
    assert 999 in shown and len(shown) <= MOST_SHOWN


def test_of_a_message_with_more_than_there_is_room_for_the_first_are_shown() -> None:
    assert shown_among([(1, a_file(pk, 1_072)) for pk in range(9)], 4_700) == {0, 1, 2}


@examples(100)
@given(st.integers(1, 30_000), st.integers(1, 30_000))
def test_a_scaled_picture_keeps_its_shape_within_what_a_model_makes_use_of(width: int, height: int) -> None:
    size = model_sizes.for_model(width, height)
    assert 1 <= size.width <= min(width, model_sizes.LONGEST_SIDE)
    assert 1 <= size.height <= min(height, model_sizes.LONGEST_SIDE)
    assert size.width * size.height <= model_sizes.MOST_PIXELS
    if min(size) > 100:
        assert abs(size.width / size.height - width / height) < 0.02 * width / height
    assert 1 <= model_sizes.tokens(width, height) <= 1_600 or max(size) == model_sizes.LONGEST_SIDE
