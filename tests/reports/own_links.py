"""Links in messages, and whether they open in this tab: those to this server's rooms and messages do."""

from typing import NamedTuple


class Link(NamedTuple):
    address: str  # {here}: this server; {room}: a room
    same_tab: bool
    why: str


LINKS = (
    Link("{here}/rooms/{room}/", True, "a room"),
    Link("{here}/rooms/{room}/?seq=1", True, "a message, as Copy link gives it"),
    Link("{here}/rooms/{room}/?seq=1#top", True, "with a fragment"),
    Link("{here}/rooms/nowhere-at-all/", True, "a room that the reader can't see: the page says so"),
    Link("{here}/rooms/{room}/details", False, "another page would replace what is being written"),
    Link("{here}/search?q=x", False, "another page"),
    Link("{here}/", False, "the start page"),
    Link("https://example.org/rooms/{room}/", False, "another server with such a path"),
    Link("https://example.org/?u={here}/rooms/{room}/", False, "this server inside another address"),
    Link("http://127.0.0.1.example.org/rooms/{room}/", False, "a name that begins alike"),
    Link("https://example.org/", False, "another server"),
)
