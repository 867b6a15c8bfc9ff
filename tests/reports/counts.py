"""Reports about badges. The kind: counts only grew, because tabs are told what to add and never what to take away.

Each case is what alice (an owner) does while bob's tab has listed its rooms and not joined this one. Right is what the tab
shows at the end when it follows docs/protocol.md, and how often it was told that someone has named bob.
"""

from typing import NamedTuple


class Step(NamedTuple):
    """post: a text. edit: message number `at` to a text. delete: message number `at`. read: bob reads number `at`."""

    what: str
    text: str = ""
    at: int = -1
    by: str = "alice"


class Case(NamedTuple):
    kind: str
    steps: tuple[Step, ...]
    unread: int
    mentions: int
    told: int = 0


def _post(text: str, by: str = "alice") -> Step:
    return Step("post", text, by=by)


def _edit(at: int, text: str, by: str = "alice") -> Step:
    return Step("edit", text, at, by)


def _delete(at: int, by: str = "alice") -> Step:
    return Step("delete", at=at, by=by)


_READ_FIRST = Step("read", at=0)

CASES: tuple[Case, ...] = (
    Case("a deleted message is not unread", (_post("one"), _delete(0)), 0, 0),
    Case("a deleted mention is none", (_post("hey @bob"), _delete(0)), 0, 0, told=1),
    Case("a mention edited out is none, the message stays", (_post("hey @bob"), _edit(0, "hey")), 1, 0, told=1),
    Case("a mention edited in is one, and is told", (_post("hey"), _edit(0, "hey @bob")), 1, 1, told=1),
    Case("edited out and in again", (_post("@bob"), _edit(0, "x"), _edit(0, "y @bob")), 1, 1, told=2),
    Case("an edit beside the mention tells nothing", (_post("@bob a"), _edit(0, "@bob b")), 1, 1, told=1),
    Case("one of two mentions of one person", (_post("@bob @bob"), _edit(0, "@bob")), 1, 1, told=1),
    Case("another person's mention edited in", (_post("a"), _edit(0, "a @alice")), 1, 0),
    Case("one of three", (_post("a"), _post("b"), _post("c"), _delete(1)), 2, 0),
    Case("all of three", (_post("a"), _post("b"), _post("c"), _delete(0), _delete(1), _delete(2)), 0, 0),
    Case("posted after a deletion", (_post("a"), _delete(0), _post("b"), _post("c @bob")), 2, 1, told=1),
    Case("deleted twice", (_post("a"), _post("b"), _delete(0), _delete(0)), 1, 0),
    Case("read, then deleted", (_post("a"), _READ_FIRST, _post("b"), _delete(0)), 1, 0),
    Case("one's own message that a moderator deletes", (_post("mine", by="bob"), _post("a"), _delete(0)), 1, 0),
    Case("a mention edited in behind the read cursor", (_post("a"), _READ_FIRST, _edit(0, "@bob")), 0, 0, told=1),
    Case("an edit in a room read before", (_post("a @bob"), _READ_FIRST, _edit(0, "a")), 0, 0, told=1),
    Case("a mention in a script without spaces", (_post("你好"), _edit(0, "你好 @bob ！")), 1, 1, told=1),
    Case("a name in capitals", (_post("a"), _edit(0, "@BOB")), 1, 1, told=1),
    Case("deleted beyond a hundred", (*(_post(f"n{n}") for n in range(103)), _delete(0)), 100, 0),
    Case("deleted down below a hundred", (*(_post(f"n{n}") for n in range(101)), _delete(3), _delete(5)), 99, 0),
)
