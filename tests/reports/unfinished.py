"""What is being written in a room, and ways to leave the room and come back to it: nothing is lost."""

from typing import NamedTuple


class Leaving(NamedTuple):
    what: str
    way: str  # "sidebar" and back, browser "history", "twice" over a third room, by a "reload", while the server is "down"
    why: str


LEAVINGS = (
    Leaving("file", "sidebar", "the example: an uploaded file"),
    Leaving("file", "history", "by the browser's own buttons"),
    Leaving("file", "twice", "over two other rooms"),
    Leaving("file", "down", "without a connection"),
    Leaving("two files", "sidebar", "their order"),
    Leaving("two files", "reload", "the text stays, and so do uploaded files"),
    Leaving("uploading", "sidebar", "a file that is on its way goes on"),
    Leaving("failed", "sidebar", "a file that failed can be tried again"),
    Leaving("reply", "sidebar", "the message that is replied to"),
    Leaving("reply", "history", "the message that is replied to"),
    Leaving("edit", "sidebar", "a message that is being changed"),
    Leaving("edit", "down", "a message that is being changed, without a connection"),
    Leaving("prompt", "sidebar", "a prompt that waits, and is being changed"),
)


class Copy(NamedTuple):
    """A tab with an uploaded file, and a copy of it. left, right: how many files the first and the copy show then."""

    then: str
    left: int
    right: int
    why: str


COPIES = (
    Copy("nothing", 1, 0, "the file stays where it was added"),
    Copy("reload the copy", 1, 0, "the copy has forgotten it"),
    Copy("reload the first", 1, 0, "the first still has it"),
    Copy("add to the copy", 1, 1, "a file of the copy's own"),
    Copy("send the first", 0, 0, "sent once"),
    Copy("remove in the first", 0, 0, "removed once"),
    Copy("a copy of the copy", 1, 0, "a third tab"),
    Copy("another room in the copy", 1, 0, "back from another room"),
)
