"""A TCP proxy in front of a server, which cuts connections when told to: what a bad network does to a page."""

import random
import socket
import struct
import threading
from contextlib import suppress
from typing import Final, Self

_CHUNK_BYTES: Final = 65536
# With a linger time of zero, closing resets the connection: nothing that waits in a buffer gets through.
_RESET: Final = struct.pack("ii", 1, 0)


class CuttingProxy:
    """Passes bytes both ways between its own port and `target` until `cut` is called."""

    def __init__(self, target: int, seed: int) -> None:
        self._target = target
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self.cuts = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._listener.close()
        self.cut(share=1.0)

    def cut(self, share: float) -> None:
        """Reset this share of the open connections, chosen at random."""
        with self._lock:
            for pair in [pair for pair in self._pairs if self._random.random() < share]:
                self._pairs.remove(pair)
                self.cuts += 1
                for end in pair:
                    with suppress(OSError):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                        end.shutdown(socket.SHUT_RDWR)
                    end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target), timeout=10)
                    far.settimeout(None)  # pages keep silent sockets
                except OSError:
                    near.close()
                    continue
                pair = (near, far)
                with self._lock:
                    self._pairs.append(pair)
                threading.Thread(target=self._pump, args=(near, far, pair), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, pair), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
            return
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)
        for end in pair:
            end.close()
