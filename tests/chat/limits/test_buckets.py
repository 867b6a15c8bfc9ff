"""Token buckets: a burst at once, then so many in a second, and never more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.limits import buckets
from chat.limits.buckets import PerUser, TokenBucket
from tests.chat.properties import examples
from tests.chat.realtime.clock import Clock, clock_in


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return clock_in(monkeypatch, buckets)


def test_a_burst_passes_and_then_one_for_each_token_regained(clock: Clock) -> None:
    bucket = TokenBucket(per_second=8, burst=3)
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 125]
    clock.now += 0.0625
    assert bucket.take() in (62, 63), "refusals cost nothing, and say how long is left"
    clock.now += 0.0625
    assert [bucket.take() for _ in range(2)] == [0, 125]
    clock.now += 3600
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 125], "an hour's rest saves up one burst, not an hour"


def test_no_limit_never_refuses(clock: Clock) -> None:
    bucket, people = TokenBucket(0, 0), PerUser(0, 0)
    assert not any(bucket.take() or people.take(1) for _ in range(10_000))
    assert people._buckets == {}


def test_a_limit_under_one_in_a_burst_still_lets_one_pass(clock: Clock) -> None:
    bucket = TokenBucket(per_second=0.1, burst=0)
    assert [bucket.take(), bucket.take()] == [0, 10_000]
    clock.now += 10
    assert bucket.take() == 0


@examples(100)
@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 50),
    waits=st.lists(st.floats(0, 2), min_size=1, max_size=100),
)
def test_over_any_time_no_more_passes_than_burst_and_rate_allow(rate: float, burst: int, waits: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = clock_in(patch, buckets)
        bucket, passed = TokenBucket(rate, burst), []
        for wait in waits:
            clock.now += wait
            if bucket.take() == 0:
                passed.append(clock.now)
        for index, begin in enumerate(passed):
            for count, end in enumerate(passed[index:], start=1):
                assert count <= burst + (end - begin) * rate + 1e-6


@examples(100)
@given(rate=st.floats(0.1, 1000), burst=st.integers(1, 20))
def test_who_waits_as_told_passes(rate: float, burst: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = clock_in(patch, buckets)
        bucket = TokenBucket(rate, burst)
        for _ in range(burst):
            assert bucket.take() == 0
        wait = bucket.take()
        clock.now += wait / 1000 + 1e-6  # floating point is not exact
        assert wait > 0 and bucket.take() == 0


def test_each_person_has_a_bucket_of_their_own_and_full_ones_are_forgotten(clock: Clock) -> None:
    people = PerUser(per_second=1, burst=2)
    assert [people.take(1) for _ in range(3)] == [0, 0, 1000]
    assert people.take(2) == 0
    clock.now += 1.5
    people.forget_idle()
    assert set(people._buckets) == {1}, "the second is full again and looks like a new one"
    assert people.take(1) == 0 and people.take(1) > 0, "forgetting the idle forgives no one"
    clock.now += 60
    people.forget_idle()
    assert people._buckets == {}
