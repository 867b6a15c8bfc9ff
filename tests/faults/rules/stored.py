"""Lost, unexpected, duplicated: what was confirmed against what the database has in the end."""

from collections import defaultdict
from collections.abc import Iterator

from tests.faults.history import Fresh, Heard, History, Row, Stored
from tests.faults.rules.violation import Violation
from tests.faults.rules.writes import Write, by_message, writes_of


def lost(history: History) -> Iterator[Violation]:
    """What was confirmed is there in the end, unless a later write, or one whose response was lost, undid it."""
    rows = _stored_rows(history)
    shown = {row.id: row for fresh in history.all(Fresh) for row in fresh.rows}
    writes = writes_of(history)
    about = by_message(writes)
    for write in writes.values():
        accepted = write.accepted
        if accepted is None:
            continue
        row = rows.get(accepted.message)
        if row is None:
            yield Violation("lost", accepted.t, f"{write.op} was confirmed as message {accepted.message}: no such row")
        elif write.creates and (row.client_id, row.seq) != (write.op, accepted.seq):
            yield Violation(
                "lost", accepted.t, f"{write.op} was confirmed with seq {accepted.seq}, and the row is {row}"
            )
        elif row.change < accepted.change:
            yield Violation("lost", accepted.t, f"{write.op} made change {accepted.change}, the row has {row.change}")
    for message, some in about.items():
        if message in shown:
            yield from _undone(shown[message], some)


def _undone(row: Row, writes: list[Write]) -> Iterator[Violation]:
    deletions = [write for write in writes if write.invoked.type == "delete_message"]
    for write in deletions:
        if write.accepted is not None and not row.is_deleted:
            yield Violation("lost", write.accepted.t, f"{write.op} deleted message {row.id}, which is there")
    if row.is_deleted:
        return
    texts = [write for write in writes if write.creates or write.invoked.type == "edit_message"]
    newest = max((write for write in texts if write.accepted is not None), key=_change, default=None)
    # A frame that never got a response may be read from a dead connection's buffer at any later time.
    maybe = {write.invoked.content for write in texts if write.is_open}
    if newest is not None and newest.accepted and row.content not in {newest.invoked.content, *maybe}:
        yield Violation("lost", newest.accepted.t, f"{newest.op} wrote message {row.id}, which reads {row.content!r}")
    yield from _reactions_undone(row, writes)


def _change(write: Write) -> int:
    accepted = write.accepted
    assert accepted is not None
    return accepted.seq if write.creates else accepted.change


def _reactions_undone(row: Row, writes: list[Write]) -> Iterator[Violation]:
    """One tab owns each reaction and waits for its responses, so the last one confirmed decides."""
    registers: dict[tuple[str, str], list[Write]] = defaultdict(list)
    for write in writes:
        if write.invoked.type in ("add_reaction", "remove_reaction"):
            registers[write.invoked.emoji, write.invoked.user].append(write)
    for reaction, some in registers.items():
        accepted = [write for write in some if write.accepted is not None]
        if not accepted:
            continue
        allowed = {write.invoked.type == "add_reaction" for write in some if write.is_open or write is accepted[-1]}
        if (reaction in row.reactions) not in allowed:
            last = accepted[-1]
            yield Violation(
                "lost", last.invoked.t, f"{last.op} ({last.invoked.type}) left no trace on message {row.id}"
            )


def unexpected(history: History) -> Iterator[Violation]:
    """Nothing is stored, shown or confirmed that no one has written."""
    writes = writes_of(history)
    rows = _stored_rows(history)
    for row in rows.values():
        if row.kind == "text" and row.client_id:
            yield from _foreign(row, writes.get(row.client_id))
    for fresh in history.all(Fresh):
        for row in fresh.rows:
            beneath = rows.get(row.id)
            if beneath is None or (beneath.seq, beneath.change, beneath.content) != (row.seq, row.change, row.content):
                yield Violation("unexpected", fresh.t, f"a new tab is shown {row}, the database has {beneath}")
    texts = {write.invoked.content for write in writes.values()}
    for heard in history.all(Heard):
        row = heard.row
        if row.id not in rows:
            yield Violation("unexpected", heard.t, f"{heard.tab} heard of {row}, which is not in the database")
        elif row.kind == "text" and not row.reply and not row.is_deleted and row.content not in texts:
            yield Violation("unexpected", heard.t, f"{heard.tab} heard a text that no one has written: {row}")


def _foreign(row: Row, write: Write | None) -> Iterator[Violation]:
    if write is None or not write.creates:
        yield Violation("unexpected", 0.0, f"no one has written {row}")
    elif not write.sends:
        yield Violation("unexpected", write.invoked.t, f"{write.op} was stored before it was sent")
    elif write.accepted is None and not write.is_open:
        yield Violation("unexpected", write.invoked.t, f"{write.op} was refused each time, and stored")


def duplicated(history: History) -> Iterator[Violation]:
    """A write has one row, whatever number of times it was sent, and one identity in all its responses."""
    writes = writes_of(history)
    by_text = {write.invoked.content: write for write in writes.values() if write.creates}
    seen: dict[str, str] = {}
    for stored in history.all(Stored):
        for row in stored.rows:
            write = writes.get(row.client_id) or by_text.get(row.content)
            if write is None or row.kind != "text" or row.reply or (row.client_id and row.client_id != write.op):
                continue
            if write.op in seen:
                at = write.sends[-1].t if write.sends else 0.0
                yield Violation("duplicated", at, f"{write.op} is stored as {seen[write.op]} and as {row.id}")
            seen[write.op] = row.id
    for write in writes.values():
        ids = {response.message for response in write.responses if not response.code}
        if len(ids) > 1:
            yield Violation("duplicated", write.responses[-1].t, f"{write.op} was confirmed as {sorted(ids)}")


def _stored_rows(history: History) -> dict[str, Row]:
    return {row.id: row for stored in history.all(Stored) for row in stored.rows}
