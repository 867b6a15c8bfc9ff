"""Order: every tab hears a room's changes one by one, all agree on them, and no later write stands before an earlier one."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from tests.faults.history import Fresh, Heard, History, JoinAsked, Joined, Left, Revoked, Row, Stored
from tests.faults.rules.violation import Violation
from tests.faults.rules.writes import writes_of

# What changes a message again is stamped before its commit, hence before a response that has seen it. Without Redis another
# process finds it by its head check, every three seconds, and stamps it then; and a margin.
READING_SECONDS: Final = 4.0


def gapless(history: History) -> Iterator[Violation]:
    """On one connection the changes of a room come in order from the response to its joining on: no gap, no repeat."""
    last: dict[tuple[int, str], int] = {}
    for record in history.of_types(Joined, Left, Heard):
        if isinstance(record, Joined):
            last[record.connection, record.room] = record.change
        elif isinstance(record, Left):
            last.pop((record.connection, record.room), None)
        elif isinstance(record, Heard):
            key, change = (record.connection, record.room), record.row.change
            if key not in last:
                yield Violation("unexpected", record.t, f"{record.tab} heard of {record.room} without having joined it")
                continue
            if change <= last[key]:
                yield Violation(
                    "duplicated", record.t, f"{record.tab} heard {change} of {record.room} after {last[key]}"
                )
            elif change > last[key] + 1:
                yield Violation(
                    "order", record.t, f"{record.tab} heard {change} of {record.room} after {last[key]}: a gap"
                )
            last[key] = max(change, last[key])


def agreed(history: History) -> Iterator[Violation]:
    """A `seq` is one message's forever, and a `change` is one state of one message, for every tab and for the database."""
    places: dict[tuple[str, int], str] = {}
    states: dict[tuple[str, int], Row] = {}
    for record in history.of_types(Joined, Heard, Fresh, Stored):
        for room, row in _rows(record):
            place = places.setdefault((room, row.seq), row.id)
            if place != row.id:
                yield Violation("order", record.t, f"place {row.seq} of {room} belongs to {place} and to {row.id}")
            if isinstance(record, Stored) or row.reply == "running":
                continue  # the database's rows are checked elsewhere; a running reply grows without a change
            state = states.setdefault((room, row.change), row)
            if _said(state) != _said(row):
                yield Violation("order", record.t, f"change {row.change} of {room} is {state} and {row}")


def _rows(record: object) -> Iterator[tuple[str, Row]]:
    if isinstance(record, Heard):
        yield record.room, record.row
    elif isinstance(record, Joined | Fresh | Stored):
        for row in record.rows:
            yield record.room, row


def _said(row: Row) -> tuple[object, ...]:
    # Not the reactions: a recovery reads them after the row, and may show those of a later change, which is on its way.
    return row.id, row.content, row.is_deleted, row.client_id


def caught_up(history: History) -> Iterator[Violation]:
    """Who comes back with a cursor gets every message that changed since, even one that will change again."""
    known: dict[tuple[str, int], tuple[str, float]] = {}  # (room, change) -> message and when it was first sent
    again: dict[str, list[tuple[int, float]]] = {}  # message -> its changes
    for heard in history.all(Heard):
        if (heard.room, heard.row.change) not in known:
            known[heard.room, heard.row.change] = heard.row.id, heard.sent
            again.setdefault(heard.row.id, []).append((heard.row.change, heard.sent))
    asked: dict[tuple[int, str], JoinAsked] = {}
    for record in history.of_types(JoinAsked, Joined):
        if isinstance(record, JoinAsked):
            asked[record.connection, record.room] = record
        elif isinstance(record, Joined) and not record.reset:
            after = asked[record.connection, record.room].after
            for change in range(record.change if after is None else after + 1, record.change + 1):
                message = known.get((record.room, change), ("", 0.0))[0]
                if message and after is not None and not _is_brought(record, message, change, again[message]):
                    what = f"{record.tab} came back at {after} of {record.room}, and was not told of change {change}"
                    yield Violation("catch-up", record.t, what)


def _is_brought(joined: Joined, message: str, change: int, changes: list[tuple[int, float]]) -> bool:
    if any(row.id == message and row.change >= change for row in joined.rows):
        return True
    # What changed once more while the rows were read is left out, and follows as an event.
    soon = joined.sent + READING_SECONDS
    return any(later > joined.change and sent <= soon for later, sent in changes)


def in_real_time(history: History) -> Iterator[Violation]:
    """What was confirmed before another write, or joining, was begun stands before it."""
    confirmed: dict[str, list[tuple[float, int]]] = {}
    for write in writes_of(history).values():
        accepted = write.accepted
        if accepted is not None:
            place = accepted.seq if write.creates else accepted.change
            confirmed.setdefault(write.invoked.room, []).append((accepted.t, place))
    heads = {room: _running_head(sorted(some)) for room, some in confirmed.items()}
    for write in writes_of(history).values():
        accepted = write.accepted
        # The second time, a deletion or reaction changes nothing and gets an earlier change in response.
        if accepted is None or not (write.creates or write.invoked.type == "edit_message"):
            continue
        place = accepted.seq if write.creates else accepted.change
        before = _head_before(heads[write.invoked.room], write.invoked.t)
        if place <= before:
            yield Violation("real-time order", accepted.t, f"{write.op} got {place} after {before} had been confirmed")
    asked: dict[tuple[int, str], JoinAsked] = {}
    for record in history.of_types(JoinAsked, Joined):
        if isinstance(record, JoinAsked):
            asked[record.connection, record.room] = record
        elif isinstance(record, Joined) and record.room in heads:
            begun = asked[record.connection, record.room]
            before = _head_before(heads[record.room], begun.t)
            if record.change < before:
                what = f"{record.tab} joined {record.room} at {record.change} after {before} had been confirmed"
                yield Violation("real-time order", record.t, what)


Head = tuple[list[float], list[int]]


def _running_head(confirmed: list[tuple[float, int]]) -> Head:
    times, heads, head = [], [], 0
    for t, place in confirmed:
        head = max(head, place)
        times.append(t)
        heads.append(head)
    return times, heads


def _head_before(head: Head, t: float) -> int:
    """Return the highest change that had been confirmed before a moment."""
    position = bisect_left(head[0], t)
    return head[1][position - 1] if position else 0


def one_response_each(history: History) -> Iterator[Violation]:
    """A request has one response for each time that it was sent."""
    for write in writes_of(history).values():
        for connection in {response.connection for response in write.responses}:
            responses = [response for response in write.responses if response.connection == connection]
            sends = [sent for sent in write.sends if sent.connection == connection]
            if len(responses) > len(sends):
                yield Violation(
                    "duplicated", responses[-1].t, f"{write.op} has {len(responses)} responses: {responses}"
                )


def a_response_at_last(history: History) -> Iterator[Violation]:
    """In the end every write of who has access has its response."""
    gone = {tab for revoked in history.all(Revoked) for tab in revoked.tabs}
    for write in writes_of(history).values():
        if write.invoked.tab not in gone and not any(response.is_final for response in write.responses):
            yield Violation("no response", write.invoked.t, f"{write.op}, sent {len(write.sends)} times")
