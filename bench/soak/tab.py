"""One tab of the soak: a bare socket that joins its room, replies to pings, and sends again what got no response."""

import contextlib
import itertools
import json
import socket
import struct
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final

from bench.load.generator import client_frame
from bench.load.sockets import handshake
from bench.soak import frames
from bench.soak.frames import Frame
from bench.soak.ledger import Place, Posts
from tests.servers.people import Person

_RECEIVE_BYTES: Final = 1 << 17
_TEXT, _CLOSE, _PING = 0x1, 0x8, 0x9
_DURABLE: Final = frozenset({"new_message", "message_updated", "stream_start", "stream_end"})
_PONG: Final = client_frame('{"type":"pong"}')
_GOODBYE: Final = b"\x88\x82\0\0\0\0" + struct.pack(">H", 1000)
_ABORT: Final = struct.pack("ii", 1, 0)  # SO_LINGER: a reset instead of an orderly end


class State(Enum):
    AWAY = auto()  # no connection
    OPENING = auto()  # connected, not in the room yet
    IN = auto()
    LEAVING = auto()  # has asked to leave the room
    OUT = auto()  # connected, has left the room


class Tab:
    """`complain` is told what a client should never see: close codes, errors, frames out of place.

    What a person has asked for stays `pending` until its response comes, over as many connections as it takes.
    """

    def __init__(
        self, number: int, person: Person, place: Place, port: int, posts: Posts, complain: Callable[[str], None]
    ) -> None:
        self.person, self.place = person, place
        self.state = State.AWAY
        self.pending: dict[str, tuple[str, bytes]] = {}  # request id -> type and frame
        self.own: str = ""  # the last message that it posted, and may edit
        self.socket: socket.socket | None = None
        self.number, self._port, self._posts, self._complain = number, port, posts, complain
        self._requests = itertools.count(1)
        self._rest = b""
        self._has_shaken_hands = False
        self._request = b""

    # --- Connecting

    def open(self, ticket: str = "") -> socket.socket:
        """Begin to connect, with a ticket or else the API token; the caller watches the socket."""
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex(("127.0.0.1", self._port))
        headers = [] if ticket else [f"Authorization: Bearer {self.person.token}"]
        self._request = handshake(self._port, f"/ws?token={ticket}" if ticket else "/ws", headers)
        self._rest, self._has_shaken_hands, self.state = b"", False, State.OPENING
        return self.socket

    def greet(self) -> None:
        """Send the handshake: the connection stands."""
        self._write(self._request)

    def cut(self, way: str) -> None:
        """End the connection: by `reset`, by `end` as when a process dies, or with a `goodbye` as a browser does."""
        if self.socket is None:
            return
        with contextlib.suppress(OSError):
            if way == "goodbye":
                self.socket.send(_GOODBYE)
            elif way == "reset":
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.socket.close()
        self.socket, self.state = None, State.AWAY

    # --- Asking

    def join(self) -> None:
        position = {"after": self.place.change, "epoch": self.place.epoch} if self.place.epoch else {}
        self.state = State.OPENING
        self._send("join_room", id="join", room=self.place.room.slug, **position)

    def leave(self) -> None:
        self.state = State.LEAVING
        self._send("leave_room", id="leave", room=self.place.room.slug)

    def post(self, text: str) -> None:
        self._ask_for_message("create_message", room=self.place.room.slug, content=text)

    def prompt(self, text: str) -> None:
        self._ask_for_message("execute", session=self.place.room.slug, prompt=text)

    def edit(self, text: str) -> None:
        self._ask("edit_message", message=self.own, content=text)

    def type(self) -> None:
        self._send("typing", room=self.place.room.slug, typing=True)

    def read(self) -> None:
        self._send("mark_read", room=self.place.room.slug, seq=self.place.change)

    def _ask_for_message(self, type_: str, **payload: Any) -> None:
        client_id = self._ask(type_, **payload)
        self._posts.room_of[client_id] = self.place.room.slug

    def _ask(self, type_: str, **payload: Any) -> str:
        """Send a request whose response must come; its id is its client id, too."""
        request = f"t{self.number}-{next(self._requests)}"
        frame = client_frame(json.dumps({"type": type_, "id": request, "payload": payload}))
        self.pending[request] = (type_, frame)
        self._write(frame)
        return request

    def ask_again(self) -> None:
        for _, frame in self.pending.values():
            self._write(frame)

    def _send(self, type_: str, id: str = "", **payload: Any) -> None:
        named = {"id": id} if id else {}
        self._write(client_frame(json.dumps({"type": type_, **named, "payload": payload})))

    def _write(self, data: bytes) -> None:
        if self.socket is None:
            return
        # A connection that broke is noticed when it is read.
        with contextlib.suppress(ConnectionError):
            if self.socket.send(data) < len(data):
                raise RuntimeError("the server does not read: a small frame did not fit into the socket's buffer")

    # --- Hearing

    def receive(self) -> bool:
        """Take what has come; return whether the connection still stands."""
        assert self.socket is not None
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return True
        except OSError as error:
            self._complain(f"connection lost: {error.strerror}")
            return False
        if not data:
            self._complain("connection ended without a close code")
            return False
        data = self._rest + data if self._rest else data
        if not self._has_shaken_hands:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return True
            if b" 101 " not in head[:30]:
                self._complain(f"refused: {head[:60]!r}")
                return False
            self._has_shaken_hands = True
        return self._take_all(data)

    def _take_all(self, data: bytes) -> bool:
        at, size = 0, len(data)
        while size - at >= 2:
            opcode, length, begin = data[at] & 0x0F, data[at + 1], at + 2
            if length >= 126:
                begin += 2 if length == 126 else 8
                length = int.from_bytes(data[at + 2 : begin], "big")
            end = begin + length
            if end > size or begin > size:
                break
            if opcode == _TEXT:
                self._take(frames.frame(data[begin:end]))
            elif opcode == _CLOSE:
                self._complain(f"closed with {int.from_bytes(data[begin : begin + 2], 'big')}")
                return False
            elif opcode == _PING:
                self._write(b"\x8a\x80\0\0\0\0")
            at = end
        self._rest = data[at:]
        return True

    def _take(self, frame: Frame) -> None:
        type_ = frame.type
        if type_ == "stream_delta":
            delta = frames.delta(frame.data)
            if self._is_in() and self.place.hear_words(delta):
                self._send("get_stream", id="stream", message=delta.messageId)
        elif type_ in _DURABLE:
            self._take_durable(frame)
        elif type_ == "ping":
            self._write(_PONG)
        elif type_ == "error":
            self._take_error(frame)
        elif frame.requestId in self.pending:
            self._take_response(frame)
        else:
            self._take_other(frame)

    def _take_other(self, frame: Frame) -> None:
        match frame.type:
            case "welcome":
                self._send("list_rooms", id="rooms")
                self.join()
            case "joined":
                self.place.join(frames.joined(frame.data))
                self.state = State.IN
                self.ask_again()
            case "left":
                self.state = State.OUT
            case "get_stream":
                self.place.resume(frames.keyframe(frame.data))
            case "server_draining" | "closed":
                self._complain(f"unexpected {frame.type}")

    def _is_in(self) -> bool:
        if self.state in (State.IN, State.LEAVING):
            return True
        self._complain("heard of a room that it is not in")
        return False

    def _take_durable(self, frame: Frame) -> None:
        if self._is_in():
            event = frames.durable(frame.data)
            self.place.hear(event.change, event.message)

    def _take_response(self, frame: Frame) -> None:
        del self.pending[frame.requestId]
        response = frames.response(frame.data)
        self._posts.stored(self.place.room, response.message, frame.requestId)
        if frame.type == "create_message":
            self.own = response.message.id

    def _take_error(self, frame: Frame) -> None:
        """A failed reply is an error event with a `change`; every other error should not have come."""
        code = frame.error.code if frame.error is not None else "?"
        self._complain(f"error {code}")
        if code == "STREAM_ERROR" and b'"change"' in bytes(frame.data):
            self._take_durable(frame)
