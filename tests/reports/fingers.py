"""What a finger does to messages on a phone, by where the message stands and what was touched before."""

from typing import NamedTuple


class Tap(NamedTuple):
    action: str  # of the toolbar
    place: (
        str  # where the message stands: "last", "first" under the head, "long" beyond the screen, "continued", "narrow"
    )
    why: str


TAPS = (
    Tap("react", "last", "the example: tap a message, tap React"),
    Tap("react", "first", "no room above the message for a toolbar"),
    Tap("react", "long", "the message begins above the screen"),
    Tap("reply", "last", "reply"),
    Tap("reply", "long", "reply to what begins above the screen"),
    Tap("edit", "last", "edit"),
    Tap("edit", "continued", "edit a message that joins the one above"),
    Tap("link", "last", "copy the link"),
    Tap("unread", "first", "mark unread"),
    Tap("delete", "last", "delete, and undo"),
    Tap("delete", "continued", "delete a message that joins the one above"),
    Tap("reply", "narrow", "a phone of 320 px"),
    Tap("delete", "narrow", "the last button on a phone of 320 px"),
)


class Press(NamedTuple):
    key: str
    coarse: bool
    sends: bool
    why: str


# In the composer and in each editor of a message: one rule.
PRESSES = (
    Press("Enter", False, True, "a keyboard beside a mouse"),
    Press("Shift+Enter", False, False, "a new line"),
    Press("Alt+Enter", False, False, "belongs to the system"),
    Press("Control+Enter", False, True, "habit of other programs"),
    Press("Enter", True, False, "a phone has no Shift+Enter"),
    Press("Shift+Enter", True, False, "a keyboard on a tablet"),
    Press("Control+Enter", True, True, "a keyboard on a tablet"),
)
