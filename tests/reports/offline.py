"""Rooms that are opened without a connection: which room, what this tab knows of it, and how the server is away."""

from typing import NamedTuple


class Opening(NamedTuple):
    kind: str
    visited: bool  # before, in this tab
    away: str  # "down": nothing listens; "gateway": a proxy sends 502; "silent": requests are swallowed; "portal": HTML
    why: str


OPENINGS = (
    Opening("closed", False, "down", "a room of the sidebar that this tab has never opened"),
    Opening("open", False, "down", "an open room"),
    Opening("session", False, "down", "a session, whose bar needs to know which Claude replies"),
    Opening("direct", False, "down", "a direct message, named after the other person"),
    Opening("unlisted", False, "down", "a room that the sidebar doesn't list"),
    Opening("closed", True, "down", "a room that was open before: its messages are known"),
    Opening("session", True, "down", "a session that was open before"),
    Opening("unlisted", True, "down", "an unlisted room that was open before"),
    Opening("closed", False, "gateway", "a proxy responds in the server's place"),
    Opening("direct", True, "gateway", "a proxy responds, and the room is known"),
    Opening("unlisted", False, "gateway", "a proxy responds, and nothing is known of the room"),
    Opening("session", False, "silent", "the network swallows everything"),
    Opening("closed", False, "portal", "the network's own page comes in place of the response"),
)
