"""Databases that were put back from a backup, in ways that a room's counter alone can't tell from going on."""

from typing import Final, NamedTuple


class Restore(NamedTuple):
    kind: str
    lost: int  # messages that a tab has seen, and that the backup lacks
    later: int  # messages that are posted after the restore, before the tab comes back
    how: str  # what happens to the server meanwhile: stopped, killed or running
    lost_is_edit: bool = False
    with_files: bool = False  # the uploads, and all that lies beside them, are put back too
    is_quick: bool = False  # all of it happens between two head checks, in which the mark stands still
    everywhere: bool = False  # tried with PostgreSQL and Redis, too, where what is remembered lies in Redis


RESTORES: Final = (
    Restore("two lost and three posted: the counter has passed the cursor", 2, 3, "stopped", everywhere=True),
    Restore("as many posted as lost: the counter is at the cursor", 2, 2, "stopped"),
    Restore("fewer posted than lost: the cursor lies in the future", 3, 1, "stopped"),
    Restore("nothing posted since", 1, 0, "stopped"),
    Restore("a crash just after the tab has seen it", 1, 2, "killed", everywhere=True),
    Restore("a crash, and many posted", 1, 20, "killed"),
    Restore("an edit is lost, and something else posted", 1, 2, "stopped", lost_is_edit=True),
    Restore("the files were put back with it", 2, 3, "stopped", with_files=True),
    Restore("the files were put back with it after a crash", 1, 1, "killed", with_files=True),
    Restore("under a running server", 2, 3, "running", everywhere=True),
    Restore("under a running server, and nothing posted", 1, 0, "running"),
    Restore("an edit is lost under a running server", 1, 2, "running", lost_is_edit=True, everywhere=True),
    Restore("between two head checks", 2, 3, "running", is_quick=True, everywhere=True),
    Restore("between two head checks, as many posted as lost", 2, 2, "running", is_quick=True),
    Restore("between two head checks, an edit", 1, 2, "running", lost_is_edit=True, is_quick=True),
)


class Past(NamedTuple):
    """What a process has published of a message, and what became of the row since. is_other: of another history."""

    kind: str
    row: dict[str, object] | None  # what the row says now instead; None: there is none
    is_other: bool


# The message was published at change 7, and edited then.
PASTS: Final = (
    Past("it stands there", {}, False),
    Past("it was edited since", {"change": 9, "edited_at": 2000}, False),
    Past("it was deleted since", {"change": 9, "deleted_at": 2000}, False),
    Past("someone has reacted since", {"change": 8}, False),
    Past("it is gone", None, True),
    Past("another one has its id", {"created_at": 5}, True),
    Past("another one has its id, and is newer", {"created_at": 5000, "change": 12}, True),
    Past("its edit is lost", {"change": 3, "edited_at": None}, True),
    Past("another edit took the place of the lost one", {"edited_at": 1500}, True),
    Past("a reaction took the place of the lost edit", {"edited_at": None}, True),
    Past("an earlier state of it", {"change": 6, "edited_at": 500}, True),
)
