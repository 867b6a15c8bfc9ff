"""Reports about names that only a mouse could read. The kind: what a page says in a `title` alone, a finger and the keys of
a keyboard never see.
"""

from typing import Final, NamedTuple


class Look(NamedTuple):
    """how: what is done to the reaction. shows: whether it tells the names. toggles: whether it reacts, too."""

    how: str
    shows: bool
    toggles: bool
    why: str


FINGER: Final = (
    Look("rest", True, False, "a finger that rests on it"),
    Look("rest, a little unsteady", True, False, "a finger is never quite still"),
    Look("rest, and once more", True, False, "a finger that rests on it a second time, when the message has the focus"),
    Look("tap", False, True, "a tap reacts, as before"),
    Look("scroll", False, False, "a finger that scrolls from there"),
    Look("rest on the text", False, False, "elsewhere a long press is the system's"),
)
KEYS: Final = (
    Look("Tab", True, False, "the keyboard comes to it"),
    Look("Tab, Escape", False, False, "Escape takes the names away"),
    Look("Tab, Tab", False, False, "the keyboard goes on"),
    Look("Tab, Space", True, True, "the names after one has joined in"),
)
