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
    Leaving("reply", "sidebar", "the message that is answered"),
    Leaving("reply", "history", "the message that is answered"),
    Leaving("edit", "sidebar", "a message that is being changed"),
    Leaving("edit", "down", "a message that is being changed, without a connection"),
    Leaving("prompt", "sidebar", "a prompt that waits, and is being changed"),
)
