"""What the run itself must have been: bounded in memory, and not empty of what it claims to prove."""

from collections.abc import Iterator
from typing import Final

from tests.faults.history import (
    Exited,
    FaultBegan,
    FaultEnded,
    Heard,
    History,
    Invoked,
    JoinAsked,
    Joined,
    Memory,
    Revoked,
    RunBegan,
)
from tests.faults.rules.delivery import REVOKED_WITHIN_SECONDS
from tests.faults.rules.violation import Violation
from tests.faults.rules.writes import writes_of

# 100 MB of it for a password that is being hashed.
GROWTH_BYTES_AT_MOST: Final = 250_000_000
DRAINED_WITHIN_SECONDS: Final = 10.0


def memory_bounded(history: History) -> Iterator[Violation]:
    """No process grows by more than so much over what it took when it was ready."""
    first: dict[str, int] = {}
    for memory in history.all(Memory):
        grown = memory.bytes - first.setdefault(memory.process, memory.bytes)
        if grown > GROWTH_BYTES_AT_MOST:
            yield Violation("memory", memory.t, f"{memory.process} has grown by {grown / 1e6:.0f} MB")
    if not first:
        yield Violation("vacuous", 0.0, "no one has measured the memory")


def drained(history: History) -> Iterator[Violation]:
    """A process that is told to end does so in good order, in the time that deployments wait."""
    for exited in history.all(Exited):
        if exited.code != 0 or exited.seconds > DRAINED_WITHIN_SECONDS:
            yield Violation(
                "drain", exited.t, f"{exited.process} ended after {exited.seconds:.1f} s with {exited.code}"
            )


def not_vacuous(history: History) -> Iterator[Violation]:
    """Each fault really happened and writes were tried in it; tabs came back and caught up; writes were sent again."""
    ended = {each.number: each for each in history.all(FaultEnded)}
    invoked = history.all(Invoked)
    for began in history.all(FaultBegan):
        end = ended.get(began.number)
        if end is None:
            yield Violation("vacuous", began.t, f"{began.fault} has not ended")
            continue
        if not end.proof:
            yield Violation("vacuous", began.t, f"nothing shows that {began.fault} happened")
        if not any(began.t <= each.t <= end.t for each in invoked):
            yield Violation("vacuous", began.t, f"no one tried to write in {began.fault}")
    happened = {each.fault for each in history.all(FaultEnded)}
    for run in history.all(RunBegan):
        for fault in sorted(set(run.faults) - happened):
            yield Violation("vacuous", run.t, f"{fault} never happened")
    writes = writes_of(history).values()
    if not any(write.accepted for write in writes):
        yield Violation("vacuous", 0.0, "no write was ever confirmed")
    if not any(len(history_sends) > 1 for history_sends in (write.sends for write in writes)):
        yield Violation("vacuous", 0.0, "no write was ever sent again")
    if not any(asked.after is not None for asked in history.all(JoinAsked)):
        yield Violation("vacuous", 0.0, "no tab ever caught up")
    yield from _listeners_heard(history)
    yield from _revocations_shown(history)


def _listeners_heard(history: History) -> Iterator[Violation]:
    """Server-sent events are only tested where some came, and where they went on after an interruption."""
    listeners = {name for run in history.all(RunBegan) for name in run.listeners}
    if not listeners:
        return
    for name in sorted(listeners - {heard.tab for heard in history.all(Heard)}):
        yield Violation("vacuous", 0.0, f"{name} heard nothing")
    joined = {(joined.connection, joined.room) for joined in history.all(Joined)}
    asked = [asked for asked in history.all(JoinAsked) if (asked.connection, asked.room) in joined]
    if not any(each.tab in listeners and each.after is not None for each in asked):
        yield Violation("vacuous", 0.0, "no listener ever came back with the last id that it had heard")


def _revocations_shown(history: History) -> Iterator[Violation]:
    """A leak can only be seen where there was something to hear, before and afterwards."""
    for revoked in history.all(Revoked):
        for tab in set(revoked.tabs) - {heard.tab for heard in history.all(Heard) if heard.t < revoked.t}:
            yield Violation("vacuous", revoked.t, f"{tab} heard nothing before: {revoked.what}")
        rooms = {heard.room for heard in history.all(Heard) if heard.tab in revoked.tabs} & (
            {revoked.room} if revoked.room else {heard.room for heard in history.all(Heard)}
        )
        later = (heard for heard in history.all(Heard) if heard.sent > revoked.t + REVOKED_WITHIN_SECONDS)
        if not any(heard.room in rooms for heard in later):
            yield Violation("vacuous", revoked.t, f"there was nothing to leak afterwards: {revoked.what}")
