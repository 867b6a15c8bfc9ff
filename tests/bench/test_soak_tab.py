"""A tab of the soak on a real socket: it joins frames, replies to pings, and keeps asking until it gets a response."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest

from bench.soak.ledger import Place, Posts, Room, Tally
from bench.soak.tab import State, Tab
from tests.servers.people import Person

ALICE: Final = Person("1", "alice", "secret")
UPGRADED: Final = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
JOINED: Final = {"change": 0, "epoch": "e", "reset": False, "messages": [], "streams": []}


def frame(type_: str, data: Any = None, **fields: Any) -> bytes:
    payload = json.dumps({"type": type_, "data": data or {}, "success": True, **fields}).encode()
    size = len(payload)
    return bytes([0x81, size] if size < 126 else [0x81, 126, *size.to_bytes(2, "big")]) + payload


def event(change: int) -> bytes:
    message = {"id": str(change), "seq": change, "change": change, "content": "Hello"}
    return frame("new_message", {"room": "room", "change": change, "message": message})


class Server:
    """The far side of one tab, played by hand."""

    def __init__(self) -> None:
        self.complaints: Counter[str] = Counter()
        self.posts = Posts()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        port = self._listening.getsockname()[1]
        self.tab = Tab(7, ALICE, Place(Room("room", Tally())), port, self.posts, self._complain)

    def _complain(self, about: str) -> None:
        self.complaints[about] += 1

    def admit(self) -> None:
        """Let the tab connect, and into its room."""
        near = self.tab.open()
        end, _address = self._listening.accept()
        end.settimeout(5)
        self._ends += [near, end]
        self.tab.greet()
        assert b"Authorization: Bearer secret" in end.recv(65536)
        self.send(UPGRADED + frame("welcome"))
        assert self.asked("list_rooms", "join_room")[1]["payload"]["room"] == "room"
        self.send(frame("joined", JOINED, requestId="join"))
        assert self.tab.state is State.IN

    def send(self, *pieces: bytes) -> bool:
        """Send pieces that arrive one by one; return whether the tab is still connected."""
        assert self.tab.socket is not None
        self.tab.socket.setblocking(True)
        self.tab.socket.settimeout(5)
        stands = True
        for piece in pieces:
            self._ends[-1].sendall(piece)
            stands = self.tab.receive()
        return stands

    def asked(self, *types: str) -> list[dict[str, Any]]:
        """Return the next frames of the tab, which must be of these types."""
        found: list[dict[str, Any]] = []
        data = b""
        while len(found) < len(types):
            data += self._ends[-1].recv(65536)
            while len(data) >= 6:
                size = data[1] & 0x7F
                begin = 6 if size < 126 else 8
                size = size if size < 126 else int.from_bytes(data[2:4], "big")
                found.append(json.loads(data[begin : begin + size]))
                data = data[begin + size :]
        assert [each["type"] for each in found] == list(types)
        return found

    def close(self) -> None:
        for each in (self._listening, *self._ends):
            each.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_frames_that_come_in_pieces_are_put_together(server: Server) -> None:
    server.admit()
    data = event(1) + event(2) + event(3)
    server.send(data[:1], data[1:3], data[3:100], data[100:])
    assert server.tab.place.change == 3
    assert server.tab.place.room.tally.deliveries == 3
    assert not server.complaints


def test_a_ping_gets_a_pong(server: Server) -> None:
    server.admit()
    server.send(frame("ping"))
    server.asked("pong")


def test_what_got_no_response_is_asked_again_on_the_next_connection_and_then_no_more(server: Server) -> None:
    server.admit()
    server.tab.post("Hello")
    [first] = server.asked("create_message")
    server.tab.cut("reset")
    server.admit()
    [second] = server.asked("create_message")
    assert second == first
    response = {"message": {"id": "5", "seq": 1, "change": 1, "content": "Hello"}}
    server.send(frame("create_message", response, requestId=first["id"]))
    assert not server.tab.pending
    assert (server.posts.room_of, server.posts.seq_of) == ({first["id"]: "room"}, {first["id"]: 1})


def test_who_comes_back_says_what_it_has(server: Server) -> None:
    server.admit()
    server.send(event(1))
    server.tab.leave()
    server.asked("leave_room")
    server.send(frame("left", {"room": "room"}, requestId="leave"))
    assert server.tab.state is State.OUT
    server.tab.join()
    [asked] = server.asked("join_room")
    assert asked["payload"] == {"room": "room", "after": 1, "epoch": "e"}


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (b"\x88\x02" + (4003).to_bytes(2, "big"), "closed with 4003"),
        (frame("error", error={"code": "INTERNAL_ERROR"}, success=False), "error INTERNAL_ERROR"),
        (frame("left") + event(1), "heard of a room that it is not in"),
    ],
)
def test_what_should_not_come_is_told(server: Server, sent: bytes, complaint: str) -> None:
    server.admit()
    server.send(sent)
    assert server.complaints == {complaint: 1}


def test_a_refused_handshake_is_told(server: Server) -> None:
    near = server.tab.open("ticket")
    end, _address = server._listening.accept()
    server._ends += [near, end]
    server.tab.greet()
    assert b"GET /ws?token=ticket " in end.recv(65536)
    assert not server.send(b"HTTP/1.1 429 Too Many Requests\r\n\r\n")
    assert [about.startswith("refused: b'HTTP/1.1 429") for about in server.complaints] == [True]
