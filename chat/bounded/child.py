"""The loop of a child process: read a request from the socket on file descriptor 0, work, write the response.

It imports nothing but what its work needs: no Django, no settings, no secrets. It ends when its parent has ended, which it
sees by the end of the stream.
"""

import os
import resource
import signal
import socket
import struct
import time
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Final

from chat.bounded.deadline import TooSlow, or_die_within, within

# Bytes that follow, files that come along, soft and hard deadline in seconds of processor time.
REQUEST: Final = struct.Struct("!IBdd")
# How it went, seconds of processor time, bytes that follow.
RESPONSE: Final = struct.Struct("!BdI")
FILES_AT_MOST: Final = 3
_PIECE_BYTES: Final = 1 << 16
# Below the server's processes, which must go on when all children work.
_NICE: Final = 5


class Status(IntEnum):
    """How the work went. REFUSED: the response is a sentence for the person. BROKEN: it is an exception's name."""

    DONE = 0
    TOO_SLOW = 1
    REFUSED = 2
    BROKEN = 3


class Refused(Exception):
    """Raised by the work; its text is for the person."""


Work = Callable[[bytes, Sequence[int]], bytes]


def serve(work: Work, *, memory_bytes: int, idle_seconds: float | None = None, recover: Callable[[], None]) -> None:
    """Work until the parent closes the socket, or nothing was asked for `idle_seconds`.

    Args:
        work: gets the request's bytes and its files, which are closed afterwards, and returns the response.
        memory_bytes: the address space that it may take.
        recover: called after work was interrupted: caches may be half filled.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _bound_memory(memory_bytes)
    os.nice(_NICE)
    with socket.socket(fileno=0) as link:
        while True:
            link.settimeout(idle_seconds)
            try:
                head, files = _head(link)
            except (TimeoutError, ConnectionError):
                return
            if not head:
                return
            link.settimeout(None)
            try:
                _serve_one(link, head, files, work, recover)
            except (ConnectionError, EOFError):
                return  # the parent is gone
            finally:
                for file in files:
                    os.close(file)


def _bound_memory(most: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        except (ValueError, OSError):
            return  # macOS knows no such bound


def _head(link: socket.socket) -> tuple[bytes, list[int]]:
    head, files, _flags, _address = socket.recv_fds(link, REQUEST.size, FILES_AT_MOST)
    return (head + _exactly(link, REQUEST.size - len(head)) if head else head), files


def _exactly(link: socket.socket, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        piece = link.recv(min(_PIECE_BYTES, count - len(found)))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


def _serve_one(link: socket.socket, head: bytes, files: Sequence[int], work: Work, recover: Callable[[], None]) -> None:
    length, _files, soft, hard = REQUEST.unpack(head)
    request = _exactly(link, length)
    began = time.process_time()
    status, response = _outcome(work, request, files, soft, hard)
    link.sendall(RESPONSE.pack(status, time.process_time() - began, len(response)) + response)
    if status in (Status.TOO_SLOW, Status.BROKEN):
        recover()


def _outcome(work: Work, request: bytes, files: Sequence[int], soft: float, hard: float) -> tuple[Status, bytes]:
    try:
        with or_die_within(hard), within(soft):
            return Status.DONE, work(request, files)
    except TooSlow:
        return Status.TOO_SLOW, b""
    except Refused as refusal:
        return Status.REFUSED, str(refusal).encode()
    except Exception as error:  # noqa: BLE001 - the name alone: its text may quote what a person wrote
        return Status.BROKEN, type(error).__name__.encode()
