"""The registry knows connections by id and by user, and forgets those that have ended."""

from hypothesis import given
from hypothesis import strategies as st

from chat.realtime.delivery.registry import Registry
from tests.chat.properties import examples
from tests.chat.realtime.doubles import FakeConnection

POOL = [FakeConnection(f"tab-{n}", n % 3) for n in range(8)]


@examples(200)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(POOL)), max_size=60))
def test_it_always_knows_exactly_who_is_open(steps: list[tuple[bool, FakeConnection]]) -> None:
    registry, open_ones = Registry(), set[FakeConnection]()
    for arrives, each in steps:
        if arrives and each not in open_ones:
            registry.add(each.as_connection)
            open_ones.add(each)
        elif not arrives:  # also a second time, or without having come
            registry.remove(each.as_connection)
            open_ones.discard(each)
        assert len(registry) == len(open_ones) and set(registry) == open_ones
        for other in POOL:
            assert (registry.get(other.id) is not None) == (other in open_ones)
            assert set(registry.of_user(other.user_id)) == {one for one in open_ones if one.user_id == other.user_id}
    for each in POOL:
        registry.remove(each.as_connection)
    assert not (registry._by_id or registry._by_user), "nothing is left of those who went"


def test_it_may_be_changed_while_one_goes_through_it() -> None:
    registry = Registry()
    for each in POOL:
        registry.add(each.as_connection)
    for open_one in registry:
        registry.remove(open_one)
    for open_one in registry.of_user(1):
        registry.remove(open_one)
    assert len(registry) == 0
