"""A WebSocket by hand, for what no library would send: broken frames, silence, a reader who never reads."""

import asyncio
import base64
import os
import socket
import struct
from typing import Final

from tests.servers.people import Person
from tests.servers.server_process import ServerProcess

TEXT: Final = 0x1
CONTINUATION: Final = 0x0
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
_FIN: Final = 0x80
_MASKED: Final = 0x80
_SMALL_BUFFER_BYTES: Final = 4096
_SMALL_SEGMENT_BYTES: Final = 536
RESPONSE_SECONDS: Final = 10


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """Return one frame; the mask is all zeros, so the payload stands in it as it is."""
    head = bytes([(_FIN if fin else 0) | reserved | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([size | (_MASKED if masked else 0)])
    elif size < 1 << 16:
        head += bytes([126 | (_MASKED if masked else 0)]) + struct.pack(">H", size)
    else:
        head += bytes([127 | (_MASKED if masked else 0)]) + struct.pack(">Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + payload


async def small_connection(process: ServerProcess) -> socket.socket:
    """Return a TCP connection whose buffers are small, so that not reading is felt soon."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER_BYTES)
    # The kernel sizes the server's buffer by it: with a loopback's 64 KB that would swallow 2.5 MB first.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SMALL_SEGMENT_BYTES)
    return await _connect(connection, process)


async def _connect(connection: socket.socket, process: ServerProcess) -> socket.socket:
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", process.port))
    return connection


class RawSocket:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, process: ServerProcess, person: Person, *, reads_little: bool = False) -> "RawSocket":
        """Open a socket with an API token. `reads_little` makes the buffers small, so that not reading is felt soon."""
        connection = await small_connection(process) if reads_little else await _connect(socket.socket(), process)
        reader, writer = await asyncio.open_connection(
            sock=connection, limit=_SMALL_BUFFER_BYTES if reads_little else 2**20
        )
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{process.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {person.token}\r\n\r\n"
        )
        writer.write(request.encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), RESPONSE_SECONDS)
        assert b" 101 " in head.splitlines()[0], head
        return cls(reader, writer)

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def send_text(self, text: str) -> None:
        self.send(frame(TEXT, text.encode()))

    async def receive(self) -> tuple[int, bytes]:
        """Return the opcode and payload of the next frame. Raises IncompleteReadError when the server is gone."""
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)

    async def closing_code(self, seconds: float = RESPONSE_SECONDS) -> int:
        """Read until the server closes and return its code; 1006 when it ended without one."""

        async def read() -> int:
            while True:
                try:
                    opcode, payload = await self.receive()
                except (asyncio.IncompleteReadError, ConnectionError):
                    return 1006
                if opcode == CLOSE:
                    return struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005

        return await asyncio.wait_for(read(), seconds)

    def stop_reading(self) -> None:
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def close(self) -> None:
        self.writer.transport.abort()
