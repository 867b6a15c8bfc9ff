"""What a cluster costs, as formulas: the arithmetic of docs/scaling.md. No I/O, and nothing of the program.

Sizes are bytes, rates are per second. Overheads are counted by hand from the formats (msgpack, RESP), not asked of the
encoders: the simulation does that, and the two must agree.
"""

from dataclasses import dataclass
from typing import Final

# One event on the layer: {"type": "hub.event", "origin": <12 chars>, "event": [12 fields]}, without group and frame.
EVENT_ENVELOPE_BYTES: Final = 59
# "parley__group__parley." before every group's name.
CHANNEL_PREFIX_BYTES: Final = 22
# RESP around a channel and a payload: `*3 $7 PUBLISH $<n> .. $<n> ..`; the push to a subscriber is as long.
RESP_BYTES: Final = 32
# {"type": "hub.presence", "origin": .., "number": ..}; a change adds its list, and each entry of it.
BEAT_BYTES: Final = 49
CHANGES_BYTES: Final = 9
ENTRY_BYTES: Final = 25
SIGNAL_BYTES: Final = 39
JOIN_CHANGES_SECONDS: Final = 0.03
# global, control, presence, claude, the process's own group, and its layer channel.
GROUPS_OF_A_PROCESS: Final = 6
# A prompt, the start of its reply, its claim, its end: durable events of one reply.
EVENTS_OF_A_REPLY: Final = 4


@dataclass(frozen=True)
class Load:
    """Who is there and what they do. One person has `tabs_per_person` tabs, each on a process of its own choice.

    rooms_per_person: rooms that someone is a member of; their tabs watch all of them and have one open.
    people_per_room: members of a room that are online. tab_seconds: how long a tab stays before it comes back elsewhere.
    replies: replies of Claude that run at the same time, for `reply_seconds` each, `deltas` a second.
    """

    processes: int = 100
    people: int = 1000
    tabs_per_person: int = 1
    rooms_per_person: int = 10
    people_per_room: int = 20
    messages_per_person_minute: float = 2.0
    typing_per_message: float = 2.0
    replies: int = 10
    # Short, so that in a few simulated seconds many rooms are drawn.
    reply_seconds: float = 0.5
    deltas: float = 20.0
    tab_seconds: float = 60.0
    beat_seconds: float = 3.0
    head_check_seconds: float = 3.0
    # Bytes of the JSON frames, and letters of names.
    message_bytes: int = 420
    typing_bytes: int = 135
    delta_bytes: int = 165
    slug_chars: int = 12
    username_chars: int = 8

    @property
    def tabs(self) -> int:
        return self.people * self.tabs_per_person

    @property
    def rooms(self) -> float:
        return self.people * self.rooms_per_person / self.people_per_room


def processes_reached(processes: int, tabs: float) -> float:
    """Return on how many of the processes at least one of so many tabs is, each placed by chance."""
    return float(processes * (1 - (1 - 1 / processes) ** tabs))


@dataclass(frozen=True)
class Rates:
    """Messages of one kind: how many a second, the bytes of each on Redis's sockets, how many processes hear each."""

    per_second: float
    bytes: float
    reached: float

    @property
    def deliveries(self) -> float:
        return self.per_second * self.reached

    @property
    def bytes_in(self) -> float:
        return self.per_second * self.bytes

    @property
    def bytes_out(self) -> float:
        return self.deliveries * self.bytes


def on_redis(group_chars: int, payload_bytes: float) -> float:
    """Return the bytes of a PUBLISH, which are those of each delivery, too."""
    return RESP_BYTES + CHANNEL_PREFIX_BYTES + group_chars + payload_bytes


def event_bytes(frame_bytes: int, group_chars: int) -> float:
    return on_redis(group_chars, EVENT_ENVELOPE_BYTES + group_chars + frame_bytes)


def entry_bytes(load: Load) -> float:
    """Return the bytes of one presence entry; half of them name a room, half a user's number."""
    name = (load.slug_chars + len(str(load.people))) / 2
    return ENTRY_BYTES + name + load.username_chars


def changes_per_second(load: Load) -> tuple[float, float]:
    """Return presence messages with changes, and the entries in them, a second.

    A tab's life brings three moments of change: it opens (one entry), opens a room (one), and goes (two). What happens
    in a process within 30 ms is one message.
    """
    moments = 3 * load.tabs / load.tab_seconds
    in_a_process = moments / load.processes
    joined = in_a_process / (1 + in_a_process * JOIN_CHANGES_SECONDS)
    return joined * load.processes, 4 * load.tabs / load.tab_seconds


def kinds(load: Load) -> dict[str, Rates]:
    """Return what goes through Redis, by kind."""
    room = len("room:") + load.slug_chars
    reached = processes_reached(load.processes, load.people_per_room * load.tabs_per_person)
    posts = load.people * load.messages_per_person_minute / 60
    prompts = load.replies / load.reply_seconds
    changes, entries = changes_per_second(load)
    changes_bytes = BEAT_BYTES + CHANGES_BYTES + (entries / changes if changes else 0) * entry_bytes(load)
    everyone = load.processes
    return {
        "messages": Rates(posts + EVENTS_OF_A_REPLY * prompts, event_bytes(load.message_bytes, room), reached),
        "typing": Rates(posts * load.typing_per_message, event_bytes(load.typing_bytes, room), reached),
        "deltas": Rates(load.replies * load.deltas, event_bytes(load.delta_bytes, room), reached),
        "signals": Rates(prompts, on_redis(len("claude"), SIGNAL_BYTES), everyone),
        "beats": Rates(load.processes / load.beat_seconds, on_redis(len("presence"), BEAT_BYTES), everyone),
        "presence changes": Rates(changes, on_redis(len("presence"), changes_bytes), everyone),
    }


def predict(load: Load) -> dict[str, float]:
    """Return what the simulation counts, by the same names."""
    by_kind = kinds(load)
    of_rooms = [by_kind["messages"], by_kind["typing"], by_kind["deltas"]]
    presence = [by_kind["beats"], by_kind["presence changes"]]
    one_process_less = 1 - 1 / load.processes
    tabs_of_room = load.people_per_room * load.tabs_per_person
    empty_before = load.rooms_per_person * one_process_less ** (tabs_of_room - 1)
    empty_before += one_process_less ** (load.tabs_per_person - 1)
    # Each tab of a room's members has one of the person's rooms open, on one of the processes.
    others_open = (tabs_of_room - 1) / load.rooms_per_person
    shut = 1 - 1 / (load.rooms_per_person * load.processes)
    elsewhere = 1 - shut ** (tabs_of_room - 1)
    rooms_open_in_process = load.rooms * (1 - shut**tabs_of_room)
    frames = sum(each.per_second for each in of_rooms) * (1 + others_open)
    frames -= by_kind["typing"].per_second * (1 + (load.tabs_per_person - 1) / load.rooms_per_person)
    useful = sum(each.per_second for each in of_rooms) * (1 + (load.processes - 1) * elsewhere)
    return {
        "publishes/s": sum(each.per_second for each in by_kind.values()),
        "deliveries by Redis/s": sum(each.deliveries for each in by_kind.values()),
        "bytes into Redis/s": sum(each.bytes_in for each in by_kind.values()),
        "bytes out of Redis/s": sum(each.bytes_out for each in by_kind.values()),
        "processes that hear a room's event": of_rooms[0].reached,
        "... of them with the room open": useful / sum(each.per_second for each in of_rooms),
        "presence publishes/s": sum(each.per_second for each in presence),
        "presence deliveries/s": sum(each.deliveries for each in presence),
        "subscriptions held": load.processes * GROUPS_OF_A_PROCESS
        + load.people * processes_reached(load.processes, load.tabs_per_person)
        + load.rooms * processes_reached(load.processes, tabs_of_room),
        "(un)subscribes/s": 2 * load.tabs / load.tab_seconds * empty_before,
        "head checks/s": load.processes / load.head_check_seconds,
        "rooms in a head check": rooms_open_in_process,
        "frames to tabs/s": frames,
    }


def whole_bytes(load: Load) -> float:
    """Return the bytes of all that one process tells of its tabs: each is somewhere at all, and in a room."""
    entries = 2 * load.tabs / load.processes
    return on_redis(len("presence"), BEAT_BYTES + CHANGES_BYTES + entries * entry_bytes(load))
