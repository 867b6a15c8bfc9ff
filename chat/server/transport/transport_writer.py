"""Writes ready-made frames to a connection of our uvicorn protocol: the extension `parley.frames`."""

from typing import Any, Final

from websockets.protocol import State

_CLOSE_TIMEOUT_SECONDS: Final = 10.0


class TransportWriter:
    """A `FrameWriter`."""

    __slots__ = ("_protocol", "_transport", "buffered")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self.buffered = protocol.transport.get_write_buffer_size  # called for each delivery: without a frame of ours

    def write(self, frames: bytes) -> None:
        # After a peer's close frame only ours may follow: its transport is closing by then.
        if not self._protocol.close_sent and not self._transport.is_closing():
            self._transport.write(frames)

    def close(self, code: int, reason: str) -> None:
        """Send the close frame, then cut off a peer that sends none back: its full buffer would stay forever."""
        protocol = self._protocol
        if protocol.close_sent or protocol.transport.is_closing() or protocol.conn.state is not State.OPEN:
            return
        protocol.stop_keepalive()
        protocol.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        protocol.conn.send_close(code, reason)
        protocol.transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        if protocol.read_paused:
            protocol.read_paused = False
            protocol.transport.resume_reading()
        protocol.close_timer = protocol.loop.call_later(_CLOSE_TIMEOUT_SECONDS, protocol.transport.abort)
