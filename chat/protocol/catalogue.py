"""The protocol as data: every request with its response, every event. Documents, types and tests are made from it."""

from typing import Final, NamedTuple

from chat.protocol import requests, wire

RESPONSES: Final[dict[str, tuple[str, type[wire.Wire]]]] = {
    type_: (payload.response_type or type_, payload.response)
    for type_, payload in requests.PAYLOADS.items()
    if payload.response is not None
}
"""Request type -> type and data of its response. `pong` responds to the server's ping and gets none."""


class EventType(NamedTuple):
    data: type[wire.Wire]
    durable: bool
    summary: str


EVENTS: Final[dict[str, EventType]] = {
    "welcome": EventType(wire.Welcome, False, "The first frame of a connection."),
    "ping": EventType(wire.Nothing, False, "Asks whether the client lives; it replies with `pong`."),
    "new_message": EventType(wire.MessageEvent, True, "A message or notice was stored."),
    "message_updated": EventType(
        wire.MessageEvent, True, "A message was edited, deleted or reacted to, a reply's turn came, or shows otherwise."
    ),
    "stream_start": EventType(wire.StreamStart, True, "Claude will reply: at once, or when its turn comes."),
    "stream_delta": EventType(wire.StreamDelta, False, "The next words of a reply."),
    "stream_end": EventType(wire.StreamEnd, True, "A reply is complete, or was stopped."),
    "error": EventType(wire.StreamFailure, True, "With STREAM_ERROR: a reply failed or was interrupted."),
    "room_updated": EventType(
        wire.RoomFact, False, "A room's name, topic or kind is different now, or it was archived or restored."
    ),
    "member_updated": EventType(wire.MembershipFact, False, "Someone came, went, or has another role."),
    "user_joined": EventType(wire.PersonEvent, False, "A person opened their first tab in the room."),
    "user_left": EventType(wire.PersonEvent, False, "A person's last tab in the room is gone."),
    "tab_connected": EventType(wire.TabEvent, False, "One more tab: of mine, or of someone in a session."),
    "tab_disconnected": EventType(wire.TabEvent, False, "One tab less: of mine, or of someone in a session."),
    "typing": EventType(wire.TypingFact, False, "Someone types, or has stopped."),
    "presence": EventType(wire.PresenceFact, False, "Who is in the room now, after many changes at once."),
    "read_updated": EventType(wire.ReadFact, False, "I have read further, in this or another tab."),
    "draft_updated": EventType(wire.DraftFact, False, "Unsent text has changed: mine, or a session's."),
    "notification": EventType(wire.Notification, False, "News outside the open rooms; `kind` says which."),
    "left": EventType(wire.Left, False, "This tab's subscription has ended, also when I was removed from the room."),
    "closed": EventType(
        wire.Closed, False, "The end of a stream of server-sent events, and why; a socket has its close code."
    ),
    "server_draining": EventType(wire.ServerDraining, False, "The server restarts; come back after so many ms."),
}


def wire_types() -> list[type]:
    """Return every struct that goes over the wire, for schemas."""
    payloads = list(requests.PAYLOADS.values())
    responses = [data for _type, data in RESPONSES.values()]
    events = [event.data for event in EVENTS.values()]
    return list(dict.fromkeys([*payloads, *responses, *events, wire.ErrorBody]))
