"""The registry counts connections by id, user and address, and forgets those that have ended."""

from hypothesis import given
from hypothesis import strategies as st

from chat.realtime.registry import Registry
from tests.chat.properties import examples
from tests.chat.realtime.doubles import FakeConnection


def connection(id_: str, user_id: int, address: str) -> FakeConnection:
    made = FakeConnection(id_, user_id)
    made.address = address
    return made


def test_a_home_s_ipv6_addresses_count_as_one() -> None:
    registry = Registry()
    one, other = connection("a", 1, "2001:db8::1"), connection("b", 2, "2001:db8::ffff:2")
    for each in (one, other):
        registry.add(each.as_connection)
    assert (registry.count_at("2001:db8::3"), registry.count_at("2001:db8:0:1::1")) == (2, 0)


POOL = [connection(f"tab-{n}", n % 3, f"192.0.2.{n % 2}") for n in range(8)]


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
            assert registry.count_at(other.address) == sum(one.address == other.address for one in open_ones)
    for each in POOL:
        registry.remove(each.as_connection)
    assert not (registry._by_id or registry._by_user or registry._by_network), "nothing is left of those who went"


def test_it_may_be_changed_while_one_goes_through_it() -> None:
    registry = Registry()
    for each in POOL:
        registry.add(each.as_connection)
    for open_one in registry:
        registry.remove(open_one)
    for open_one in registry.of_user(1):
        registry.remove(open_one)
    assert len(registry) == 0
