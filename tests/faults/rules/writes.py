"""The writes of a history, each with all its sends and responses."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from tests.faults.history import History, Invoked, Responded, Sent

CREATES: Final = frozenset({"create_message", "execute"})

# After these the database may or may not have committed: the word of it may have got lost on the way.
UNKNOWN: Final = frozenset({"UNAVAILABLE", "INTERNAL_ERROR"})


@dataclass
class Write:
    invoked: Invoked
    sends: list[Sent] = field(default_factory=list)
    responses: list[Responded] = field(default_factory=list)

    @property
    def op(self) -> str:
        return self.invoked.op

    @property
    def creates(self) -> bool:
        return self.invoked.type in CREATES

    @property
    def accepted(self) -> Responded | None:
        """Return the first response that said: done."""
        return next((response for response in self.responses if not response.code), None)

    @property
    def responded_at(self) -> float | None:
        """Return when the tab had its final response."""
        return next((response.t for response in self.responses if response.is_final), None)

    @property
    def is_open(self) -> bool:
        """Whether it may have taken, or may yet take, effect without a response that says so."""
        if len(self.sends) > len(self.responses):
            return True
        return self.accepted is None and any(response.code in UNKNOWN for response in self.responses)


def writes_of(history: History) -> dict[str, Write]:
    writes = {invoked.op: Write(invoked) for invoked in history.all(Invoked)}
    for sent in history.all(Sent):
        writes[sent.op].sends.append(sent)
    for response in history.all(Responded):
        writes[response.op].responses.append(response)
    return writes


def by_message(writes: dict[str, Write]) -> dict[str, list[Write]]:
    """Return the writes about each message: its creation first, then the others as they were invoked."""
    found: dict[str, list[Write]] = defaultdict(list)
    for write in writes.values():
        accepted = write.accepted
        if write.creates:
            if accepted is not None:
                found[accepted.message].insert(0, write)
        else:
            found[write.invoked.message].append(write)
    return found
