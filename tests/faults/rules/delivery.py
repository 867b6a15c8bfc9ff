"""What reached the tabs: everything in the end, the same streams, soon after an outage, and nothing for who lost access."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.faults.history import (
    Closed,
    Delta,
    FaultBegan,
    FaultEnded,
    Fresh,
    Heard,
    History,
    Joined,
    Noted,
    Opened,
    Revoked,
    Row,
)
from tests.faults.rules.violation import Violation
from tests.faults.rules.writes import Write, writes_of

CONVERGED_WITHIN_SECONDS: Final = 15.0
REVOKED_WITHIN_SECONDS: Final = 1.0
ENDS: Final = frozenset({"complete", "stopped", "interrupted", "failed"})


@dataclass
class View:
    """What one tab shows of one room. It is owed every row that changed after `since`."""

    since: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    reached: list[tuple[int, float]] = field(default_factory=list)  # (change, when), both rising

    def take(self, record: Joined | Heard) -> None:
        if isinstance(record, Joined):
            if record.reset or not self.reached:
                self.since, self.rows = record.change, {}
            self.rows.update((row.id, row) for row in record.rows)
            self._reach(record.change, record.t)
        else:
            self.rows[record.row.id] = record.row
            self._reach(record.row.change, record.t)

    def _reach(self, change: int, t: float) -> None:
        if not self.reached or change > self.reached[-1][0]:
            self.reached.append((change, t))

    def reached_at(self, change: int) -> float | None:
        position = bisect_left(self.reached, (change, 0.0))
        return self.reached[position][1] if position < len(self.reached) else None


def views_of(history: History) -> dict[tuple[str, str], View]:
    """Return what each tab shows of each room: (tab, room) -> view."""
    views: dict[tuple[str, str], View] = defaultdict(View)
    for record in history.of_types(Joined, Heard):
        if isinstance(record, Joined | Heard):
            views[record.tab, record.room].take(record)
    return views


def _entitled(history: History, views: dict[tuple[str, str], View]) -> dict[tuple[str, str], View]:
    """Leave out who has lost access."""
    gone = {(tab, revoked.room) for revoked in history.all(Revoked) for tab in revoked.tabs}
    return {key: view for key, view in views.items() if key not in gone and (key[0], "") not in gone}


def shown(history: History) -> Iterator[Violation]:
    """In the end every entitled tab is open and shows what a new tab is shown."""
    open_tabs: dict[str, bool] = {}
    for record in history.of_types(Opened, Closed, Fresh):
        if isinstance(record, Fresh):
            break  # then the run closes them
        if isinstance(record, Opened | Closed):
            open_tabs[record.tab] = isinstance(record, Opened)
    fresh = {each.room: each for each in history.all(Fresh)}
    for (tab, room), view in _entitled(history, views_of(history)).items():
        if room not in fresh:
            continue
        at = fresh[room].t
        if not open_tabs[tab]:
            yield Violation("convergence", at, f"{tab} is not connected in the end")
        true_rows = {row.id: row for row in fresh[room].rows}
        owed = {row.id for row in true_rows.values() if row.change > view.since}
        for key in owed | view.rows.keys():
            if view.rows.get(key) != true_rows.get(key):
                what = f"{tab} shows {view.rows.get(key)}, a new tab {true_rows.get(key)}"
                yield Violation("convergence", at, what)


def times_to_converge(history: History) -> dict[int, float | None]:
    """Return for each fault's number how long after its end everything was well again.

    That is: all entitled tabs are in their rooms and know what had been confirmed until then, and what they had
    asked by then has its response. None: one of these never came.
    """
    views = _entitled(history, views_of(history))
    gone = {tab for revoked in history.all(Revoked) for tab in revoked.tabs}
    writes = [write for write in writes_of(history).values() if write.invoked.tab not in gone]
    presences = _presences(history)
    times: dict[int, float | None] = {}
    for ended in history.all(FaultEnded):
        heads = _heads_at(writes, ended.t)
        there = {key: view for key, view in views.items() if view.reached[0][1] <= ended.t}  # not who came later
        moments = [view.reached_at(heads[room]) for (_, room), view in there.items() if room in heads]
        moments += [_present_from(presences[tab], ended.t) for tab in {tab for tab, _ in there}]
        moments += [write.responded_at for write in writes if write.invoked.t <= ended.t]
        known = [moment for moment in moments if moment is not None]
        times[ended.number] = None if len(known) < len(moments) else max([0.0, *(t - ended.t for t in known)])
    return times


def _heads_at(writes: list[Write], t: float) -> dict[str, int]:
    """Return the highest change of each room that had been confirmed."""
    heads: dict[str, int] = {}
    for write in writes:
        accepted = write.accepted
        if accepted is not None and accepted.t <= t:
            room, change = write.invoked.room, accepted.seq if write.creates else accepted.change
            heads[room] = max(heads.get(room, 0), change)
    return heads


def _presences(history: History) -> dict[str, list[tuple[float, bool]]]:
    """Return for each tab when it came into a room, and when its connection ended."""
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for record in history.of_types(Joined, Closed, Fresh):
        if isinstance(record, Fresh):
            break  # then the run closes them
        if isinstance(record, Joined | Closed):
            found[record.tab].append((record.t, isinstance(record, Joined)))
    return found


def _present_from(presence: list[tuple[float, bool]], t: float) -> float | None:
    """Return the moment, not before `t`, from which on the tab was in a room; None when it did not come back."""
    before = [is_in for at, is_in in presence if at <= t]
    if before and before[-1]:
        return t
    return next((at for at, is_in in presence if at > t and is_in), None)


def converged(history: History) -> Iterator[Violation]:
    """Within the promised time after an outage everyone knows what was confirmed in it."""
    times = times_to_converge(history)
    for ended in history.all(FaultEnded):
        seconds = times[ended.number]
        if seconds is None or seconds > CONVERGED_WITHIN_SECONDS:
            found = "never" if seconds is None else f"after {seconds:.1f} s"
            yield Violation("convergence", ended.t, f"{found} after {ended.fault}")


def leaked(history: History) -> Iterator[Violation]:
    """A person who lost access gets nothing that the server made later than a second after, and can write nothing."""
    writes = writes_of(history)
    for revoked in history.all(Revoked):
        deadline = _deadline(history, revoked)
        for record in history.of_types(Joined, Heard, Delta, Noted):
            if not isinstance(record, Joined | Heard | Delta | Noted) or record.sent <= deadline:
                continue
            if record.tab in revoked.tabs and revoked.room in ("", record.room):
                kind = getattr(record, "type", type(record).__name__)
                late = record.sent - revoked.t
                yield Violation("leak", record.t, f"{record.tab} got {kind} {late:.2f} s after: {revoked.what}")
        for write in writes.values():
            accepted, invoked = write.accepted, write.invoked
            concerned = invoked.tab in revoked.tabs and revoked.room in ("", invoked.room)
            if concerned and invoked.t > deadline and accepted is not None:
                yield Violation("leak", accepted.t, f"{invoked.tab} could write {write.op} after: {revoked.what}")


def _deadline(history: History, revoked: Revoked) -> float:
    """Return when the access must have ended: with another fault in the way, when everyone must have converged."""
    if revoked.within:
        return revoked.t + revoked.within
    deadline = revoked.t + REVOKED_WITHIN_SECONDS
    names = {each.what for each in history.all(Revoked)}
    ends = {ended.number: ended.t for ended in history.all(FaultEnded)}
    for began in history.all(FaultBegan):
        end = ends.get(began.number, float("inf"))
        if began.fault not in names and began.t < deadline and end > revoked.t:
            deadline = max(deadline, end + CONVERGED_WITHIN_SECONDS)
    return deadline


def streams_equal(history: History) -> Iterator[Violation]:
    """A reply ends in exactly one state; its words are the same for everyone, and the words heard are those kept."""
    words: dict[tuple[str, int, int], dict[int, str]] = defaultdict(dict)
    last: dict[tuple[int, str, int, int], int] = {}
    for delta in history.all(Delta):
        key = (delta.message, delta.version, delta.attempt)
        if words[key].setdefault(delta.n, delta.text) != delta.text:
            yield Violation("streams", delta.t, f"{delta.tab} heard other words as number {delta.n} of {key}")
        heard = (delta.connection, *key)
        if delta.n <= last.get(heard, 0):
            yield Violation("streams", delta.t, f"{delta.tab} heard number {delta.n} of {key} after {last[heard]}")
        last[heard] = delta.n
    for fresh in history.all(Fresh):
        for row in fresh.rows:
            if not row.reply:
                continue
            if row.reply not in ENDS:
                yield Violation("streams", fresh.t, f"the reply {row.id} has never ended: {row.reply}")
            said = words.get((row.id, 1, 1), {})
            heard_text = "".join(said.get(n, "") for n in range(1, max(said, default=0) + 1))
            is_whole = set(said) == set(range(1, max(said, default=0) + 1))
            # A killed process takes its last words with it: what is kept may be a little shorter than what was heard.
            short, long = sorted((heard_text, row.content), key=len)
            if is_whole and (
                not long.startswith(short) or (row.reply == "complete" and len(heard_text) > len(row.content))
            ):
                yield Violation("streams", fresh.t, f"of {row.id}, {heard_text!r} was heard, {row.content!r} is kept")
