"""The hub goes on listening whatever comes, delivers each thing once, and repairs what it has missed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from chat.protocol import wire
from chat.protocol.close import CloseCode
from chat.protocol.errors import unavailable
from chat.realtime import hub as module
from chat.realtime.delivery import repairs
from chat.realtime.delivery.recovery import Missed
from chat.realtime.events import GLOBAL_GROUP, Event, durable, ephemeral, room_group, user_group
from chat.realtime.hub import Hub
from chat.realtime.layer import bus, listener
from tests.chat.realtime.doubles import FakeConnection, FakeLayer, until

Logged = Callable[[str], int]


class Database:
    """What the hub would read; `away` makes it UNAVAILABLE."""

    def __init__(self) -> None:
        self.rows: list[wire.Message] = []
        self.head = 0
        self.epoch = "epoch"
        self.away = False
        self.asked = 0
        self.rows_at_once = 1000

    def post(self, count: int = 1) -> list[Event]:
        made = []
        for _ in range(count):
            self.head += 1
            self.rows.append(
                wire.Message(
                    id="1",
                    room="lounge",
                    seq=self.head,
                    change=self.head,
                    kind="text",
                    author=None,
                    content="",
                    html="",
                    createdAt=0,
                    reactions=[],
                    mentions=[],
                )
            )
            made.append(durable(self.rows[-1]))
        return made

    async def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        await asyncio.sleep(0)
        self.asked += 1
        if self.away:
            raise unavailable()
        return function(*args)

    def changes_after(self, _slug: str, after: int, limit: int) -> Missed:
        changed = [row for row in self.rows if row.change > after]
        some = changed[: min(limit, self.rows_at_once)]
        return Missed(self.head, some, len(some) < len(changed))

    def heads(self, slugs: list[str]) -> dict[str, tuple[int, str]]:
        return {"lounge": (self.head, self.epoch)} if self.epoch else {}


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> FakeLayer:
    layer = FakeLayer()
    monkeypatch.setattr(module, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(listener, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(repairs, "_RETRY_SECONDS", 0.01)
    return layer


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    database = Database()
    monkeypatch.setattr(repairs, "in_database", database.ask)
    monkeypatch.setattr(repairs, "recovery", database)
    return database


@pytest.fixture
async def hub(layer: FakeLayer, database: Database) -> AsyncIterator[Hub]:
    hub = Hub()
    await hub.start()
    yield hub
    await hub.stop()


async def joined(hub: Hub, name: str = "tab-1", change: int = 0) -> FakeConnection:
    tab = FakeConnection(name)
    feed = await hub.begin_joining("lounge", tab.as_connection)
    feed.go_live(tab.as_connection, change, "epoch")
    return tab


def changes(tab: FakeConnection) -> list[int]:
    return [data["change"] for data in tab.data_of("new_message")]


def packed(*messages: bus.Message, origin: str = "another process") -> dict[str, Any]:
    """Return messages as the layer brings them."""
    return bus.packed([bus.encode(message) for message in messages], origin)


def from_elsewhere(layer: FakeLayer, event: Event) -> None:
    layer.inbox.put_nowait(packed(event))


def notice(text: str, group: str = GLOBAL_GROUP, once: str = "") -> Event:
    return ephemeral(group, "notification", wire.Notification("announcement", text=text), once=once)


async def test_a_process_hears_what_concerns_all_from_the_beginning(hub: Hub, layer: FakeLayer) -> None:
    own = f"parley.process.{hub.id}"
    assert layer.groups == {"parley.global", "parley.control", "parley.presence", "parley.claude", own}


async def test_local_connections_hear_at_once_and_the_others_by_the_layer(hub: Hub, layer: FakeLayer) -> None:
    tab, other = FakeConnection("tab-1", 1), FakeConnection("tab-2", 2)
    hub.add(user_group(1), tab.as_connection)
    hub.add(user_group(2), other.as_connection)
    event = notice("hello", user_group(1))
    hub.publish(event)
    assert tab.types() == ["notification"] and other.types() == []
    await until(lambda: layer.sent)
    assert layer.sent == [("parley.user.1", packed(event, origin=hub.id))]
    layer.inbox.put_nowait(layer.sent[0][1])  # the layer brings it back to us, too
    from_elsewhere(layer, notice("again", user_group(1)))
    await until(lambda: len(tab.sent) == 2)
    assert [data["text"] for data in tab.data_of("notification")] == ["hello", "again"]


async def test_a_group_is_subscribed_from_its_first_local_member_to_its_last(hub: Hub, layer: FakeLayer) -> None:
    tabs = [FakeConnection(f"tab-{n}").as_connection for n in range(3)]
    for tab in tabs:
        hub.add("user:1", tab)
    await until(lambda: "parley.user.1" in layer.groups)
    for tab in tabs:
        hub.discard("user:1", tab)
        hub.discard("user:1", tab)
    await until(lambda: "parley.user.1" not in layer.groups)
    assert layer.asked.count(("add", "parley.user.1")) == 1


async def test_a_room_is_forgotten_with_its_last_follower(hub: Hub, layer: FakeLayer) -> None:
    tab = await joined(hub)
    assert "parley.room.lounge" in layer.groups
    hub.leave("lounge", tab.as_connection)
    hub.leave("lounge", tab.as_connection)
    assert hub.feeds == {}
    await until(lambda: "parley.room.lounge" not in layer.groups)


async def test_a_thing_with_a_name_is_delivered_once_by_whichever_way_it_comes(hub: Hub, layer: FakeLayer) -> None:
    tab = FakeConnection("tab-1")
    hub.add(GLOBAL_GROUP, tab.as_connection)
    hub.deliver(notice("1", once="announcement:1"))
    from_elsewhere(layer, notice("1", once="announcement:1"))
    from_elsewhere(layer, notice("2", once="announcement:2"))
    await until(lambda: len(tab.sent) == 2)
    assert [data["text"] for data in tab.data_of("notification")] == ["1", "2"]


async def test_what_was_seen_once_is_remembered_within_bounds(hub: Hub) -> None:
    for number in range(3000):
        hub.deliver(notice("n", once=f"n:{number}"))
    assert len(hub._once) == 1000


async def test_neither_a_bad_message_nor_a_broken_layer_ends_the_listening(
    hub: Hub, layer: FakeLayer, logged: Logged
) -> None:
    tab = FakeConnection("tab-1")
    hub.add(GLOBAL_GROUP, tab.as_connection)
    orders: list[bus.Control] = []
    hub.on_control = orders.append
    good = packed(notice("of another version"), origin="elsewhere")
    for bad in (
        {},
        {"type": "from.the.past"},
        {**good, "version": 2},
        {**good, "bodies": None},
        {**good, "bodies": [b"?"]},
    ):
        layer.inbox.put_nowait({"origin": "elsewhere", **bad})
    layer.inbox.put_nowait(ConnectionError("gone"))
    layer.groups.clear()
    layer.inbox.put_nowait(packed(bus.Control("access", 7, "lounge")))
    from_elsewhere(layer, notice("still here"))
    await until(lambda: tab.sent)
    assert orders == [bus.Control("access", 7, "lounge")] and tab.types() == ["notification"]
    assert logged("hub.bad_layer_message") == 5 and logged("hub.layer_unreachable") == 1
    await until(lambda: len(layer.groups) == 5)


async def test_several_messages_that_come_as_one_are_heard_in_order_though_one_is_bad(
    hub: Hub, layer: FakeLayer, logged: Logged
) -> None:
    tab = FakeConnection("tab-1")
    hub.add(GLOBAL_GROUP, tab.as_connection)
    first, second = (bus.encode(notice(text)) for text in ("1", "2"))
    of_the_future = msgspec.msgpack.encode(["from the future", 1])
    layer.inbox.put_nowait(bus.packed([first, of_the_future, second], "elsewhere"))
    layer.inbox.put_nowait(bus.packed([7, None], "elsewhere"))  # type: ignore[list-item]
    layer.inbox.put_nowait(packed(notice("own"), notice("own"), origin=hub.id))
    from_elsewhere(layer, notice("3"))
    await until(lambda: len(tab.sent) == 3)
    assert [data["text"] for data in tab.data_of("notification")] == ["1", "2", "3"]
    assert logged("hub.bad_layer_message") == 3


async def test_a_task_that_dies_is_logged(hub: Hub, logged: Logged) -> None:
    async def die() -> None:
        raise LookupError

    hub.spawn(die(), "one that dies")
    await until(lambda: logged("hub.task_failed"))


async def test_a_late_event_is_waited_for_and_then_read(hub: Hub, layer: FakeLayer, database: Database) -> None:
    tab = await joined(hub)
    first, second, third, fourth = database.post(4)
    from_elsewhere(layer, second)
    from_elsewhere(layer, first)
    await until(lambda: changes(tab) == [1, 2])
    assert database.asked == 0, "it came in time: nothing was read"
    from_elsewhere(layer, fourth)
    await until(lambda: changes(tab) == [1, 2, 3, 4])
    assert database.asked == 1
    from_elsewhere(layer, third)
    await until(layer.inbox.empty)
    assert changes(tab) == [1, 2, 3, 4]


async def test_a_gap_is_repaired_as_soon_as_the_database_is_back(
    hub: Hub, layer: FakeLayer, database: Database
) -> None:
    tab = await joined(hub)
    database.away = True
    from_elsewhere(layer, database.post(3)[2])
    await until(lambda: database.asked >= 3)
    assert changes(tab) == [] and tab.closed is None
    database.away = False
    await until(lambda: changes(tab) == [1, 2, 3])


async def test_a_gap_in_a_room_that_was_left_and_joined_again_is_repaired_at_once(
    hub: Hub, layer: FakeLayer, database: Database
) -> None:
    gone = await joined(hub)
    from_elsewhere(layer, database.post(2)[1])
    await until(lambda: hub.repairs._under_way)
    hub.leave("lounge", gone.as_connection)
    tab = await joined(hub, "tab-2")
    from_elsewhere(layer, database.post(1)[0])
    await until(lambda: changes(tab) == [1, 2, 3], seconds=1)


async def test_the_head_check_finds_what_no_hint_told_of(hub: Hub, database: Database) -> None:
    tab = await joined(hub)
    database.post(5)
    await hub.repairs.check_heads()
    assert changes(tab) == [1, 2, 3, 4, 5]
    asked = database.asked
    await hub.repairs.check_heads()
    assert database.asked == asked + 1, "one query when nothing is missing"
    database.away = True
    await hub.repairs.check_heads()
    assert tab.closed is None


async def test_nothing_is_asked_when_no_room_is_open(hub: Hub, database: Database) -> None:
    await hub.repairs.check_heads()
    assert database.asked == 0


@pytest.mark.parametrize("epoch", ["another", ""])
async def test_a_room_that_was_restored_or_is_gone_ends_with_4003(hub: Hub, database: Database, epoch: str) -> None:
    tab = await joined(hub)
    database.epoch = epoch
    await hub.repairs.check_heads()
    assert tab.closed is CloseCode.POSITION_LOST and hub.feeds == {}


async def test_a_hole_that_cannot_be_filled_ends_with_4003_for_this_room_only(
    hub: Hub, layer: FakeLayer, database: Database, settings: Any
) -> None:
    settings.RECOVERY_ROWS = 10
    tab, elsewhere = await joined(hub), FakeConnection("tab-2")
    hub.add(GLOBAL_GROUP, elsewhere.as_connection)
    events = database.post(3)
    del database.rows[1]  # its row has changed again since
    from_elsewhere(layer, events[2])
    await until(lambda: tab.closed)
    assert tab.closed is CloseCode.POSITION_LOST and elsewhere.closed is None and changes(tab) == [1]
    back = await joined(hub, "tab-3", change=3)
    hub.publish(database.post()[0])
    assert changes(back) == [4], "a new feed begins with the first to come back"


async def test_too_large_a_hole_ends_with_4003(hub: Hub, database: Database, settings: Any) -> None:
    settings.RECOVERY_ROWS = 10
    tab = await joined(hub)
    database.post(11)
    await hub.repairs.check_heads()
    assert tab.closed is CloseCode.POSITION_LOST and changes(tab) == list(range(1, 11))


async def test_a_hole_of_several_pages_is_read_to_its_end_in_one_repair(hub: Hub, database: Database) -> None:
    """What did not fit into the bytes of one page was taken for lost: every tab of the room was closed."""
    tab = await joined(hub)
    database.rows_at_once = 3
    database.post(11)
    await hub.repairs.check_heads()
    assert tab.closed is None and changes(tab) == list(range(1, 12))


async def test_a_hole_within_pages_that_cannot_be_filled_ends_with_4003_and_not_in_a_loop(
    hub: Hub, database: Database
) -> None:
    tab = await joined(hub)
    database.rows_at_once = 3
    database.post(11)
    del database.rows[5:9]  # they have changed again since
    asked = database.asked
    await hub.repairs.check_heads()
    assert tab.closed is CloseCode.POSITION_LOST and changes(tab) == [1, 2, 3, 4, 5]
    assert database.asked - asked <= 4


async def test_watchers_of_a_room_survive_its_followers_end(hub: Hub, layer: FakeLayer, database: Database) -> None:
    watcher = FakeConnection("tab-9", user_id=9)
    hub.watchers.watch("lounge", watcher.as_connection)
    tab = await joined(hub)
    database.epoch = "another"
    await hub.repairs.check_heads()
    assert tab.closed is CloseCode.POSITION_LOST and watcher.closed is None
    from_elsewhere(layer, database.post()[0])
    await until(lambda: watcher.types() == ["notification"])


async def test_events_of_rooms_nobody_here_follows_cost_nothing(hub: Hub) -> None:
    hub.publish(Event(room_group("elsewhere"), "{}", change=5))
    assert hub.feeds == {}
