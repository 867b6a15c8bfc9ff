"""Each rule finds what it is there for, in a history written by hand, and nothing in one where all went well."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.faults.checker import check
from tests.faults.history import (
    Closed,
    Delta,
    Exited,
    FaultBegan,
    FaultEnded,
    Fresh,
    Heard,
    History,
    Invoked,
    JoinAsked,
    Joined,
    Memory,
    Opened,
    Record,
    Recorder,
    Responded,
    Revoked,
    Row,
    RunBegan,
    Sent,
    Stored,
    read,
)

ROOM = "room"
MB = 1_000_000


class Story:
    """A run in which alice writes and bob reads, until a test changes what happened."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.t = 0.0
        self.rows: dict[str, Row] = {}

    def add(self, make: Callable[..., Record], **facts: Any) -> None:
        self.t = round(self.t + 0.1, 3)
        self.records.append(make(t=self.t, **facts))

    def begin(self) -> None:
        self.add(RunBegan, profile="by hand", seed=1, faults=["a fault"])
        self.add(Memory, process="server", bytes=100 * MB)
        for number, tab in enumerate(("alice", "bob"), 1):
            self.open(tab, number, change=0, after=None)

    def open(self, tab: str, connection: int, change: int, after: int | None, rows: list[Row] | None = None) -> None:
        self.add(Opened, tab=tab, user=tab, connection=connection)
        self.add(JoinAsked, tab=tab, connection=connection, room=ROOM, after=after)
        self.joined(tab, connection, change, rows or [])

    def joined(self, tab: str, connection: int, change: int, rows: list[Row], **facts: Any) -> None:
        base = {"reset": False, "sent": self.t, **facts}
        self.add(Joined, tab=tab, connection=connection, room=ROOM, change=change, rows=rows, **base)

    def ask(self, op: str, type: str = "create_message", tab: str = "alice", **facts: Any) -> None:
        self.add(Invoked, op=op, tab=tab, user=tab, type=type, room=ROOM, **{"content": op, **facts})
        self.add(Sent, op=op, connection=1)

    def respond(self, op: str, change: int, message: str = "", **facts: Any) -> None:
        self.add(Responded, op=op, connection=1, **{"message": message or op, "seq": change, "change": change, **facts})

    def row(self, op: str, change: int, **facts: Any) -> Row:
        row = Row(**{"id": op, "seq": change, "change": change, "author": "alice", "content": op, **facts})
        row.client_id = facts.get("client_id", op)
        self.rows[row.id] = row
        return row

    def hear(self, row: Row, tabs: tuple[tuple[str, int], ...] = (("alice", 1), ("bob", 2)), **facts: Any) -> None:
        for tab, connection in tabs:
            base = {"type": "new_message", "sent": self.t, **facts}
            self.add(Heard, tab=tab, connection=connection, room=ROOM, row=row, **base)

    def post(self, op: str, change: int) -> None:
        """A message as it should go."""
        self.ask(op)
        self.respond(op, change)
        self.hear(self.row(op, change))

    def fault(self, number: int = 1) -> None:
        """A fault in which a write is sent twice."""
        self.add(FaultBegan, fault="a fault", number=number)
        self.ask(f"in {number}")
        self.add(Sent, op=f"in {number}", connection=1)
        self.respond(f"in {number}", 0, code="REQUEST_FAILED")
        self.respond(f"in {number}", 0, code="REQUEST_FAILED")
        self.add(FaultEnded, fault="a fault", number=number, proof="seen")

    def end(self) -> History:
        self.records = [record for record in self.records if not isinstance(record, Stored | Fresh)]
        rows = sorted(self.rows.values(), key=lambda row: row.seq)
        self.add(Stored, room=ROOM, rows=[Row(r.id, r.seq, r.change, r.kind, "", r.content, r.client_id) for r in rows])
        self.add(Fresh, room=ROOM, rows=rows)
        return History(self.records)


def good_story() -> Story:
    """Two messages, a fault, bob coming back after it."""
    story = Story()
    story.begin()
    story.post("first", 1)
    story.fault()
    story.add(Closed, tab="bob", connection=2, code=1006)
    story.ask("second")
    story.respond("second", 2)
    second = story.row("second", 2)
    story.hear(second, (("alice", 1),))
    story.open("bob", 3, change=2, after=1, rows=[second])
    return story


def rules_of(story: Story) -> set[str]:
    return {found.rule for found in check(story.end())}


def test_nothing_is_found_where_all_went_well() -> None:
    assert check(good_story().end()) == []


def test_a_history_can_be_read_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl")
    recorder.add(FaultBegan, fault="kill", number=1)
    recorder.add(Heard, sent=0.5, tab="a", connection=1, room=ROOM, type="new_message", row=Row("1", 1, 1))
    recorder.close()
    began, heard = read(recorder.path)
    assert isinstance(began, FaultBegan) and began.fault == "kill"
    assert isinstance(heard, Heard) and heard.row == Row("1", 1, 1)


def test_a_confirmed_message_without_a_row_is_lost() -> None:
    story = good_story()
    story.ask("third")
    story.respond("third", 3)
    assert "lost" in rules_of(story)


def test_a_confirmed_message_at_another_place_is_lost() -> None:
    story = good_story()
    story.ask("third")
    story.respond("third", 3)
    story.hear(story.row("third", 4))
    assert "lost" in rules_of(story)


def edited(story: Story, content: str) -> None:
    story.ask("e", "edit_message", message="first", content="new text")
    story.respond("e", 3, message="first")
    row = story.row("first", 1, client_id="first", content=content)
    row.change = 3
    story.hear(row, (("alice", 1), ("bob", 3)))


def test_a_confirmed_edit_that_left_no_trace_is_lost() -> None:
    story = good_story()
    edited(story, "new text")
    assert check(story.end()) == []
    story = good_story()
    edited(story, "first")
    assert rules_of(story) == {"lost"}


def test_an_edit_without_a_response_may_win_later() -> None:
    story = good_story()
    story.ask("maybe", "edit_message", message="first", content="late text")
    story.add(Sent, op="maybe", connection=2)
    story.respond("maybe", 0, code="REQUEST_FAILED")
    edited(story, "late text")
    assert check(story.end()) == []


def test_a_deletion_that_left_no_trace_is_lost() -> None:
    story = good_story()
    story.ask("d", "delete_message", message="first", content="")
    story.respond("d", 1, message="first")
    assert rules_of(story) == {"lost"}


@pytest.mark.parametrize(("type_", "is_there", "is_lost"), [
    ("add_reaction", True, False), ("add_reaction", False, True),
    ("remove_reaction", False, False), ("remove_reaction", True, True),
])  # fmt: skip
def test_a_reaction_that_left_no_trace_is_lost(type_: str, is_there: bool, is_lost: bool) -> None:
    story = good_story()
    story.ask("r", type_, message="second", emoji="+", content="")
    story.respond("r", 3, message="second")
    row = story.row("second", 2, reactions=[("+", "alice")] if is_there else [])
    row.change = 3
    story.hear(row, (("alice", 1), ("bob", 3)))
    assert rules_of(story) == ({"lost"} if is_lost else set())


def test_a_write_without_a_response_is_found() -> None:
    story = good_story()
    story.ask("asked")
    story.respond("asked", 0, code="UNAVAILABLE", is_final=False)
    assert rules_of(story) == {"no response"}


def test_what_nobody_wrote_is_unexpected() -> None:
    story = good_story()
    story.hear(story.row("nobody's", 3), (("alice", 1), ("bob", 3)))
    assert rules_of(story) == {"unexpected"}


def test_what_was_refused_and_stored_is_unexpected() -> None:
    story = good_story()
    story.ask("refused")
    story.respond("refused", 0, code="REQUEST_FAILED")
    story.hear(story.row("refused", 3), (("alice", 1), ("bob", 3)))
    assert rules_of(story) == {"unexpected"}


def test_what_was_heard_and_is_not_stored_is_unexpected() -> None:
    story = good_story()
    story.ask("rolled back")
    story.hear(story.row("rolled back", 3), (("alice", 1), ("bob", 3)))
    del story.rows["rolled back"]
    assert "unexpected" in rules_of(story)


@pytest.mark.parametrize("client_id", ["third", ""])
def test_a_write_with_two_rows_is_duplicated(client_id: str) -> None:
    story = good_story()
    story.ask("third")
    story.respond("third", 3)
    story.hear(story.row("third", 3), (("alice", 1), ("bob", 3)))
    twin = story.row("twin", 4, content="third", client_id=client_id)
    story.hear(twin, (("alice", 1), ("bob", 3)))
    assert rules_of(story) == {"duplicated"}


def test_an_event_heard_twice_is_duplicated() -> None:
    story = good_story()
    story.hear(story.rows["second"], (("bob", 3),))
    assert rules_of(story) == {"duplicated"}


def test_two_responses_to_one_request_are_duplicated() -> None:
    story = good_story()
    story.respond("second", 2)
    assert rules_of(story) == {"duplicated"}


def test_a_gap_on_a_connection_is_out_of_order() -> None:
    story = good_story()
    for op, change in (("third", 3), ("fourth", 4)):
        story.ask(op)
        story.respond(op, change)
        story.hear(story.row(op, change), (("alice", 1),))
    story.hear(story.rows["fourth"], (("bob", 3),))
    assert rules_of(story) == {"order", "convergence"}


def test_two_tabs_with_another_order_are_out_of_order() -> None:
    story = good_story()
    story.ask("third")
    story.respond("third", 3)
    row = story.row("third", 3)
    story.hear(row, (("alice", 1),))
    story.hear(Row("other", 3, 3, content="third", author="alice"), (("bob", 3),))
    assert "order" in rules_of(story)


def test_a_later_write_before_an_earlier_one_is_out_of_real_time_order() -> None:
    story = good_story()
    story.ask("third")
    story.respond("third", 4)
    story.ask("fourth")
    story.respond("fourth", 3)
    for op, change in (("fourth", 3), ("third", 4)):
        story.hear(story.row(op, change), (("alice", 1), ("bob", 3)))
    assert rules_of(story) == {"real-time order"}


def test_joining_before_what_was_confirmed_is_out_of_real_time_order() -> None:
    story = good_story()
    story.add(Closed, tab="bob", connection=3, code=1006)
    story.open("bob", 4, change=1, after=1)
    story.hear(story.rows["second"], (("bob", 4),))
    assert rules_of(story) == {"real-time order"}


@pytest.mark.parametrize(("seconds", "found"), [(3.0, set()), (6.0, {"catch-up"})])
def test_who_comes_back_must_be_told_even_of_what_changes_again_later(seconds: float, found: set[str]) -> None:
    story = good_story()
    story.add(Closed, tab="bob", connection=3, code=1006)
    joined_at = 0.0
    for op, change in (("e3", 3), ("e4", 4)):
        story.ask(op, "edit_message", message="second")
        story.respond(op, change, message="second")
        row = story.row("second", 2, content=op)
        row.change = change
        if change == 3:
            story.hear(row, (("alice", 1),))
            story.open("bob", 4, change=3, after=2, rows=[])
            joined = story.records[-1]
            assert isinstance(joined, Joined)
            joined_at = joined.sent
        else:
            story.hear(row, (("alice", 1), ("bob", 4)), sent=joined_at + seconds)
    assert rules_of(story) == found


def test_a_tab_that_shows_something_else_in_the_end_has_not_converged() -> None:
    story = good_story()
    edited(story, "new text")
    story.records = [r for r in story.records if not (isinstance(r, Heard) and r.connection == 3)]
    assert "convergence" in rules_of(story)


def test_a_tab_that_is_away_in_the_end_has_not_converged() -> None:
    story = good_story()
    story.add(Closed, tab="bob", connection=3, code=1006)
    assert rules_of(story) == {"convergence"}


def test_catching_up_late_is_not_converging() -> None:
    story = Story()
    story.begin()
    story.ask("first")
    story.respond("first", 1)
    row = story.row("first", 1)
    story.hear(row, (("alice", 1),))
    story.add(Closed, tab="bob", connection=2, code=1006)
    story.fault()
    story.t += 14
    story.open("bob", 3, change=1, after=0, rows=[row])
    assert check(story.end()) == []
    story.records = [r for r in story.records if not (isinstance(r, Record) and r.t > 14)]
    story.t += 2
    story.open("bob", 3, change=1, after=0, rows=[row])
    assert rules_of(story) == {"convergence"}


@pytest.mark.parametrize(("seconds", "found"), [(14, set()), (16, {"convergence"})])
def test_a_response_that_comes_long_after_an_outage_is_found(seconds: float, found: set[str]) -> None:
    story = good_story()
    story.ask("third")
    story.add(FaultBegan, fault="another", number=2)
    story.ask("fourth")
    story.add(FaultEnded, fault="another", number=2, proof="seen")
    story.t += seconds
    for change, op in enumerate(("third", "fourth"), 3):
        story.respond(op, change)
        story.hear(story.row(op, change), (("alice", 1), ("bob", 3)))
    assert rules_of(story) == found


def revoked(heard_after: float, room: str = ROOM) -> Story:
    """Bob loses access; alice goes on; a frame for him was made so many seconds later."""
    story = good_story()
    story.add(FaultBegan, fault="revocation", number=2)
    story.add(Revoked, what="revocation", user="bob", tabs=["bob"], room=room)
    at = story.t
    story.ask("third")
    story.respond("third", 3)
    third = story.row("third", 3)
    story.hear(third, (("alice", 1),), sent=at + 1.5)
    story.hear(third, (("bob", 3),), sent=at + heard_after)
    story.add(FaultEnded, fault="revocation", number=2, proof="removed")
    return story


@pytest.mark.parametrize("room", [ROOM, ""])
def test_what_is_heard_a_second_after_losing_access_is_a_leak(room: str) -> None:
    assert rules_of(revoked(0.9, room)) == set()
    assert rules_of(revoked(1.2, room)) == {"leak"}


def test_a_revocation_with_its_own_time_is_judged_by_it_whatever_else_is_in_the_way() -> None:
    """Without Redis it takes longer, and not as long as it takes everyone to recover from the outage."""
    for heard_after, found in ((3.9, set[str]()), (4.1, {"leak"})):
        story = revoked(heard_after)
        story.records = [
            msgspec.structs.replace(record, within=4.0) if isinstance(record, Revoked) else record
            for record in story.records
        ]
        story.records = [
            msgspec.structs.replace(record, fault="revocation without Redis")
            if isinstance(record, FaultBegan | FaultEnded) and record.fault == "revocation"
            else record
            for record in story.records
        ]
        assert rules_of(story) == found


def test_writing_a_second_after_losing_access_is_a_leak() -> None:
    story = revoked(0.5)
    story.t += 2
    story.ask("fourth", tab="bob")
    story.respond("fourth", 4)
    story.hear(story.row("fourth", 4), (("alice", 1),))
    assert rules_of(story) == {"leak"}


def test_a_fault_in_the_way_of_a_revocation_gives_it_until_its_end() -> None:
    story = revoked(1.2)
    story.records[-5:-5] = [FaultBegan(story.t - 0.5, "redis away", 3)]
    story.ask("tried")
    story.add(Sent, op="tried", connection=1)
    story.respond("tried", 0, code="REQUEST_FAILED")
    story.add(FaultEnded, fault="redis away", number=3, proof="away")
    assert rules_of(story) == set()


def with_reply(said: list[tuple[int, str]], content: str, state: str = "complete") -> Story:
    story = good_story()
    for n, text in said:
        for tab, connection in (("alice", 1), ("bob", 3)):
            facts = {"room": ROOM, "message": "reply", "version": 1, "attempt": 1, "n": n, "text": text}
            story.add(Delta, sent=story.t, tab=tab, connection=connection, **facts)
    row = story.row("reply", 3, content=content, reply=state, client_id="")
    story.hear(row, (("alice", 1), ("bob", 3)))
    return story


def test_the_words_heard_are_the_words_kept() -> None:
    assert rules_of(with_reply([(1, "You "), (2, "said")], "You said")) == set()
    assert rules_of(with_reply([(1, "You "), (2, "said so")], "You", "interrupted")) == set()
    assert rules_of(with_reply([(1, "You "), (2, "said so")], "You said")) == {"streams"}
    assert rules_of(with_reply([(1, "You "), (2, "meant")], "You said")) == {"streams"}
    assert rules_of(with_reply([(2, "said"), (1, "You ")], "You said")) == {"streams"}


def test_a_reply_that_never_ends_breaks_its_promise() -> None:
    assert rules_of(with_reply([(1, "You ")], "", "queued")) == {"streams"}


def test_tabs_that_heard_other_words_are_found() -> None:
    story = with_reply([(1, "You said")], "You said")
    facts = {"room": ROOM, "message": "reply", "version": 1, "attempt": 1, "n": 1, "text": "I said"}
    story.add(Delta, sent=story.t, tab="carol", connection=9, **facts)
    assert rules_of(story) == {"streams"}


def test_a_process_that_grows_without_bound_is_found() -> None:
    story = good_story()
    story.add(Memory, process="server", bytes=200 * MB)
    assert check(story.end()) == []
    story.add(Memory, process="server", bytes=400 * MB)
    assert rules_of(story) == {"memory"}


@pytest.mark.parametrize(("seconds", "code"), [(11.0, 0), (2.0, 1), (30.0, None)])
def test_a_process_that_does_not_end_in_order_is_found(seconds: float, code: int | None) -> None:
    story = good_story()
    story.add(Exited, process="server", seconds=seconds, code=code)
    assert rules_of(story) == {"drain"}


@pytest.mark.parametrize(("seconds", "found"), [(4, set()), (6, {"absence"})])
def test_who_is_away_for_long_in_a_rolling_restart_is_found(seconds: float, found: set[str]) -> None:
    story = good_story()
    story.add(FaultBegan, fault="rolling restart", number=2)
    story.add(Closed, tab="bob", connection=3, code=1012)
    story.ask("third")
    story.respond("third", 3)
    third = story.row("third", 3)
    story.hear(third, (("alice", 1),))
    story.t += seconds
    story.open("bob", 4, change=3, after=2, rows=[third])
    story.add(FaultEnded, fault="rolling restart", number=2, proof="other pids")
    assert rules_of(story) == found


@pytest.mark.parametrize(
    "without",
    [
        lambda r: isinstance(r, FaultBegan | FaultEnded),
        lambda r: isinstance(r, FaultEnded),
        lambda r: isinstance(r, Invoked | Sent | Responded) and r.op == "in 1",
        lambda r: isinstance(r, Memory),
        lambda r: isinstance(r, Closed) or (isinstance(r, Opened | JoinAsked | Joined) and r.connection == 3),
    ],
    ids=["no fault", "no end", "no write in the fault", "no memory", "no one came back"],
)
def test_a_run_that_proves_nothing_is_found(without: Callable[[Record], bool]) -> None:
    story = good_story()
    story.records = [record for record in story.records if not without(record)]
    assert "vacuous" in rules_of(story)


def test_a_fault_that_nothing_shows_is_found() -> None:
    story = good_story()
    for record in story.records:
        if isinstance(record, FaultEnded):
            record.proof = ""
    assert rules_of(story) == {"vacuous"}


@pytest.mark.parametrize(
    ("listeners", "found"), [(["bob"], set()), (["bob", "carol"], {"vacuous"}), (["alice"], {"vacuous"})]
)
def test_who_listens_must_have_heard_something_and_one_of_them_have_come_back(
    listeners: list[str], found: set[str]
) -> None:
    """Bob heard something and came back, alice only heard, carol did not even that."""
    story = good_story()
    for record in story.records:
        if isinstance(record, RunBegan):
            record.listeners = listeners
    assert rules_of(story) == found


def test_a_leak_is_only_looked_for_where_each_tab_had_heard_something() -> None:
    story = revoked(0.9)
    for record in story.records:
        if isinstance(record, Revoked):
            record.tabs.append("bob's other tab")
    assert rules_of(story) == {"vacuous"}
