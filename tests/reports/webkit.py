"""What Safari does otherwise, or did in versions that people still use: fields, and the reader's place in a room."""

from typing import NamedTuple


class Field(NamedTuple):
    place: str
    lines: int
    why: str


FIELDS = (
    Field("editor", 1, "one line"),
    Field("editor", 4, "the example: it stayed one line high"),
    Field("editor", 60, "higher than the screen: it scrolls"),
    Field("composer", 1, "one line"),
    Field("composer", 5, "the composer could do it before"),
    Field("queue", 4, "a prompt that waits"),
    Field("narrow", 1, "one long line that breaks on a phone"),
)


class History(NamedTuple):
    rows: int
    from_top: int  # pixels
    width: int
    why: str


HISTORIES = (
    History(60, 300, 1280, "the first page of older messages is the last: the room's beginning appears"),
    History(120, 300, 1280, "there are more: the words above the rows change"),
    History(60, 300, 390, "on a phone"),
    History(51, 200, 820, "one message is older"),
    History(160, 500, 390, "two pages, on a phone"),
)
