"""Two versions of the program run side by side during an upgrade: each reads what the other sends, or leaves it alone."""

from typing import Any, Final, get_args

import msgspec
import pytest

from chat.realtime.events import Event
from chat.realtime.layer import bus
from chat.realtime.layer.bus import Present

TAB = Present("room", "lounge", "tab-1", 1, "alice", "Alice")
MESSAGES: Final[tuple[bus.Message, ...]] = (
    Event("room:lounge", "{}", 7, 1, (2, 3), counts=True, requester="tab-1", request_id='"1"', ends=4, recount=(5, 6)),
    Event("user:7", "{}"),
    bus.Control("access", 7, "lounge"),
    bus.Wake(),
    bus.StopReply(7),
    bus.DedicatedBeat(),
    bus.KeyframeWanted("ask", "asker", "7"),
    bus.Response("ask", b"body"),
    bus.PresenceNews(1, changes=[(True, TAB), (False, TAB)]),
    bus.PresenceNews(2, hello=True, whole=[TAB]),
)
UNREADABLE: Final[tuple[Any, ...]] = (7, [], ["from the future", 1], ["stop"], ["stop", "x"], {})
KINDS: Final = get_args(bus.Message)


def fields_in(body: bytes) -> list[Any]:
    """Return a message's tag and fields as they travel."""
    return list(msgspec.msgpack.decode(body))


@pytest.mark.parametrize("message", MESSAGES, ids=repr)
def test_each_message_arrives_as_it_was_sent(message: bus.Message) -> None:
    assert bus.decode(bus.encode(message)) == message


def test_every_kind_of_message_is_tried_and_has_a_tag_of_its_own() -> None:
    assert {type(message) for message in MESSAGES} == set(KINDS)
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("message", MESSAGES, ids=repr)
def test_a_field_that_only_the_sender_knows_is_ignored(message: bus.Message) -> None:
    newer = msgspec.msgpack.encode([*fields_in(bus.encode(message)), {"a field": "of the next version"}])
    assert bus.decode(newer) == message


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_field_that_only_the_receiver_knows_has_its_default(kind: type[Any]) -> None:
    options: dict[str, Any] = {"frozen": True, "array_like": True, "tag": kind.__struct_config__.tag}
    newer = msgspec.defstruct("Newer", [("added", str, "default")], bases=(kind,), **options)
    message = next(each for each in MESSAGES if type(each) is kind)
    read = msgspec.msgpack.decode(bus.encode(message), type=newer)
    assert getattr(read, "added", None) == "default"
    assert all(getattr(read, name) == getattr(message, name) for name in kind.__struct_fields__)


def test_what_another_version_sends_is_refused_as_a_whole() -> None:
    packed = bus.packed([b"1"], "elsewhere")
    assert bus.unpacked(packed) == [b"1"]
    for other in ({**packed, "version": bus.VERSION + 1}, {**packed, "type": "hub.event"}, {"type": packed["type"]}):
        with pytest.raises(ValueError, match="another version"):
            bus.unpacked(other)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xc1", *map(msgspec.msgpack.encode, UNREADABLE)],
)
def test_a_message_that_cannot_be_read_raises_one_error(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        bus.decode(body)


def test_group_names_suit_every_channel_layer() -> None:
    assert bus.layer_group("room:a-b") == "parley.room.a-b"
    assert bus.group_of(Event("room:a-b", "{}")) == "room:a-b"
    assert bus.group_of(bus.Control("recheck", 7)) == "control" and bus.group_of(bus.Wake()) == "claude"
