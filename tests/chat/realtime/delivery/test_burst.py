"""What a room's connections get together arrives at each as if it had been sent to each: in order, to whom it is for."""

import random
from typing import Any, Final
from unittest.mock import patch

import pytest

from accounts.credentials import Credential
from chat.protocol.close import CloseCode
from chat.realtime.delivery.burst import Burst, Sharer
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.feed import Feed
from chat.realtime.delivery.payload import Payload
from chat.realtime.events import Event
from tests.chat.realtime.doubles import turns
from tests.chat.realtime.room_history import STEPS, play

_MUTANT_TRIES: Final = 3000
_STEPS_AT_MOST: Final = 60


class Wire:
    """What a server offers that takes ready-made frames; keeps the texts of each write."""

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.closed: int | None = None
        self.held = 0

    def write(self, frames: bytes) -> None:
        assert self.closed is None, "nothing may follow the close frame"
        texts = []
        while frames:
            size = frames[1]
            texts.append(frames[2 : 2 + size].decode())
            frames = frames[2 + size :]
        self.writes.append(texts)

    def buffered(self) -> int:
        return self.held

    def close(self, code: int, reason: str) -> None:
        self.closed = code


class Room:
    """A feed with connections, one for each user, and their wires."""

    def __init__(self, slug: str = "lounge") -> None:
        self.feed = Feed(slug, lambda _feed: None)
        self.change = 0

    def enter(self, user_id: int, connection: Connection | None = None) -> tuple[Connection, Wire]:
        wire = Wire()
        if connection is None:
            credential = Credential(user_id, f"user-{user_id}", "token", "1")

            async def never(_message: dict[str, Any]) -> None:
                raise AssertionError("it has a writer")

            connection = Connection(f"tab-{user_id}", credential, "192.0.2.1", never, wire)
        self.feed.begin_joining(connection)
        self.feed.go_live(connection, self.change, "epoch")
        return connection, wire

    def post(self, **options: Any) -> None:
        self.change += 1
        text = f"{self.feed.slug}{self.change}"
        self.feed.take(Event(f"room:{self.feed.slug}", text, change=self.change, **options), Payload(text, self.change))

    def type(self, user_id: int) -> None:
        text = f"typing {user_id}"
        self.feed.take(Event(f"room:{self.feed.slug}", text, without_user=user_id), Payload(text))


async def test_what_is_due_within_some_turns_is_written_once_to_each() -> None:
    room = Room()
    wires = [room.enter(user_id)[1] for user_id in (1, 2, 3)]
    for _ in range(3):
        room.post()
    assert [wire.writes for wire in wires] == [[], [], []]
    await turns(3)
    assert [wire.writes for wire in wires] == [[["lounge1", "lounge2", "lounge3"]]] * 3
    room.post()
    await turns(3)
    assert [wire.writes[1:] for wire in wires] == [[["lounge4"]]] * 3


async def test_what_was_written_keeps_neither_words_nor_connections_in_memory() -> None:
    room = Room()
    room.enter(1)
    room.post()
    await turns(3)
    burst = room.feed._burst
    assert burst is not None and (burst._connections, burst._payloads, burst.apart) == ([], [], [])


async def test_what_a_connection_gets_of_its_own_stands_where_it_was_sent() -> None:
    room = Room()
    (asker, asked), (_, other) = room.enter(1), room.enter(2)
    room.post()
    asker.send(Payload("response"))
    room.post()
    asker.send(Payload("last"))
    await turns(3)
    assert asked.writes == [["lounge1", "response", "lounge2", "last"]] and other.writes == [["lounge1", "lounge2"]]
    asker.send(Payload("before"))
    room.post()
    await turns(3)
    assert asked.writes[1:] == [["before", "lounge3"]] and other.writes[1:] == [["lounge3"]]


async def test_nobody_hears_their_own_typing_and_everybody_the_rest() -> None:
    room = Room()
    wires = {user_id: room.enter(user_id)[1] for user_id in (1, 2, 3)}
    room.type(1)
    room.post()
    room.type(2)
    room.type(1)
    await turns(3)
    assert wires[1].writes == [["lounge1", "typing 2"]]
    assert wires[2].writes == [["typing 1", "lounge1", "typing 1"]]
    assert wires[3].writes == [["typing 1", "lounge1", "typing 2", "typing 1"]]


async def test_who_comes_in_between_gets_what_follows_and_who_goes_what_was_before() -> None:
    room = Room()
    (leaver, left), (_, stayed) = room.enter(1), room.enter(2)
    room.post()
    room.feed.remove(leaver)
    _, came = room.enter(3)
    room.post()
    await turns(3)
    assert left.writes == [["lounge1"]] and stayed.writes == [["lounge1", "lounge2"]] and came.writes == [["lounge2"]]


async def test_a_connection_in_two_rooms_gets_both_in_the_order_of_their_making() -> None:
    lounge, garden = Room("lounge"), Room("garden")
    both, wire = lounge.enter(1)
    _, in_lounge = lounge.enter(2)
    garden.enter(1, both)
    _, in_garden = garden.enter(3)
    for room in (lounge, garden, lounge, garden):
        room.post()
    await turns(3)
    assert wire.writes == [["lounge1", "garden1", "lounge2", "garden2"]]
    assert in_lounge.writes == [["lounge1", "lounge2"]] and in_garden.writes == [["garden1", "garden2"]]


async def test_who_is_closed_in_between_gets_what_was_before_and_nothing_more() -> None:
    room = Room()
    (closing, closed), (_, stayed) = room.enter(1), room.enter(2)
    room.post()
    closing.close(CloseCode.SIGNED_OUT)
    room.post()
    await turns(3)
    assert closed.writes == [["lounge1"]] and closed.closed == CloseCode.SIGNED_OUT
    assert stayed.writes == [["lounge1", "lounge2"]]


async def test_a_slow_reader_among_the_others_is_closed_alone(settings: Any) -> None:
    settings.OUTBOX_BYTES = 1000
    room = Room()
    (slow, stuck), (_, quick) = room.enter(1), room.enter(2)
    stuck.held = 1001
    room.post()
    await turns(3)
    assert slow.close_code is CloseCode.TOO_SLOW and stuck.closed == 4001 and stuck.writes == []
    assert quick.writes == [["lounge1"]]


class WithoutHandingOver(Burst):
    """Forgets what it holds for a connection that leaves it."""

    def release(self, connection: Sharer) -> None:
        if connection.burst is self:
            connection.burst = None
            self.apart.append(connection)


class WithoutThoseApart(Burst):
    """Forgets a connection that leaves it."""

    def release(self, connection: Sharer) -> None:
        super().release(connection)
        self.apart.clear()


class WithoutExceptions(Burst):
    """Tells everyone everything."""

    def release_user(self, user_id: int) -> None:
        pass


class WithoutFarewell(Burst):
    """Goes on to serve who has left the room."""

    def remove(self, connection: Sharer) -> None:
        self.release(connection)


class WithoutEnd(Burst):
    """Takes more after it was written."""

    def flush(self, droppable_from: int) -> None:
        super().flush(droppable_from)
        self.is_open = True


@pytest.mark.parametrize(
    "mutant", [WithoutHandingOver, WithoutThoseApart, WithoutExceptions, WithoutFarewell, WithoutEnd]
)
def test_the_property_of_feeds_catches_a_burst_that_is_broken(mutant: type[Burst]) -> None:
    with patch("chat.realtime.delivery.feed.Burst", mutant):
        for seed in range(_MUTANT_TRIES):
            chance = random.Random(seed)
            try:
                play([(chance.choice(STEPS), chance.randrange(8)) for _ in range(_STEPS_AT_MOST)])
            except AssertionError:
                return
    pytest.fail(f"{mutant.__name__} was never caught")
